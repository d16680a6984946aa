//! The RAM-disk target as a program of its own.
//!
//! It prints its portal as one line, then serves until its standard input ends. There it takes
//! the lines `report` and `cut`, and answers each with one line: what it has seen so far, or how many sessions it has cut.

mod arguments;
mod orders;

use std::error::Error;
use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser as _;
use iscsi_tests::own_process::allow_connections;
use iscsi_tests::ram_disk::RamDisk;
use tokio::runtime::Runtime;

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
    allow_connections(arguments.connections)?;
    let config = arguments.config()?;
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let running = RamDisk::serve(config).await?;
        println!("{}", running.portal());
        orders::obey(&running).await
    })?;
    Ok(())
}
