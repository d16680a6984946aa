//! The table of deviations in the crate page, which is generated from the data.

use std::fs;

use iscsi_login::Deviation;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- the table of deviations begins: written with WRITE_TABLE=1 -->\n";
const END: &str = "<!-- the table of deviations ends -->\n";

fn markdown() -> String {
    let head =
        "\n| id | section | the target | seen with | the initiator |\n| --- | --- | --- | --- | --- |\n";
    let line = |row: Deviation| {
        let Deviation { id, section, target, seen, initiator, .. } = row;
        format!("| `{id}` | {section} | {target} | {seen} | {initiator} |\n")
    };
    let lines: String = Deviation::ALL.into_iter().map(line).collect();
    format!("{head}{lines}\n")
}

#[test]
fn the_table_in_the_crate_page_is_current() {
    let page = fs::read_to_string(README).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("WRITE_TABLE").is_some() {
        fs::write(README, [before, BEGIN, &markdown(), END, after].concat()).unwrap();
    } else {
        assert!(written == markdown(), "the table is outdated: run this test with WRITE_TABLE=1");
    }
}

/// No cell contains a separator.
#[test]
fn no_cell_breaks_the_table() {
    for row in Deviation::ALL {
        for cell in [row.section, row.target, row.seen, row.initiator] {
            assert!(!cell.is_empty() && !cell.contains(['|', '\n']), "{}: {cell}", row.id);
        }
    }
}
