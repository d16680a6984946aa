//! Counts instructions of codec and login under callgrind, which repeats them to the last one on a noisy machine.
//!
//! `instructions` prints a table; `instructions --check FILE` compares it with a committed one, with 5 % room, and
//! `instructions --write FILE` makes that. `instructions --case CASE` is what runs under callgrind.

mod cases;
mod counting;
mod goals;
mod logins;
mod report;

use std::env;
use std::error::Error;
use std::process::ExitCode;

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

/// False when a count left its room.
fn run(words: &[&str]) -> Result<bool, Box<dyn Error>> {
    match words {
        [] => report::print(&counting::count_all()?),
        ["--check", file] => return report::check(&counting::count_all()?, file.as_ref()),
        ["--write", file] => report::write(&counting::count_all()?, file.as_ref())?,
        ["--case", case] => println!("{}", cases::run(case)?),
        _ => return Err("usage: instructions [--check FILE | --write FILE]".into()),
    }
    Ok(true)
}
