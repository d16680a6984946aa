//! Compares logins, reads and writes of this library, of libiscsi, and a plain TCP exchange of segments of the same sizes.
//!
//! `benches/compare/run` installs and builds what is needed and runs `compare all` or `compare io`. The other subcommands
//! are processes that these start: a client that makes one sample and prints it as a line of JSON, or a server that prints its
//! address and ends when its standard input is closed.

mod accounts;
mod answer;
mod arguments;
mod bare;
mod case;
mod cell;
mod chart;
mod closed_loop;
mod contender;
mod exchanges;
mod goals;
mod io;
mod library;
mod login_answers;
mod machine;
mod measurement;
mod output;
mod page;
mod placement;
mod processor_time;
mod ram_disk;
mod record;
mod recording;
mod responder;
mod sample;
mod stage;
mod statistics;
mod table;
mod transcript;

use std::error::Error;
use std::process::ExitCode;

use arguments::{Arguments, Task};
use clap::Parser;

/// An error as a message for people.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::All(plan) => output::run(&plan),
        Task::LogIn(login) => sample::print(&library::run(&login)?),
        Task::Exchange(exchange) => sample::print(&bare::run(&exchange)?),
        Task::Replay(replay) => sample::print(&bare::replay(&replay)?),
        Task::ServeDisks => ram_disk::serve(),
        Task::Respond { exchanges } => responder::serve(exchanges),
        Task::Io(plan) => io::run(&plan),
        Task::IoClient(client) => sample::print(&io::run_ours(&client)?),
        Task::ExchangeBatches(pipe) => sample::print(&io::exchange(&pipe)?),
        Task::ServeBlocks { batch } => io::serve(batch),
        Task::RespondToBatches { exchanges, depth, batch } => io::respond(exchanges, depth, batch),
    }
}
