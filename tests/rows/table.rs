//! The table of rows, tests and exceptions, in Markdown.

use crate::row::{Row, Section};
use crate::source::NamedTest;

const HEAD: &str = "# Conformance

Each row is a rule of RFC 7143, RFC 7144 or RFC 1994 that this initiator keeps, with the tests that carry its id, or the
reason why none does. `cargo test -p iscsi-tests --test rows` fails when a row has neither, and when this table, written with
`WRITE_TABLE=1`, is not current.
";

pub(crate) fn markdown(sections: &[Section], tests: &[NamedTest]) -> String {
    let rows = || sections.iter().flat_map(|section| &section.rows);
    let exceptions = rows().filter(|row| row.exception.is_some()).count();
    let count = format!("\n{} rows, {exceptions} of them exceptions.\n", rows().count());
    let body: String = sections.iter().map(|section| section_table(section, tests)).collect();
    [HEAD, &count, &body].concat()
}

fn section_table(section: &Section, tests: &[NamedTest]) -> String {
    let lines: String = section.rows.iter().map(|row| line(row, tests)).collect();
    format!("\n## {}\n\n| row | rule | shown by |\n| --- | --- | --- |\n{lines}", section.title)
}

fn line(row: &Row, tests: &[NamedTest]) -> String {
    let shown = match &row.exception {
        Some(reason) => format!("*exception:* {reason}"),
        None => {
            tests.iter().filter(|test| test.ids.contains(&row.id)).map(link).collect::<Vec<_>>().join(", ")
        }
    };
    format!("| {} | {} | {shown} |\n", row.id, row.title)
}

fn link(test: &NamedTest) -> String {
    format!("[`{}`](../../{})", test.name, test.file)
}
