//! The complete tables of logins, as Markdown.

use crate::case::{Case, Placement, TargetKind};
use crate::cell;
use crate::contender::Contender::{self, Bare, Libiscsi, Ours, Replay};
use crate::goals::{CLIENT, RATE};
use crate::measurement::{Figure, Measured};

const RATES: &str = "\
| login | at a time | ours, logins/s | libiscsi | bare | replay | ours ÷ libiscsi | ours ÷ bare |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const TIMES: &str = "\
| login | at a time | client: ours, µs | libiscsi | bare | replay | ours ÷ libiscsi | ours ÷ bare | target: ours, µs | libiscsi | bare | replay |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const CONTENDERS: [Contender; 4] = [Ours, Libiscsi, Bare, Replay];

/// All tables, each pair under its heading.
pub(crate) fn tables(measured: &[Measured<Case>]) -> String {
    groups(measured).map(|(placement, target, group)| section(placement, target, &group)).collect()
}

/// The cases of each target, pinned and unpinned.
fn groups(
    measured: &[Measured<Case>],
) -> impl Iterator<Item = (Placement, TargetKind, Vec<&Measured<Case>>)> {
    let keys =
        TargetKind::ALL.into_iter().flat_map(|target| Placement::ALL.map(|placement| (placement, target)));
    let group = |placement, target| {
        let is_in = |case: &Case| case.placement == placement && case.target == target;
        measured.iter().filter(|measured| is_in(&measured.case)).collect::<Vec<_>>()
    };
    let groups = keys.map(move |(placement, target)| (placement, target, group(placement, target)));
    groups.filter(|(.., group)| !group.is_empty())
}

fn section(placement: Placement, target: TargetKind, group: &[&Measured<Case>]) -> String {
    let rates: String = group.iter().map(|measured| rates(measured)).collect();
    let times: String = group.iter().map(|measured| times(measured)).collect();
    format!("## With {target}, {placement}\n\n{RATES}{rates}\nProcessor time per login:\n\n{TIMES}{times}\n")
}

fn rates(measured: &Measured<Case>) -> String {
    row(measured, spreads(measured, RATE).into_iter().chain(ratios(measured, RATE)))
}

fn times(measured: &Measured<Case>) -> String {
    let clients = spreads(measured, CLIENT).into_iter().chain(ratios(measured, CLIENT));
    row(measured, clients.chain(spreads(measured, |sample| sample.target_us)))
}

fn row(measured: &Measured<Case>, cells: impl Iterator<Item = String>) -> String {
    let Case { authentication, concurrency, .. } = measured.case;
    cell::row([authentication.to_string(), concurrency.to_string()].into_iter().chain(cells))
}

fn spreads(measured: &Measured<Case>, figure: Figure) -> [String; 4] {
    CONTENDERS.map(|contender| cell::spread(measured.spread(contender, figure), 0))
}

fn ratios(measured: &Measured<Case>, figure: Figure) -> [String; 2] {
    [Libiscsi, Bare].map(|theirs| cell::spread(measured.ratio(theirs, figure), 2))
}
