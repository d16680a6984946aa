//! Thousands of mutual logins in one process, held, dropped at once and repeated: memory, time and processor time.
//!
//! Client and target are processes of their own, the programs `stress-client` and `ram-disk` of this package. The figures
//! are printed: `cargo test --release -p iscsi-tests --test stress -- --nocapture`.

#![cfg(target_os = "linux")] // Memory by the page, callgrind, one processor for two processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail so")]

mod absence;
mod answer;
mod client;
mod instructions;
mod limits;
mod memory;
mod processor;
mod program;
mod restart;
mod rounds;
mod target;

use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Serialises the tests that measure memory and processor time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of sessions of a test with many.
fn many() -> u32 {
    if env::var_os("ISCSI_TESTS_LONG").is_some() { 10_000 } else { 1_000 }
}

/// All held sessions answer a command; after either side drops them at once, all are logged in again.
#[test]
fn mutual_logins_are_held_dropped_and_held_again() {
    let _alone = alone();
    rounds::run(many());
}

/// Sessions whose target is killed and started again after a while are all up again: no crowd comes at a time, few attempts are
/// made, and memory is as before.
#[test]
fn sessions_come_back_spread_when_their_target_restarts() {
    let _alone = alone();
    restart::run(many());
}

#[test]
fn a_login_takes_no_more_processor_time_beside_many_sessions() {
    let _alone = alone();
    processor::few_and_many_alike(many());
}

#[test]
fn a_login_takes_as_many_instructions_beside_a_thousand_sessions_as_alone() {
    let _alone = alone();
    instructions::one_and_many_alike(1_000);
}

#[test]
fn too_few_open_files_are_an_error_that_says_how_to_have_more() {
    limits::are_checked_first();
}

#[test]
fn as_many_open_files_as_may_be_are_taken() {
    let _alone = alone();
    limits::are_raised();
}
