//! Search of a process's memory for its CHAP secrets after a mutual login, a logout and a drop: no copy may be left.
//!
//! The process that logs in is a child, which runs this program again; its parent is the target. The child gets a sealed
//! store, and both secrets only under a random mask (a child that works on the store also reads them from files). After
//! session, initiator, store and runtime are dropped, the child reads its own memory.

#![cfg(target_os = "linux")] // Only Linux shows a process its memory without `unsafe`, in /proc/self/mem.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail so"
)]

mod canary;
mod form;
mod login;
mod orders;
mod region;
mod scan;
mod stage;
mod store;

use iscsi_initiator::ChapAlgorithm;
use orders::Orders;
use stage::Child;

/// Runs the test of this name in a child; in the child, does the work, and tells the parent what is left.
fn outcome(test: &str, algorithm: ChapAlgorithm, leak: bool, work: fn(&Orders)) -> Option<Child> {
    match Orders::received() {
        Some(orders) => {
            work(&orders);
            None
        }
        None => Some(stage::run(test, algorithm, leak)),
    }
}

fn nothing_is_left(test: &str, algorithm: ChapAlgorithm) {
    if let Some(child) = outcome(test, algorithm, false, login::obey) {
        assert!(child.found.is_empty(), "{:#?}", child.found);
    }
}

#[test]
fn nothing_is_left_of_a_login_by_md5() {
    nothing_is_left("nothing_is_left_of_a_login_by_md5", ChapAlgorithm::Md5);
}

#[test]
fn nothing_is_left_of_a_login_by_sha_1() {
    nothing_is_left("nothing_is_left_of_a_login_by_sha_1", ChapAlgorithm::Sha1);
}

#[test]
fn nothing_is_left_of_a_login_by_sha_256() {
    nothing_is_left("nothing_is_left_of_a_login_by_sha_256", ChapAlgorithm::Sha256);
}

#[test]
fn nothing_is_left_of_a_login_by_sha3_256() {
    nothing_is_left("nothing_is_left_of_a_login_by_sha3_256", ChapAlgorithm::Sha3_256);
}

#[test]
fn nothing_is_left_of_work_on_the_store() {
    const TEST: &str = "nothing_is_left_of_work_on_the_store";
    if let Some(child) = outcome(TEST, ChapAlgorithm::Md5, false, store::obey) {
        assert!(child.found.is_empty(), "{:#?}", child.found);
    }
}

/// The scan can fail: copies left behind on purpose are found, both secrets in every form.
#[test]
fn what_is_left_on_purpose_is_found() {
    const TEST: &str = "what_is_left_on_purpose_is_found";
    let Some(child) = outcome(TEST, ChapAlgorithm::Md5, true, login::obey) else { return };
    for secret in [login::FORWARD, login::REVERSE] {
        for form in &form::ALL {
            let wanted = format!("{} of the {secret}", form.name);
            assert!(child.found.iter().any(|line| line.contains(&wanted)), "{wanted}: {:#?}", child.found);
        }
    }
}
