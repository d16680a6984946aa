//! The complete tables of reads and writes, as Markdown.

use super::case::{IoCase, TargetKind};
use crate::case::Placement;
use crate::cell;
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

fn section(target: TargetKind, placement: Placement, measured: &[Measured<IoCase>]) -> String {
    let is_in = |case: &IoCase| (case.target, case.placement) == (target, placement);
    let group: Vec<_> = measured.iter().filter(|measured| is_in(&measured.case)).collect();
    if group.is_empty() {
        return String::new();
    }
    let rates: String = group.iter().map(|measured| rates(measured)).collect();
    let times: String = group.iter().map(|measured| times(measured)).collect();
    format!("## {target}, {placement}\n\n{RATES}{rates}\nProcessor time per operation:\n\n{TIMES}{times}\n")
}

fn rates(measured: &Measured<IoCase>) -> String {
    let cells = Contender::OF_IO.map(|contender| cell::spread(measured.spread(contender, RATE), 0));
    row(measured, cells.into_iter().chain(ratios(measured, [Libiscsi, Qemu], RATE)))
}

fn times(measured: &Measured<IoCase>) -> String {
    let spread = |contender, figure| cell::spread(measured.spread(contender, figure), 2);
    let clients = Contender::OF_IO.map(|contender| spread(contender, CLIENT));
    let targets = [Contender::Ours, Libiscsi].map(|contender| spread(contender, |sample| sample.target_us));
    row(measured, clients.into_iter().chain(ratios(measured, [Libiscsi, Bare], CLIENT)).chain(targets))
}

fn ratios(measured: &Measured<IoCase>, theirs: [Contender; 2], figure: Figure) -> [String; 2] {
    theirs.map(|theirs| cell::spread(measured.ratio(theirs, figure), 2))
}

fn row(measured: &Measured<IoCase>, cells: impl Iterator<Item = String>) -> String {
    cell::row([measured.case.operation(), measured.case.depth.to_string()].into_iter().chain(cells))
}
