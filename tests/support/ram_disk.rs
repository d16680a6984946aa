//! An iSCSI target with disks in memory, which checks the initiator.
//!
//! It implements RFC 7143 at error recovery level 0 with one connection per session, and it is strict: it closes the
//! connection of an initiator that breaks a rule, and [`Report::violations`] names the rule. No input makes it panic, and
//! no allocation depends on a length that the peer only announces.
//!
//! [`Engine`] is the target as one value: it has no socket, clock, randomness and lock, and can be cloned at any moment.
//! [`RamDisk`] serves an engine over TCP.
//!
//! ```no_run
//! use iscsi_tests::ram_disk::{Account, Config, Credentials, RamDisk, Target};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut disk = Target::new("iqn.2001-04.com.example:disk".parse()?);
//! disk.credentials = Credentials::Mutual {
//!     initiator: Account::new("host", b"what-the-host-proves"),
//!     target: Account::new("disk", b"what-the-disk-proves"),
//! };
//! let running = RamDisk::serve(Config::with_targets([disk])).await?;
//! println!("iscsi://{}/iqn.2001-04.com.example:disk/0", running.portal());
//! # Ok(())
//! # }
//! ```

#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what an initiator sends must not bring the target down"
)]

mod answer;
mod attentions;
mod buffer;
mod cdb;
mod command;
mod config;
mod connection;
mod control;
mod credentials;
mod data_out;
mod effect;
pub(crate) mod engine;
pub(crate) mod fault;
mod inquiry;
mod log;
mod login_phase;
mod mapping;
mod medium;
mod mode_select;
mod mode_sense;
mod nexus;
mod port_group;
mod provisioning;
mod report;
mod reservation;
mod sanitize;
mod scsi;
mod sense;
mod session;
mod shared;
mod shell;
mod start_stop;
mod supported;
mod task_management;
mod text_exchange;
mod third_party_copy;
mod unit;
mod verify;
mod window;
mod write_same;
mod write_task;
mod xd_write_read;

#[cfg(test)]
pub(crate) mod tests;

pub use config::{Config, LogicalUnit, Target};
pub use credentials::{Account, Credentials};
pub use engine::{ConnectionId, Engine, Transmit};
pub use report::{Execution, Report};
pub use sense::Sense;
pub use shell::{RamDisk, Running};
pub use unit::UnitError;
