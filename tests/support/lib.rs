//! Targets, measurements and a simulated world, shared by the test binaries.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a test that cannot set its stage up has failed"
)]

pub mod chap_environment;
pub mod external_targets;
pub mod gathering_target;
pub mod own_process;
pub mod ram_disk;
pub mod scripted_target;
pub mod world;
