//! Reads and writes of the library in a closed loop, for counts and comparisons.

mod client;
mod workload;

pub use client::{Client, Portal};
pub use workload::{Operation, Workload};

/// An error as a message for people.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// iSCSI name of every initiator.
pub const INITIATOR: &str = "iqn.2001-04.com.example:host";

/// iSCSI name of the gathering target.
pub const GATHERING_TARGET: &str = "iqn.2001-04.com.example:gathering";
