//! The tables of reads and writes, as Markdown.

use super::case::{IoCase, TargetKind};
use crate::case::Placement;
use crate::contender::Contender::{self, Bare, Libiscsi, Qemu};
use crate::goals::{CLIENT, RATE};
use crate::measurement::{Figure, Measured};

const RATES: &str = "\
| operation | depth | ours, operations/s | libiscsi | qemu-img | bare | ours ÷ libiscsi | ours ÷ qemu-img |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const TIMES: &str = "\
| operation | depth | client: ours, µs | libiscsi | qemu-img | bare | ours ÷ libiscsi | ours ÷ bare | target: ours, µs | libiscsi |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

/// All tables, each pair under its heading.
pub(crate) fn tables(measured: &[Measured<IoCase>]) -> String {
    let groups =
        TargetKind::ALL.into_iter().flat_map(|target| Placement::ALL.map(|placement| (target, placement)));
    groups.map(|(target, placement)| section(target, placement, measured)).collect()
}

/// The cases of a target in a placement, in the order of the plan.
pub(crate) fn group(
    measured: &[Measured<IoCase>],
    target: TargetKind,
    placement: Placement,
) -> impl Iterator<Item = &Measured<IoCase>> + Clone {
    measured
        .iter()
        .filter(move |measured| (measured.case.target, measured.case.placement) == (target, placement))
}

fn section(target: TargetKind, placement: Placement, measured: &[Measured<IoCase>]) -> String {
    let group = group(measured, target, placement);
    if group.clone().next().is_none() {
        return String::new();
    }
    let rates: String = group.clone().map(rates).collect();
    let times: String = group.map(times).collect();
    format!("### {target}, {placement}\n\n{RATES}{rates}\nProcessor time per operation:\n\n{TIMES}{times}\n")
}

fn rates(measured: &Measured<IoCase>) -> String {
    let cells = Contender::OF_IO.map(|contender| spread(measured, contender, RATE, 0));
    let ratios = [Libiscsi, Qemu].map(|theirs| ratio(measured, theirs, RATE));
    row(measured, cells.into_iter().chain(ratios))
}

fn times(measured: &Measured<IoCase>) -> String {
    let target: Figure = |sample| sample.target_us;
    let clients = Contender::OF_IO.map(|contender| spread(measured, contender, CLIENT, 2));
    let ratios = [Libiscsi, Bare].map(|theirs| ratio(measured, theirs, CLIENT));
    let targets = [Contender::Ours, Libiscsi].map(|contender| spread(measured, contender, target, 2));
    row(measured, clients.into_iter().chain(ratios).chain(targets))
}

fn row(measured: &Measured<IoCase>, cells: impl Iterator<Item = String>) -> String {
    let cells = cells.collect::<Vec<_>>().join(" | ");
    format!("| {} | {} | {cells} |\n", measured.case.operation(), measured.case.depth)
}

/// `–` for a contender that does not take part.
fn spread(measured: &Measured<IoCase>, contender: Contender, figure: Figure, decimals: usize) -> String {
    let spread = measured.spread(contender, figure);
    spread.map_or_else(|| "–".to_owned(), |spread| format!("{spread:.decimals$}"))
}

fn ratio(measured: &Measured<IoCase>, theirs: Contender, figure: Figure) -> String {
    measured.ratio(theirs, figure).map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}
