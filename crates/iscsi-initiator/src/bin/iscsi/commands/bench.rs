//! `iscsi bench`

mod compare;
mod held_sessions;
mod login;
mod table;

use clap::Subcommand;

use crate::arguments::values::Output;
use crate::failure::Failure;

pub(super) const EXAMPLE: &str = "Example: iscsi bench login iscsi://192.0.2.1/iqn.2001-04.com.example:disk";

/// The measurements.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Log in and out repeatedly: logins per second and latencies
    #[command(before_help = login::EXAMPLE, after_help = login::DETAILS)]
    Login(login::Login),
    /// Show two results of `iscsi bench login` side by side
    #[command(before_help = compare::EXAMPLE, after_help = compare::DETAILS)]
    Compare(compare::Compare),
}

impl Bench {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        match self {
            Self::Login(command) => command.run(output).await,
            Self::Compare(command) => command.run(output),
        }
    }
}
