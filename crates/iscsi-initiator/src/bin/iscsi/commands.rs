//! The commands, one file each: arguments, calls and text.

mod bench;
mod discover;
mod info;
mod login;
mod luns;
mod read;
mod secret;
mod write;

use clap::Subcommand;

use crate::arguments::Options;
use crate::failure::Failure;

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the targets of a portal and where they can be reached (SendTargets)
    ///
    /// Discovery has credentials of its own: those given, else those stored for this portal or for discovery. Nothing is
    /// written to the secret store.
    Discover(discover::Discover),
    /// Log in, show what was negotiated and who authenticated whom, log out
    Login(login::Login),
    /// Show the logical units of a target: size, block size, vendor, product
    ///
    /// A unit that fails hides no other; what could not be had is named in the remarks. Without LUN 0, the REPORT LUNS
    /// well known logical unit is asked for the list.
    Luns(luns::Luns),
    /// Show a logical unit: INQUIRY data, identification, capacity
    ///
    /// What the unit does not say is named in the remarks.
    Info(info::Info),
    /// Copy a range of a logical unit into a file
    ///
    /// A read that ends early leaves the beginning of the range in the file and says how much of it.
    Read(read::Read),
    /// Copy a file onto a logical unit, and wait until it is stable there
    ///
    /// Exit code 0 means that the target took all of it and has flushed it (SYNCHRONIZE CACHE), or has no volatile write
    /// cache. Nothing is written unless all of it fits on the logical unit.
    Write(write::Write),
    /// Measure a target
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Keep CHAP secrets in the secret store
    #[command(subcommand)]
    Secret(secret::Secret),
}

impl Command {
    pub(crate) async fn run(&self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::Discover(command) => command.run(options).await,
            Self::Login(command) => command.run(options).await,
            Self::Luns(command) => command.run(options).await,
            Self::Info(command) => command.run(options).await,
            Self::Read(command) => command.run(options).await,
            Self::Write(command) => command.run(options).await,
            Self::Bench(command) => command.run(options).await,
            Self::Secret(command) => command.run(options),
        }
    }
}
