//! Tests of the sealed store from the outside: killed writers, writers and logins at the same time, damaged files, and
//! exhausted file systems.
//!
//! Writers are child processes that run this program again.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod change;
mod child;
mod contention;
mod crash;
mod credential;
mod damage;
mod expectation;
mod file_size;
mod held;
mod history;
mod kill_outcome;
#[cfg(target_os = "linux")] // Only there has a process file systems of its own.
mod mounted;
mod portals;
#[cfg(target_os = "linux")]
mod scarcity;
mod store;
mod writer;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Mutex, PoisonError};

use child::Orders;
use store::Opening;

/// Kills are timed, and logins have a time limit: neither may run at the same time as the other.
static ALONE: Mutex<()> = Mutex::new(());

/// At whatever moment a writer is killed, its change is in force or not, and the next writer handles the remaining files.
#[test]
fn killed_writers_leave_the_state_before_or_after_a_change() {
    if let Some(orders) = Orders::received() {
        return writer::write(&orders);
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let rounds = if std::env::var_os("ISCSI_TESTS_LONG").is_some() { 10_000 } else { 500 };
    crash::kill_writers("killed_writers_leave_the_state_before_or_after_a_change", rounds);
}

/// VDS-21: every login succeeds or fails by the CHAP response alone, and no change of eight writers gets lost.
#[test]
fn vds_21_eight_writers_and_a_login_do_not_get_in_each_others_way() {
    if let Some(orders) = Orders::received() {
        return contention::write(&orders);
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    contention::run("vds_21_eight_writers_and_a_login_do_not_get_in_each_others_way");
}

#[test]
fn every_changed_byte_is_refused() {
    damage::is_refused(damage::bytes_changed);
}

#[test]
fn every_truncated_file_is_refused() {
    damage::is_refused(damage::truncated);
}

#[test]
fn every_longer_file_is_refused() {
    damage::is_refused(damage::longer);
}

#[test]
fn what_is_not_there_is_missing_and_is_not_made() {
    let private = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().permissions(private).tempdir().unwrap();
    for directory in [folder.path().to_owned(), folder.path().join("a"), folder.path().join("a/b")] {
        let error = Opening::Existing.open(&directory).err().unwrap();
        assert!(store::is_missing(&error), "{error:?}");
        expectation::explains(&error, &directory);
    }
    assert_eq!(store::files(folder.path()), Vec::<String>::new());
}

#[test]
fn a_limit_of_the_file_size_refuses_a_change_and_keeps_the_state() {
    match Orders::received() {
        Some(orders) => file_size::meet(&orders),
        None => file_size::refuses("a_limit_of_the_file_size_refuses_a_change_and_keeps_the_state"),
    }
}

#[test]
fn a_writer_killed_by_the_limit_of_the_file_size_keeps_the_state() {
    match Orders::received() {
        Some(orders) => writer::write(&orders),
        None => file_size::kills("a_writer_killed_by_the_limit_of_the_file_size_keeps_the_state"),
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_file_system_a_change_is_refused_and_the_state_kept() {
    let name = "on_a_full_file_system_a_change_is_refused_and_the_state_kept";
    mounted::run(name, "size=40k", scarcity::no_space_for_a_change);
}

#[cfg(target_os = "linux")]
#[test]
fn without_an_inode_a_change_is_refused_and_the_state_kept() {
    let name = "without_an_inode_a_change_is_refused_and_the_state_kept";
    mounted::run(name, "size=1m,nr_inodes=20", scarcity::no_inode_for_a_change);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_file_system_a_first_use_is_refused_and_completed_later() {
    let name = "on_a_full_file_system_a_first_use_is_refused_and_completed_later";
    mounted::run(name, "size=40k", scarcity::no_space_for_a_first_use);
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_file_system_is_read_and_refuses_every_change() {
    let name = "a_read_only_file_system_is_read_and_refuses_every_change";
    mounted::run(name, "size=1m", scarcity::read_only);
}
