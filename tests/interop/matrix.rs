//! Interoperability matrix: logins and discoveries of the library with every external target, and their results.
//!
//! [`cases`] is the table of expected results. `WRITE_TABLE=1` writes it to `README.md` of this folder.

mod attempt;
mod cases;
mod table;

use tokio::runtime::Runtime;

use self::attempt::Daemons;
use self::cases::cases;
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
fn the_table_of_the_readme_is_current() {
    const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/README.md");
    let rendered = table::render(&cases());
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write(README, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(README).unwrap();
    assert!(written == rendered, "tests/interop/README.md is not current: run this test with WRITE_TABLE=1");
}
