//! Results on standard output, as a table or as JSON, and errors on standard error.

pub(crate) mod error_report;
pub(crate) mod hex_dump;
pub(crate) mod remarks;
pub(crate) mod reservation;
pub(crate) mod sections;

use std::io::{Write, stdout};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::failure::Failure;
use crate::messages::note;
use crate::messages::printable;

/// Shows a result in the form of `--output`.
pub(crate) fn show<T: Serialize>(
    output: Output,
    result: &T,
    table: impl FnOnce(&T) -> Table,
) -> Result<(), Failure> {
    match output {
        Output::Table => print(&lines(table(result))),
        Output::Json => print(&json(result)?),
    }
}

/// Shows a list. An empty one has no table: a line on standard error says which list is empty.
pub(crate) fn show_list<T: Serialize>(
    output: Output,
    list: &[T],
    empty: &str,
    table: impl FnOnce(&[T]) -> Table,
) -> Result<(), Failure> {
    if list.is_empty() && output == Output::Table {
        note(empty);
        return Ok(());
    }
    show(output, &list, |list| table(list))
}

/// An empty table with these headings.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !headings.is_empty() {
        table.set_header(headings.iter());
    }
    table
}

/// Adds a row; text from a target is escaped.
pub(crate) fn add_row<const N: usize>(table: &mut Table, cells: &[String; N]) {
    table.add_row(cells.iter().map(|cell| printable(cell)));
}

/// Formats a table: columns begin at the left edge, with two blanks between them.
pub(crate) fn lines(mut table: Table) -> String {
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, 2)));
    table.trim_fmt()
}

/// Aligns a column to the right.
pub(crate) fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// Prints a text and a line ending on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = stdout().lock();
    let printed = output
        .write_all(text.as_bytes())
        .and_then(|()| output.write_all(b"\n"))
        .and_then(|()| output.flush());
    printed.map_err(Failure::local("write to standard output"))
}

/// Formats a result as JSON with line breaks.
fn json(result: &impl Serialize) -> Result<String, Failure> {
    Ok(ascii(&serde_json::to_string_pretty(result).map_err(Failure::Json)?))
}

/// Formats a result as JSON on one line.
pub(crate) fn json_line(result: &impl Serialize) -> Result<String, Failure> {
    Ok(ascii(&serde_json::to_string(result).map_err(Failure::Json)?))
}

/// Compares the schema of a result with the file that documents it. `UPDATE_EXPECT=1 cargo test -p iscsi-initiator` writes
/// the file.
#[cfg(test)]
pub(crate) fn expect_schema<T: schemars::JsonSchema>(file: &expect_test::ExpectFile) {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    file.assert_eq(&(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
}

/// Escapes everything beyond printable ASCII, which JSON has in strings only. The result is safe for a terminal too.
fn ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | ' '..='~' => ascii.push(character),
            _ => {
                let mut units = [0; 2];
                ascii.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_ascii_and_keeps_its_meaning() {
        let text = "a\"\\\u{1b}[2J\u{9b}\u{202e}ä😀\n";
        let shown = json(&[text]).ok().unwrap();
        assert!(shown.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')), "{shown}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [text]);
    }

    #[test]
    fn tables_are_plain_columns() {
        let mut table = table(&["LUN", "NAME"]);
        add_row(&mut table, &["1".to_owned(), "a\u{1b}b".to_owned()]);
        assert_eq!(lines(table), "LUN  NAME\n1    a\\u{1b}b");
    }
}
