//! Counts what reads, writes and logins take of the library: system calls, user instructions, heap allocations, page faults.
//!
//! `io-counts` prints a table, `io-counts --check FILE` compares the instructions with a committed one within 5 % and all
//! counts with the goals, and `io-counts --write FILE` writes a table. `io-counts --threads` compares the processor time of
//! reads by one session and by several, on one thread and on two. The other forms are processes that it starts: the target, and
//! the client, alone or under `strace` or `valgrind`.

mod callgrind;
mod case;
mod client;
mod counting;
mod counts;
mod goals;
mod logins;
mod report;
mod strace;
mod threads;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use iscsi_benches::io::Failure;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// False if a count is outside the tolerance, or a goal is missed.
fn run(words: &[&str]) -> Result<bool, Failure> {
    match words {
        [] => report::print(&counting::count_all()?),
        ["--check", file] => return report::check(&counting::count_all()?, file.as_ref()),
        ["--write", file] => report::write(&counting::count_all()?, file.as_ref())?,
        ["--threads"] => return threads::measure(),
        ["--threaded", address, sessions, threads] => {
            threads::run(address.parse()?, sessions.parse()?, threads.parse()?)?;
        }
        ["--serve", batch, pause] => client::serve(batch.parse()?, Duration::from_millis(pause.parse()?))?,
        ["--client", workload, address, rounds] => {
            client::run(workload.parse()?, address.parse()?, rounds.parse()?)?;
        }
        ["--serve-logins"] => logins::serve()?,
        ["--logins", address, number] => logins::run(address.parse()?, number.parse()?)?,
        ["--crc", length, rounds] => client::run_crc(length.parse()?, rounds.parse()?),
        _ => return Err("usage: io-counts [--check FILE | --write FILE | --threads]".into()),
    }
    Ok(true)
}
