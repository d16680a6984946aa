//! The blocking calls of the library against the RAM-disk target and the scripted target.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod ends_of_sessions;
mod lost_targets;
mod ranges;
mod runtimes;
mod stage;
mod streams;
mod threads;
