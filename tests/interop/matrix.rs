//! Interoperability matrix: logins, discoveries and transfers of the library with every external target, and their results.
//!
//! [`cases`] and [`offers`] are the tables of expected results. `WRITE_TABLE=1` writes them to `README.md` of this folder.

mod attempt;
mod cases;
mod data_path;
mod disks;
mod image;
mod offers;
mod table;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use self::attempt::Daemons;
use self::cases::cases;
use self::data_path::try_offers;
use self::disks::disks;
use self::offers::offers;
use crate::stage::Daemon;

#[test]
fn tgt_as_the_table_says() {
    as_the_table_says(Daemon::Tgt);
}

#[test]
fn istgt_as_the_table_says() {
    as_the_table_says(Daemon::Istgt);
}

#[test]
fn lio_as_the_table_says() {
    as_the_table_says(Daemon::Lio);
}

/// Tries all cells of a column, then shows every one that differs.
fn as_the_table_says(daemon: Daemon) {
    let (daemons, runtime) = (Daemons::new(daemon), Runtime::new().unwrap());
    let differing = cases().into_iter().filter_map(|case| {
        let (expected, found) = (case.expected(daemon), runtime.block_on(daemons.attempt(&case)));
        (found != expected).then(|| format!("{}\n  expected: {expected}\n  found:    {found}\n", case.what))
    });
    let differing: Vec<String> = differing.collect();
    assert!(differing.is_empty(), "{daemon:?}\n{}", differing.concat());
}

#[test]
fn dat_01_dig_01_transfers_with_tgt_as_the_table_says() {
    transfers_as_the_table_says(Daemon::Tgt);
}

#[test]
fn dat_01_dig_01_transfers_with_istgt_as_the_table_says() {
    transfers_as_the_table_says(Daemon::Istgt);
}

#[test]
fn dat_01_dig_01_transfers_with_lio_as_the_table_says() {
    transfers_as_the_table_says(Daemon::Lio);
}

/// Tries all offers of a column with all disks at once, then shows every one with another answer.
fn transfers_as_the_table_says(daemon: Daemon) {
    Runtime::new().unwrap().block_on(async {
        let mut tries = JoinSet::new();
        for disk in disks(daemon) {
            tries.spawn(try_offers(disk));
        }
        let differing = tries.join_all().await.concat();
        assert!(differing.is_empty(), "{}", differing.concat());
    });
}

#[test]
fn the_table_of_the_readme_is_current() {
    const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/README.md");
    let rendered = table::render(&cases(), &offers());
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write(README, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(README).unwrap();
    assert!(written == rendered, "tests/interop/README.md is not current: run this test with WRITE_TABLE=1");
}
