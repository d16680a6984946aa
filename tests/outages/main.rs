//! Sessions that survive outages of real targets under load: the daemon is killed, frozen or taken down, connections are cut,
//! and the portal's address disappears for a while.
//!
//! Several callers write, read, flush, and compare and write; every block names its place and the number of its write. What
//! is read is compared with a model all the time, and all of the disk in the end. A minute each, half an hour with
//! `ISCSI_TESTS_LONG=1`; the figures are printed: `cargo test -p iscsi-tests --test outages -- --nocapture`.

#![cfg(target_os = "linux")] // Network namespaces, and figures of `/proc`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod callers;
mod course;
mod fault;
mod figures;
mod model;
mod namespace;
mod relay;
mod target;

use std::env;
use std::time::Duration;

use course::Course;
use target::Target;

/// The time in which faults happen.
fn duration() -> Duration {
    if env::var_os("ISCSI_TESTS_LONG").is_some() { Duration::from_mins(30) } else { Duration::from_secs(50) }
}

#[test]
fn a_session_to_tgt_survives_outages_under_load() {
    namespace::run("a_session_to_tgt_survives_outages_under_load", || {
        Course::with(Target::tgt()).run(duration());
    });
}

#[test]
fn a_session_to_lio_survives_outages_under_load() {
    namespace::run("a_session_to_lio_survives_outages_under_load", || {
        Course::with(Target::lio()).run(duration());
    });
}
