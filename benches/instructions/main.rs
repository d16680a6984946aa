//! Counts instructions of codec and login under callgrind; the counts are exactly repeatable, also on a busy machine.
//!
//! `instructions` prints a table, `instructions --check FILE` compares it with a committed one within 5 %, and
//! `instructions --write FILE` writes one. `instructions --case CASE` is the process that runs under callgrind.

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

/// False if a count is outside the tolerance.
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
