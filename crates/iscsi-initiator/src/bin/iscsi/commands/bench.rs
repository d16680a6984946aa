//! `iscsi bench`

mod compare;
mod held_sessions;
mod login;
mod table;

use clap::Subcommand;

use crate::arguments::Options;
use crate::failure::Failure;

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Log in and out over and over, and tell how many times a second and how long it takes
    ///
    /// A login is complete: TCP connection, security and operational negotiation, full feature phase, logout. Without
    /// --rate each login begins when another ends (closed loop): a slow target is asked less often. With --rate logins
    /// begin by the clock (open loop, on a grid of a millisecond), and one that has to wait is charged for it. Secrets are read
    /// once, at the beginning.
    Login(login::Login),
    /// Show two results of `iscsi bench login` side by side
    ///
    /// In a figure neither is called better unless the same was done on the same kind of machine for at least 5 seconds
    /// and 1000 logins, and the figures differ by more than 5 %: two runs of the same differ as much.
    Compare(compare::Compare),
}

impl Bench {
    pub(super) async fn run(&self, options: &Options) -> Result<(), Failure> {
        match self {
            Self::Login(command) => command.run(options).await,
            Self::Compare(command) => command.run(options),
        }
    }
}
