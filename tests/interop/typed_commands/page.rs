//! The page with the table, `COMMANDS.md`: its rows, and the results of each target in them.

use std::sync::{Mutex, PoisonError};

use super::row::Row;
use super::unit::Target;
use crate::stage::Daemon;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/COMMANDS.md");

const INTRODUCTION: &str = "\
# SCSI commands and targets

Every command with a type of its own in `iscsi_initiator::scsi`, sent with real parameters to the disks of tgt, istgt and LIO
in the versions of Debian 12, and of the RAM disk of the tests. A target that closes the connection gets another session for
the next command.

- *done*: status GOOD, and answer and effect are right. Data that a command has written are read by READ (10), with the blocks
  before and behind them; a command that reads or compares finds data written by WRITE (10).
- *GOOD, …*: status GOOD, and what is wrong.
- a sense key with its code and qualifier, or another status: the target refused the command. A write that fails has changed
  nothing.
- *connection closed*, *rejected*, *not answered*: the end of the connection, a Reject PDU, and no answer within 8 seconds, or
  20 from LIO.

The disk of LIO is a file in memory with the attributes `emulate_tpu` and `emulate_tpws`, that of tgt a file with
`thin_provisioning`: their blocks can be unmapped.

`WRITE_TABLE=1 cargo test -p iscsi-initiator --test interop typed_commands -- --test-threads=1` writes this page. Without the
variable a result that differs from its cell fails the test.

| command | form | tgt | istgt | LIO | RAM disk |
| --- | --- | --- | --- | --- | --- |
";

/// The tests take turns at the page.
static TURN: Mutex<()> = Mutex::new(());

/// The first two cells of a row, and those of the targets.
type Cells = ([String; 2], [String; 4]);

/// The column of a target.
const fn column(target: Target) -> usize {
    match target {
        Target::Daemon(Daemon::Tgt) => 0,
        Target::Daemon(Daemon::Istgt) => 1,
        Target::Daemon(Daemon::Lio) => 2,
        Target::RamDisk => 3,
    }
}

fn titles(row: &Row) -> [String; 2] {
    [row.command.to_owned(), row.case.to_owned()]
}

/// The rows of the page as it is; none if there is no page.
fn written() -> Vec<Cells> {
    let page = std::fs::read_to_string(PATH).unwrap_or_default();
    let lines = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = lines.skip(2).map(|line| line.split(" | ").map(str::trim).collect::<Vec<_>>());
    cells
        .map(|cells| match cells[..] {
            [command, case, ref results @ ..] if results.len() == 4 => {
                let results = std::array::from_fn(|at| results[at].to_owned());
                ([command, case].map(str::to_owned), results)
            }
            _ => panic!("a row with other cells: {cells:?}"),
        })
        .collect()
}

fn render(rows: &[Cells]) -> String {
    let line = |(titles, results): &Cells| {
        let cells: Vec<&str> = titles.iter().chain(results).map(String::as_str).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    INTRODUCTION.to_owned() + &rows.iter().map(line).collect::<String>()
}

/// Writes the results of a target to its column.
pub(super) fn write(rows: &[Row], target: Target, results: &[String]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = written();
    let cells = rows.iter().zip(results).map(|(row, result)| {
        let titles = titles(row);
        let known = known.iter().find(|(other, _)| *other == titles);
        let mut results = known.map(|(_, results)| results.clone()).unwrap_or_default();
        results[column(target)].clone_from(result);
        (titles, results)
    });
    std::fs::write(PATH, render(&cells.collect::<Vec<_>>())).unwrap();
}

/// The results of a target that the page does not have in its column.
pub(super) fn differences(rows: &[Row], target: Target, results: &[String]) -> Vec<String> {
    let known = written();
    let differing = rows.iter().zip(results).filter_map(|(row, found)| {
        let titles = titles(row);
        let expected = known.iter().find(|(other, _)| *other == titles);
        let expected = expected.map_or("no row", |(_, results)| &results[column(target)]);
        (expected != found)
            .then(|| format!("{}\n  expected: {expected}\n  found:    {found}\n", titles.join(", ")))
    });
    differing.collect()
}

/// Whether the page has these rows in this order, each with its results, and the text above.
pub(super) fn is_current(rows: &[Row]) -> bool {
    let known = written();
    let has_rows = known.iter().map(|(titles, _)| titles.clone()).eq(rows.iter().map(titles));
    let is_complete = known.iter().all(|(_, results)| results.iter().all(|result| !result.is_empty()));
    has_rows && is_complete && std::fs::read_to_string(PATH).unwrap() == render(&known)
}
