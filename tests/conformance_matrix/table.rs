//! The table of rows, tests and exceptions, in Markdown.

use crate::row::{Row, Section};
use crate::source::NamedTest;

const HEAD: &str = "# Conformance

Each row is a rule of RFC 7143, RFC 7144 or RFC 1994 that this initiator keeps, with the tests that carry its id, or the
reason why none does. A row of which not everything holds yet names the part of the work that will make it hold.
`cargo test -p iscsi-tests --test conformance_matrix` fails when a row has neither, and when this table, written with `WRITE_TABLE=1`, is
not current.
";

pub(crate) fn markdown(sections: &[Section], tests: &[NamedTest]) -> String {
    let rows = || sections.iter().flat_map(|section| &section.rows);
    let open = rows().filter(|row| row.is_open()).count();
    let exceptions = rows().filter(|row| row.exception.is_some()).count() - open;
    let count =
        format!("\n{} rows, {exceptions} of them exceptions and {open} still open.\n", rows().count());
    let body: String = sections.iter().map(|section| section_table(section, tests)).collect();
    [HEAD, &count, &body].concat()
}

fn section_table(section: &Section, tests: &[NamedTest]) -> String {
    let lines: String = section.rows.iter().map(|row| line(row, tests)).collect();
    format!("\n## {}\n\n| row | rule | shown by |\n| --- | --- | --- |\n{lines}", section.title)
}

fn line(row: &Row, tests: &[NamedTest]) -> String {
    let mut shown: Vec<String> = tests.iter().filter(|test| test.ids.contains(&row.id)).map(link).collect();
    if let Some(reason) = &row.exception {
        shown.push(format!("*{}:* {reason}", if row.is_open() { "open" } else { "exception" }));
    }
    format!("| {} | {} | {} |\n", row.id, row.title, shown.join(", "))
}

fn link(test: &NamedTest) -> String {
    format!("[`{}`](../../{})", test.name, test.file)
}
