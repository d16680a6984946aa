//! The program `iscsi`: targets, sessions, blocks and secrets from the command line.

mod arguments;
mod bench;
mod commands;
mod core_dumps;
mod credentials;
mod data_file;
mod data_thread;
mod deviation;
mod error_report;
mod exit;
mod failure;
mod hints;
mod initiator_name;
mod output;
mod printable;
mod progress;
mod prompt;
mod redact;
mod remarks;
mod secret_source;
mod session;
mod state_directory;
mod store;
mod unauthenticated;

use std::env;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use clap::Parser;
use commands::CommandLine;
use error_report::ErrorReport;
use failure::Failure;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    core_dumps::forbid();
    let arguments = match CommandLine::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return error_report::print_usage(error),
    };
    show_log_lines(arguments.output.verbose);
    match run(&arguments) {
        Ok(()) => exit::Exit::Done.into(),
        Err(failure) => {
            ErrorReport::new(&failure).print(arguments.output.output);
            exit::Exit::from(&failure).into()
        }
    }
}

/// Everything happens on one thread; only local files and pipes have threads of their own.
fn run(arguments: &CommandLine) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    let outcome = runtime.block_on(arguments.command.run(&arguments.output));
    // A name that is still being resolved must not hold the program up.
    runtime.shutdown_background();
    outcome
}

/// Log lines go to standard error: warnings, and with each `-v` one level more.
fn show_log_lines(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let colour = stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    let lines = lines.with_writer(redact::redacted_stderr);
    lines.with_ansi(colour).init();
}
