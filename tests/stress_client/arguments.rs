//! Command-line arguments.

use clap::{Parser, Subcommand};
use iscsi_initiator::{IscsiName, Portal};

/// Holds many sessions in one process
#[derive(Parser)]
#[command(name = "stress-client")]
pub(crate) struct Arguments {
    /// Portal to log in to
    #[arg(long)]
    pub(crate) portal: Portal,
    /// Target to log in to
    #[arg(long)]
    pub(crate) target: IscsiName,
    /// CHAP name of the initiator
    #[arg(long)]
    pub(crate) initiator_user: String,
    /// CHAP name of the target
    #[arg(long)]
    pub(crate) target_user: String,
    /// Sessions that will be open
    #[arg(long)]
    pub(crate) sessions: u32,
    /// Log in again when a session is lost
    #[arg(long)]
    pub(crate) recovery: bool,
    #[command(subcommand)]
    pub(crate) mode: Mode,
}

/// The mode of the client.
#[derive(Clone, Copy, Subcommand)]
pub(crate) enum Mode {
    /// Obey the lines of standard input
    Driven {
        /// Logins under way at a time
        #[arg(long)]
        at_once: usize,
    },
    /// Hold all sessions but one, log in and out some times for the last one, and end
    Counted {
        /// Logins with their logouts
        #[arg(long)]
        logins: usize,
    },
}
