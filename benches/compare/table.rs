//! The tables, as Markdown.

use crate::case::{Case, Placement, TargetKind};
use crate::contender::Contender::{self, Bare, Libiscsi};
use crate::measurement::{Figure, Measured};

const RATES: &str = "\
| login | at a time | ours, logins/s | libiscsi | bare | replay | ours ÷ libiscsi | ours ÷ bare |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const TIMES: &str = "\
| login | at a time | client: ours, µs | libiscsi | bare | replay | ours ÷ libiscsi | target: ours, µs | libiscsi | bare | replay |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

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
    format!("### With {target}, {placement}\n\n{RATES}{rates}\nProcessor time per login:\n\n{TIMES}{times}\n")
}

fn rates(measured: &Measured<Case>) -> String {
    let rate: Figure = |sample| sample.per_second;
    let contenders = Contender::WITH_REPLAY.map(|contender| spread(measured, contender, rate));
    row(measured, contenders.into_iter().chain([Libiscsi, Bare].map(|peer| ratio(measured, peer, rate))))
}

fn times(measured: &Measured<Case>) -> String {
    let (client, target): (Figure, Figure) = (|sample| sample.client_us, |sample| sample.target_us);
    let clients = Contender::WITH_REPLAY.map(|contender| spread(measured, contender, client));
    let targets = Contender::WITH_REPLAY.map(|contender| spread(measured, contender, target));
    row(measured, clients.into_iter().chain([ratio(measured, Libiscsi, client)]).chain(targets))
}

fn row(measured: &Measured<Case>, cells: impl Iterator<Item = String>) -> String {
    let Case { authentication, concurrency, .. } = measured.case;
    let cells = cells.collect::<Vec<_>>().join(" | ");
    format!("| {authentication} | {concurrency} | {cells} |\n")
}

fn spread(measured: &Measured<Case>, contender: Contender, figure: Figure) -> String {
    measured.spread(contender, figure).map_or_else(|| "–".to_owned(), |spread| spread.to_string())
}

fn ratio(measured: &Measured<Case>, theirs: Contender, figure: Figure) -> String {
    measured.ratio(theirs, figure).map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}
