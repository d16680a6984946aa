//! The program `iscsi` and its library against targets that others wrote, judged by exit codes and results, by the
//! targets' own disks, and by an independent decoder.

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
mod matrix;
mod parallel;
mod partial_results;
mod program;
mod readme;
mod relay;
mod scripted_target;
mod secret_store;
mod stage;
mod transfers;
