//! Results on standard output: a table for people, JSON for programs.

use std::io::{self, Write, stdout};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::arguments::Output;
use crate::failure::Failure;
use crate::printable::printable;

/// Shows a result in the form that was asked for.
pub(crate) fn show<T: Serialize>(output: Output, result: &T, table: impl FnOnce(&T) -> Table) -> Result<(), Failure> {
    match output {
        Output::Table => print(table(result).trim_fmt().as_bytes()),
        Output::Json => print(&json(result)?),
    }
}

/// An empty table with these headings.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    if !headings.is_empty() {
        table.set_header(headings.iter());
    }
    table
}

/// Adds a line; whatever a target may have said in it is made safe.
pub(crate) fn add_row<const N: usize>(table: &mut Table, cells: [String; N]) {
    table.add_row(cells.iter().map(|cell| printable(cell)));
}

/// Puts the numbers of a column to the right.
pub(crate) fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn print(text: &[u8]) -> Result<(), Failure> {
    let mut output = stdout().lock();
    let printed = output.write_all(text).and_then(|()| output.write_all(b"\n")).and_then(|()| output.flush());
    printed.map_err(Failure::local("write to standard output"))
}

fn json(result: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, AsciiFormatter(PrettyFormatter::new()));
    result.serialize(&mut serializer).map_err(Failure::Json)?;
    Ok(text)
}

/// Pretty JSON in which everything beyond printable ASCII is escaped, so that it is safe for a terminal too.
struct AsciiFormatter(PrettyFormatter<'static>);

impl Formatter for AsciiFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            if matches!(character, ' '..='~') {
                write!(writer, "{character}")?;
            } else {
                let mut units = [0; 2];
                character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
