//! The program `iscsi`: discovers targets, logs in, copies data, keeps CHAP secrets, and measures logins and I/O.

mod arguments;
mod attach;
mod bench;
mod commands;
mod credentials;
mod failure;
mod messages;
#[cfg(all(feature = "fuse", target_os = "linux"))]
mod mount;
mod output;
mod process;
mod serve;
mod service_manager;
mod session;
mod signals;
mod store;
mod transfer;

use std::env;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use arguments::order;
use clap::{CommandFactory as _, Parser};
use commands::CommandLine;
use failure::{Exit, Failure};
use output::error_report::{self, ErrorReport};
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    process::forbid_core_dumps();
    let ordered = order::options_after_command(env::args_os().collect(), &CommandLine::command());
    let arguments = match CommandLine::try_parse_from(ordered) {
        Ok(arguments) => arguments,
        Err(error) => return error_report::print_usage(error),
    };
    show_log_lines(arguments.output.verbose);
    match run(&arguments) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            ErrorReport::new(&failure).print(arguments.output.output);
            Exit::from(&failure).into()
        }
    }
}

/// Runs the command on one thread; only local files and pipes have threads of their own.
fn run(arguments: &CommandLine) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    let outcome = runtime.block_on(arguments.command.run(&arguments.output));
    // A name that is still being resolved must not delay the exit.
    runtime.shutdown_background();
    outcome
}

/// Sends log lines to standard error: warnings, and one more level for each `-v`.
fn show_log_lines(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let colour = stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    let lines = lines.with_writer(messages::redacted_stderr);
    lines.with_ansi(colour).init();
}
