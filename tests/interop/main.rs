//! The program `iscsi` and its library against external targets. The tests check exit codes and results, the contents of
//! the targets' disks, and the traffic as an independent decoder reads it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod authentication;
mod capture;
mod flat_memory;
mod interruption;
mod long_commands;
mod matrix;
mod parallel;
mod partial_results;
mod program;
mod program_copies;
mod readme;
mod reinstatement;
mod relay;
mod reservations;
mod scratch;
mod scripted_target;
mod scsi_quirks;
mod secret_store;
mod slow_units;
mod stage;
mod storage_commands;
mod task_management;
mod third_party_copies;
mod transfers;
mod typed_commands;
