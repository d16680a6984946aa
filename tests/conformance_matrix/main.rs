//! Every row of the conformance table has a test that carries its id, or an exception with a reason. An exception that
//! begins with `part N:` names the work that will make the rest of the row hold; tests may show some of it before.
//!
//! A test carries an id when its name contains it: `pdu_03_reserved_bits` shows PDU-03. The rows are in `rows.txt`, the
//! exceptions in `exceptions.txt`, and the table of both in `README.md`, written by
//! `WRITE_TABLE=1 cargo test -p iscsi-tests --test conformance_matrix`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

mod row;
mod source;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use row::{Row, RowId};
use source::NamedTest;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance_matrix")
}

#[test]
fn every_row_has_a_test_or_a_reason() {
    let (rows, tests) = (row::rows(&folder()), source::named_tests());
    let bare: Vec<_> =
        rows.iter().filter(|row| row.exception.is_none() && !row.is_shown_by(&tests)).collect();
    assert!(bare.is_empty(), "neither test nor exception: {bare:#?}");
    let closed = |row: &&Row| row.exception.is_some() && !row.is_open();
    let both: Vec<_> = rows.iter().filter(closed).filter(|row| row.is_shown_by(&tests)).collect();
    assert!(both.is_empty(), "an exception that a test makes needless: {both:#?}");
}

/// A misspelt id would show nothing.
#[test]
fn every_id_in_the_name_of_a_test_is_that_of_a_row() {
    let rows = row::rows(&folder());
    let families: BTreeSet<_> = rows.iter().map(|row| row.id.family.clone()).collect();
    let ids: BTreeSet<_> = rows.iter().map(|row| row.id.clone()).collect();
    for NamedTest { name, ids: named, .. } in source::named_tests() {
        let strange = named.iter().find(|id| families.contains(&id.family) && !ids.contains(id));
        assert!(strange.is_none(), "{name} names {strange:?}");
    }
}

#[test]
fn the_table_is_current() {
    let file = folder().join("README.md");
    let table = table::markdown(&row::sections(&folder()), &source::named_tests());
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    assert!(std::fs::read_to_string(&file).unwrap() == table, "write it anew with WRITE_TABLE=1");
}

#[test]
fn ids_are_read_from_names() {
    let id = |family: &str, number| RowId { family: family.to_owned(), number };
    assert_eq!(RowId::all_in("pdu_07_pdu_08_padding"), [id("PDU", 7), id("PDU", 8)]);
    assert_eq!(RowId::all_in("crc32c_of_4_kib"), []);
    assert_eq!(RowId::all_in("naa_16_digits_1_pdu_123"), [id("NAA", 16)]);
}

fn row(exception: Option<&str>) -> Row {
    let id = RowId { family: "PDU".to_owned(), number: 99 };
    Row { id, title: String::new(), exception: exception.map(str::to_owned) }
}

#[test]
fn a_row_without_a_test_is_noticed() {
    assert!(!row(None).is_shown_by(&source::named_tests()));
}

#[test]
fn an_open_row_names_a_part() {
    assert!(row(Some("part 12: there is one connection")).is_open());
    for closed in [None, Some("by construction"), Some("part: x"), Some("part twelve: x"), Some("part 12 x")]
    {
        assert!(!row(closed).is_open(), "{closed:?}");
    }
}

/// Whole families are covered: their numbers have no gap.
#[test]
fn no_row_of_a_family_is_left_out() {
    let rows = row::rows(&folder());
    for family in ["CMD", "DAT", "RES", "NOP", "ASY", "REJ", "LGO", "NUM"] {
        let mut numbers: Vec<_> =
            rows.iter().filter(|row| row.id.family == family).map(|row| row.id.number).collect();
        numbers.sort_unstable();
        let last = *numbers.last().unwrap();
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "{family}");
    }
}
