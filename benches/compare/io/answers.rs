//! Answers about reads and writes: the processor time of one, and their rate.

use plotters::style::RGBColor;

use super::case::{IoCase, TargetKind};
use crate::answer::Answer;
use crate::case::Placement;
use crate::cell::{number, row};
use crate::chart::{Chart, Group, Series, colour};
use crate::contender::Contender::{self, Libiscsi, Ours, Qemu};
use crate::goals::{CLIENT, RATE};
use crate::measurement::Measured;
use crate::output::{IO_RATE, IO_TIME};

const TIMES: &str = "\
| operation | depth | tgtd, pinned | apart | large segments, pinned | apart | embedded, pinned | apart |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";
const RATES: &str = "\
| target | operation | depth | ours | libiscsi | qemu-img | ours ÷ best peer |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
";

/// The columns of the processor time.
const COLUMNS: [(TargetKind, Placement); 6] = [
    (TargetKind::Tgtd, Placement::Pinned),
    (TargetKind::Tgtd, Placement::Apart),
    (TargetKind::TgtdTuned, Placement::Pinned),
    (TargetKind::TgtdTuned, Placement::Apart),
    (TargetKind::Embedded, Placement::Pinned),
    (TargetKind::Embedded, Placement::Apart),
];
/// One hue for each target, the light one for a processor of its own.
const COLUMN_SERIES: [Series; 6] = [
    ("tgtd, pinned", RGBColor(0, 90, 156)),
    ("tgtd, apart", RGBColor(110, 175, 225)),
    ("large, pinned", RGBColor(180, 105, 0)),
    ("large, apart", RGBColor(240, 190, 90)),
    ("embedded, pinned", RGBColor(0, 120, 85)),
    ("embedded, apart", RGBColor(120, 205, 170)),
];
const LINE: (f64, &str) = (1.0, "libiscsi");

/// Both answers.
pub(crate) fn answers(measured: &[Measured<IoCase>]) -> [Answer; 2] {
    [time(measured), rate(measured)]
}

fn time(measured: &[Measured<IoCase>]) -> Answer {
    let rows: Vec<_> = operations(measured).into_iter().map(|case| (case, ratios(measured, case))).collect();
    let chart = Chart {
        title: "Processor time of the client per read or write, relative to libiscsi's",
        unit: "ours ÷ libiscsi",
        series: COLUMN_SERIES.into(),
        groups: rows
            .iter()
            .map(|(case, ratios)| Group { label: label(*case), bars: ratios.into() })
            .collect(),
        reference: Some(LINE),
    };
    let rows: String = rows.iter().map(|(case, ratios)| time_row(*case, ratios)).collect();
    Answer { section: IO_TIME, table: TIMES.to_owned() + &rows, chart }
}

/// Each operation once, whatever its target and placement; libiscsi has no digests.
fn operations(measured: &[Measured<IoCase>]) -> Vec<IoCase> {
    let mut operations: Vec<IoCase> = Vec::new();
    for case in measured.iter().map(|measured| measured.case) {
        let is_same = |other: &IoCase| at(*other, case.target, case.placement) == case;
        if !case.digests && !operations.iter().any(is_same) {
            operations.push(case);
        }
    }
    operations
}

const fn at(case: IoCase, target: TargetKind, placement: Placement) -> IoCase {
    IoCase { target, placement, ..case }
}

fn ratios(measured: &[Measured<IoCase>], case: IoCase) -> [Option<f64>; 6] {
    COLUMNS.map(|(target, placement)| {
        let found = measured.iter().find(|measured| measured.case == at(case, target, placement));
        found?.median_ratio(Libiscsi, CLIENT)
    })
}

fn time_row(case: IoCase, ratios: &[Option<f64>]) -> String {
    let labels = [case.operation(), case.depth.to_string()];
    row(labels.into_iter().chain(ratios.iter().map(|ratio| number(*ratio, 2))))
}

fn rate(measured: &[Measured<IoCase>]) -> Answer {
    let is_shown = |case: &IoCase| case.placement == Placement::Unpinned && case.kib == 4 && !case.digests;
    let shown = || measured.iter().filter(|measured| is_shown(&measured.case));
    let chart = Chart {
        title: "4 KiB reads and writes per second, relative to libiscsi's: placed by the system",
        unit: "rate ÷ libiscsi's",
        series: [Ours, Qemu].map(|contender| (contender.word(), colour(contender))).into(),
        groups: shown().map(rate_group).collect(),
        reference: Some(LINE),
    };
    Answer { section: IO_RATE, table: RATES.to_owned() + &shown().map(rate_row).collect::<String>(), chart }
}

fn rate_row(measured: &Measured<IoCase>) -> String {
    let case = measured.case;
    let labels = [case.target.name().to_owned(), case.operation(), case.depth.to_string()];
    let rates = [Ours, Libiscsi, Qemu].map(|contender| number(measured.median(contender, RATE), 0));
    row(labels.into_iter().chain(rates).chain([number(to_best_peer(measured), 2)]))
}

/// The least of the ratios to the peers.
fn to_best_peer(measured: &Measured<IoCase>) -> Option<f64> {
    [Libiscsi, Qemu].iter().filter_map(|peer| measured.median_ratio(*peer, RATE)).min_by(f64::total_cmp)
}

fn rate_group(measured: &Measured<IoCase>) -> Group {
    let of_libiscsi = measured.median(Libiscsi, RATE);
    let relative = |contender: Contender| Some(measured.median(contender, RATE)? / of_libiscsi?);
    let bars = vec![measured.median_ratio(Libiscsi, RATE), relative(Qemu)];
    let IoCase { target, direction, depth, .. } = measured.case;
    let operation = format!("{} {depth}", direction.word());
    let target = target.name().split(' ').map(str::to_owned);
    Group { label: [operation].into_iter().chain(target).collect(), bars }
}

fn label(case: IoCase) -> Vec<String> {
    vec![case.length(), case.direction.word().to_owned(), case.depth.to_string()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges::Exchanges;
    use crate::io::case::Direction;
    use crate::measurement::Round;
    use crate::sample::Sample;

    fn measured(target: TargetKind, placement: Placement, digests: bool) -> Measured<IoCase> {
        let (direction, kib, depth) = (Direction::Read, 4, 32);
        let case = IoCase { target, placement, direction, kib, depth, digests };
        let sample = |us: f64| Sample { per_second: 1e6 / us, client_us: us, target_us: us };
        let samples = case.contenders().iter().zip([50.0, 100.0, 40.0, 20.0]);
        let round = Round(samples.map(|(contender, us)| (*contender, sample(us))).collect());
        Measured { case, exchanges: Exchanges::default(), rounds: vec![round] }
    }

    fn rows(answer: &Answer) -> Vec<&str> {
        answer.table.lines().skip(2).collect()
    }

    #[test]
    fn the_times_of_an_operation_are_one_row() {
        let [time, _] = answers(&[
            measured(TargetKind::Tgtd, Placement::Pinned, false),
            measured(TargetKind::Tgtd, Placement::Pinned, true),
            measured(TargetKind::Embedded, Placement::Apart, false),
        ]);
        assert_eq!(rows(&time), ["| 4 KiB read | 32 | 0.50 | – | – | – | – | 0.50 |"]);
        assert_eq!(time.chart.groups[0].label, ["4 KiB", "read", "32"]);
    }

    #[test]
    fn the_rate_is_compared_with_the_faster_peer() {
        let [_, rate] = answers(&[
            measured(TargetKind::Tgtd, Placement::Apart, false),
            measured(TargetKind::TgtdTuned, Placement::Unpinned, false),
        ]);
        let row = "| large segments | 4 KiB read | 32 | 20000 | 10000 | 25000 | 0.80 |";
        assert_eq!(rows(&rate), [row]);
        assert_eq!(rate.chart.groups[0].bars, [Some(2.0), Some(2.5)]);
        assert_eq!(rate.chart.groups[0].label, ["read 32", "large", "segments"]);
    }
}
