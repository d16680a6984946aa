//! A table of names and values in sections, each with a heading.

use comfy_table::Table;

use crate::output;

/// The beginning of a row within a section.
const INDENT: &str = "  ";

/// Rows of names and values. Those before the first heading stand at the edge, those behind one are indented.
pub(crate) struct Sections {
    table: Table,
    is_indented: bool,
}

impl Sections {
    /// Returns a table without rows.
    pub(crate) fn new() -> Self {
        Self { table: output::table(&[]), is_indented: false }
    }

    /// Begins a section.
    pub(crate) fn heading(&mut self, name: &str) {
        self.is_indented = true;
        output::add_row(&mut self.table, &[String::new(), String::new()]);
        output::add_row(&mut self.table, &[format!("{name}:"), String::new()]);
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, name: &str, value: impl Into<String>) {
        let indent = if self.is_indented { INDENT } else { "" };
        output::add_row(&mut self.table, &[format!("{indent}{name}:"), value.into()]);
    }

    /// Adds a row if there is a value.
    pub(crate) fn row_of(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.row(name, value.to_string());
        }
    }

    /// Adds a row with `yes` or `no`.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.row(name, if value { "yes" } else { "no" });
    }

    /// Ends the sections: further rows stand at the edge again.
    pub(crate) fn end_sections(&mut self) {
        if self.is_indented {
            self.is_indented = false;
            output::add_row(&mut self.table, &[String::new(), String::new()]);
        }
    }

    pub(crate) fn into_table(self) -> Table {
        self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_behind_a_heading_are_indented_and_those_around_the_sections_are_not() {
        let mut sections = Sections::new();
        sections.row("LUN", "0");
        sections.heading("Block limits");
        sections.row_of("transfer", Some(8));
        sections.row_of("granularity", None::<u8>);
        sections.flag("unmap", false);
        sections.end_sections();
        sections.row("remark", "none");
        let shown = output::lines(sections.into_table());
        let expected =
            "LUN:           0\n\nBlock limits:\n  transfer:    8\n  unmap:       no\n\nremark:        none";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_table_without_sections_has_no_empty_line() {
        let mut sections = Sections::new();
        sections.row("LUN", "0");
        sections.end_sections();
        assert_eq!(output::lines(sections.into_table()), "LUN:  0");
    }
}
