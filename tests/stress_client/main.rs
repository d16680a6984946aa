//! One process that holds many sessions, for the test `stress`.
//!
//! `stress-client ... driven` obeys lines on its standard input and answers each with one line; `stress-client ... counted`
//! is what runs under callgrind. The secrets come by the environment.

mod arguments;
mod counted;
mod held;
mod logins;
mod orders;

use std::error::Error;
use std::process::ExitCode;

use arguments::{Arguments, Mode};
use clap::Parser as _;
use iscsi_tests::own_process::allow_connections;
use logins::Logins;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    allow_connections(arguments.sessions)?;
    let logins = Logins::new(arguments)?;
    match arguments.mode {
        Mode::Driven { at_once } => orders::obey(logins, at_once),
        Mode::Counted { logins: count } => counted::run(&logins, arguments.sessions, count),
    }
}
