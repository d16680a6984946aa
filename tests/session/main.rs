//! The initiator library against the RAM-disk target and the scripted target: what a session does in full feature phase.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod attacks;
mod authentication;
mod commands;
mod deviations;
mod digests;
mod discipline;
mod discovery;
mod isids;
mod limits;
mod login_phase;
mod lun_lists;
mod malformed;
mod names;
mod numbering;
mod own_challenges;
mod parallel;
mod partial_results;
mod redirects;
mod residuals;
mod secret_door;
mod stage;
mod tags;
mod unasked;
