//! Answers about logins: the processor time of one, and their rate.

use plotters::style::RGBColor;

use crate::answer::Answer;
use crate::case::{Authentication, Case, Placement, TargetKind};
use crate::cell::{number, row};
use crate::chart::{Chart, Group, Series, colour};
use crate::contender::Contender::{self, Bare, Libiscsi, Ours, Replay};
use crate::goals::{CLIENT, RATE};
use crate::measurement::Measured;
use crate::output::{LOGIN_RATE, LOGIN_TIME};

const TIMES: &str = "\
| login | at a time | ours, µs | libiscsi | bare | replay | ours ÷ libiscsi | ours ÷ bare |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";
const RATES: &str = "\
| login | at a time | tgtd: ours | libiscsi | ours ÷ libiscsi | embedded: ours | bare | ours ÷ bare |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const CLIENTS: [Contender; 4] = [Ours, Libiscsi, Bare, Replay];
/// The rates, with the targets they are measured with.
const PAIRS: [(TargetKind, Contender); 4] = [
    (TargetKind::Tgtd, Ours),
    (TargetKind::Tgtd, Libiscsi),
    (TargetKind::Embedded, Ours),
    (TargetKind::Embedded, Bare),
];
const PAIR_SERIES: [Series; 4] = [
    ("ours, tgtd", colour(Ours)),
    ("libiscsi, tgtd", colour(Libiscsi)),
    ("ours, embedded target", RGBColor(110, 175, 225)),
    ("bare, embedded target", colour(Bare)),
];

/// Both answers.
pub(crate) fn answers(measured: &[Measured<Case>]) -> [Answer; 2] {
    [time(measured), rate(measured)]
}

fn time(measured: &[Measured<Case>]) -> Answer {
    let is_shown = |case: &Case| (case.target, case.placement) == (TargetKind::Tgtd, Placement::Pinned);
    let shown = || measured.iter().filter(|measured| is_shown(&measured.case));
    let chart = Chart {
        title: "Processor time of the client per login: tgtd, pinned to one processor",
        unit: "µs per login",
        series: CLIENTS.map(|contender| (contender.word(), colour(contender))).into(),
        groups: shown().map(|measured| group(measured.case, &clients(measured))).collect(),
        reference: None,
    };
    Answer {
        section: LOGIN_TIME,
        table: TIMES.to_owned() + &shown().map(time_row).collect::<String>(),
        chart,
    }
}

fn clients(measured: &Measured<Case>) -> [Option<f64>; 4] {
    CLIENTS.map(|contender| measured.median(contender, CLIENT))
}

fn time_row(measured: &Measured<Case>) -> String {
    let times = clients(measured).map(|time| number(time, 0));
    let ratios = [Libiscsi, Bare].map(|theirs| number(measured.median_ratio(theirs, CLIENT), 2));
    row(labels(measured.case).into_iter().chain(times).chain(ratios))
}

fn rate(measured: &[Measured<Case>]) -> Answer {
    let rows = logins(measured);
    let chart = Chart {
        title: "Logins per second: placed by the system",
        unit: "logins per second",
        series: PAIR_SERIES.into(),
        groups: rows.iter().map(|case| group(*case, &rates(measured, *case))).collect(),
        reference: None,
    };
    let rows: String = rows.iter().map(|case| rate_row(measured, *case)).collect();
    Answer { section: LOGIN_RATE, table: RATES.to_owned() + &rows, chart }
}

/// The unpinned cases of one target or the other, each login once.
fn logins(measured: &[Measured<Case>]) -> Vec<Case> {
    let mut logins: Vec<Case> = Vec::new();
    for case in measured.iter().map(|measured| measured.case) {
        let is_same = |other: &Case| with_target(*other, case.target) == case;
        if case.placement == Placement::Unpinned && !logins.iter().any(is_same) {
            logins.push(case);
        }
    }
    logins
}

const fn with_target(case: Case, target: TargetKind) -> Case {
    Case { target, ..case }
}

fn at(measured: &[Measured<Case>], case: Case, target: TargetKind) -> Option<&Measured<Case>> {
    measured.iter().find(|measured| measured.case == with_target(case, target))
}

fn rates(measured: &[Measured<Case>], case: Case) -> [Option<f64>; 4] {
    PAIRS.map(|(target, contender)| at(measured, case, target)?.median(contender, RATE))
}

fn rate_row(measured: &[Measured<Case>], case: Case) -> String {
    let [ours, libiscsi, ours_embedded, bare] = rates(measured, case).map(|rate| number(rate, 0));
    let ratio = |target, theirs| {
        let ratio = at(measured, case, target).and_then(|measured| measured.median_ratio(theirs, RATE));
        number(ratio, 2)
    };
    let with_tgtd = [ours, libiscsi, ratio(TargetKind::Tgtd, Libiscsi)];
    let with_embedded = [ours_embedded, bare, ratio(TargetKind::Embedded, Bare)];
    row(labels(case).into_iter().chain(with_tgtd).chain(with_embedded))
}

fn labels(case: Case) -> [String; 2] {
    [case.authentication.to_string(), case.concurrency.to_string()]
}

fn group(case: Case, bars: &[Option<f64>]) -> Group {
    let authentication = match case.authentication {
        Authentication::None => "none",
        Authentication::Chap => "CHAP",
        Authentication::Mutual => "mutual",
    };
    Group { label: vec![authentication.to_owned(), case.concurrency.to_string()], bars: bars.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges::Exchanges;
    use crate::measurement::Round;
    use crate::sample::Sample;

    fn measured(target: TargetKind, placement: Placement, concurrency: u32) -> Measured<Case> {
        let case = Case { placement, target, authentication: Authentication::None, concurrency };
        let sample = |us: f64| Sample { per_second: 1e6 / us, client_us: us, target_us: us };
        let samples = case.contenders().iter().zip([50.0, 100.0, 40.0, 45.0]);
        let round = Round(samples.map(|(contender, us)| (*contender, sample(us))).collect());
        Measured { case, exchanges: Exchanges::default(), rounds: vec![round] }
    }

    fn rows(answer: &Answer) -> Vec<&str> {
        answer.table.lines().skip(2).collect()
    }

    #[test]
    fn the_time_is_that_of_logins_to_tgtd_on_one_processor() {
        let [time, _] = answers(&[
            measured(TargetKind::Tgtd, Placement::Pinned, 1),
            measured(TargetKind::Tgtd, Placement::Pinned, 8),
            measured(TargetKind::Tgtd, Placement::Unpinned, 1),
            measured(TargetKind::Embedded, Placement::Pinned, 1),
        ]);
        let one = "| no authentication | 1 | 50 | 100 | 40 | 45 | 0.50 | 1.25 |";
        assert_eq!(rows(&time), [one, "| no authentication | 8 | 50 | 100 | 40 | – | 0.50 | 1.25 |"]);
        assert_eq!(time.chart.groups.len(), 2);
        assert_eq!(time.chart.groups[1].bars, [Some(50.0), Some(100.0), Some(40.0), None]);
    }

    #[test]
    fn the_rates_of_a_login_with_both_targets_are_one_row() {
        let [_, rate] = answers(&[
            measured(TargetKind::Tgtd, Placement::Unpinned, 1),
            measured(TargetKind::Tgtd, Placement::Pinned, 1),
            measured(TargetKind::Embedded, Placement::Unpinned, 1),
            measured(TargetKind::Embedded, Placement::Unpinned, 8),
        ]);
        let one = "| no authentication | 1 | 20000 | 10000 | 2.00 | 20000 | 25000 | 0.80 |";
        assert_eq!(rows(&rate), [one, "| no authentication | 8 | – | – | – | 20000 | 25000 | 0.80 |"]);
        assert_eq!(rate.chart.groups[1].label, ["none", "8"]);
    }
}
