//! Every typed SCSI command with every target, and the table of results.
//!
//! Each group of commands has its rows in a file of its own. The results are in `COMMANDS.md`, which `WRITE_TABLE=1` writes.

mod conditions;
mod copies;
mod inquiries;
mod mode_pages;
mod outcome;
mod page;
mod provisioning;
mod reads;
mod row;
mod sharing;
mod unit;
mod writes;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use self::outcome::{cell, leaves_session_usable};
use self::row::Row;
use self::unit::{Target, Unit};
use crate::stage::Daemon;

fn rows() -> Vec<Row> {
    [
        inquiries::rows(),
        conditions::rows(),
        mode_pages::rows(),
        reads::rows(),
        writes::rows(),
        provisioning::rows(),
        sharing::rows(),
        copies::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn tgt_carries_out_commands_as_the_table_says() {
    as_the_table_says(Target::Daemon(Daemon::Tgt));
}

#[test]
fn istgt_carries_out_commands_as_the_table_says() {
    as_the_table_says(Target::Daemon(Daemon::Istgt));
}

#[test]
fn lio_carries_out_commands_as_the_table_says() {
    as_the_table_says(Target::Daemon(Daemon::Lio));
}

/// The RAM disk of the tests knows every command, so all checks of answers and effects are carried out.
#[test]
fn the_ram_disk_carries_out_commands_as_the_table_says() {
    as_the_table_says(Target::RamDisk);
}

/// Sends all commands, then shows every result that differs.
fn as_the_table_says(target: Target) {
    let rows = rows();
    let results = Runtime::new().unwrap().block_on(results(target, &rows));
    if std::env::var_os("WRITE_TABLE").is_some() {
        page::write(&rows, target, &results);
    }
    let differing = page::differences(&rows, target, &results);
    assert!(differing.is_empty(), "{target:?}\n{}", differing.concat());
}

async fn results(target: Target, rows: &[Row]) -> Vec<String> {
    let mut unit = Unit::of(target).await;
    let mut results = Vec::new();
    for row in rows {
        let outcome = row.attempt(&unit).await;
        println!("{target:?}: {}, {}: {outcome:?}", row.command, row.case);
        if !leaves_session_usable(&outcome) || unit.session.end_reason().is_some() {
            unit.log_in_again().await;
        }
        results.push(cell(&outcome));
    }
    results
}

#[test]
fn the_table_of_commands_is_current() {
    assert!(
        page::is_current(&rows()),
        "tests/interop/COMMANDS.md is not current: run all tests here with WRITE_TABLE=1"
    );
}

#[test]
fn no_two_rows_have_the_same_titles() {
    let rows = rows();
    let titles: BTreeSet<_> = rows.iter().map(|row| (row.command, row.case)).collect();
    assert_eq!(titles.len(), rows.len());
}

/// The files of a folder and the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The types that implement `Command` in the sources of the library.
fn types() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scsi");
    let sources = files(&folder).into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let of_source = |source: String| {
        let lines = source.lines().filter_map(|line| {
            let (_, name) = line.strip_prefix("impl")?.split_once("Command for ")?;
            Some(name.split(['<', ' ']).next()?.to_owned())
        });
        lines.collect::<Vec<_>>()
    };
    sources.flat_map(of_source).collect()
}

#[test]
fn every_typed_command_has_a_row() {
    let types = types();
    assert!(types.len() > 60, "{} types", types.len());
    let sources = [
        include_str!("typed_commands/conditions.rs"),
        include_str!("typed_commands/copies.rs"),
        include_str!("typed_commands/inquiries.rs"),
        include_str!("typed_commands/mode_pages.rs"),
        include_str!("typed_commands/provisioning.rs"),
        include_str!("typed_commands/reads.rs"),
        include_str!("typed_commands/sharing.rs"),
        include_str!("typed_commands/writes.rs"),
    ];
    let is_in =
        |name: &str, source: &str| source.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
    let missing: Vec<_> =
        types.iter().filter(|name| !sources.iter().any(|source| is_in(name, source))).collect();
    assert!(missing.is_empty(), "without a row: {missing:?}");
}
