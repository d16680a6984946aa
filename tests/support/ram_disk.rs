//! An iSCSI target with disks in memory, which checks the initiator.
//!
//! It implements RFC 7143 at error recovery level 0 with one connection per session, and it is strict: it closes the
//! connection of an initiator that breaks a rule, and [`Report::violations`] names the rule. No input makes it panic, and
//! no allocation depends on a length that the peer only announces.
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

mod capacity;
mod cdb;
mod command;
mod config;
pub(crate) mod connection;
mod data_in;
mod data_out;
mod disk;
pub(crate) mod fault;
mod inquiry;
pub(crate) mod login_phase;
mod logout;
mod managed;
mod mode_sense;
pub(crate) mod portal;
mod read_write;
mod report;
mod report_luns;
mod scsi;
mod send_targets;
mod sense;
mod session_registry;
mod session_state;
mod task_management;
mod text_exchange;
mod vital_product_data;
pub(crate) mod wire;
mod write_task;
mod write_tasks;

#[cfg(test)]
pub(crate) mod tests;

pub use config::{Account, Config, Credentials, LogicalUnit, Target};
pub use portal::{RamDisk, Running};
pub use report::Report;
pub use sense::Sense;
