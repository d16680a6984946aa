//! Comparisons of two runs of `iscsi bench io`.

use super::differences::{Aspect, Common, Comparability, Run, end_name, loop_name, seconds};
use super::figures::{self, Better, Figure, Unit, percentiles};
use crate::bench::io::Results;

/// Aspects that prevent a comparison come first.
const ASPECTS: [Aspect<Results>; 20] = [
    ("order of the blocks", |results| Some(results.plan.order.clone()), false),
    ("share of reads", |results| Some(format!("{} %", results.plan.read_percent)), false),
    ("block size", |results| Some(bytes(results.plan.block_bytes)), false),
    ("loop", |results| Some(loop_name(results)), false),
    ("rate", |results| results.plan.rate_per_s.map(|rate| format!("{rate} operations per second")), false),
    ("depth", |results| Some(results.plan.depth.to_string()), false),
    ("number of sessions", |results| Some(results.plan.sessions.to_string()), false),
    ("verification", |results| Some(if results.plan.verify { "on" } else { "off" }.to_owned()), false),
    ("header digest", |results| Some(results.plan.header_digest.clone()), false),
    ("data digest", |results| Some(results.plan.data_digest.clone()), false),
    ("operating system", |results| Some(results.machine.os.clone()), false),
    ("architecture", |results| Some(results.machine.architecture.clone()), false),
    ("number of processors", |results| Some(results.machine.processors.to_string()), false),
    ("unit", |results| Some(results.plan.unit.clone()), true),
    ("range", |results| Some(range(results)), true),
    ("program", |results| Some(results.program.clone()), true),
    ("number of operations planned", |results| results.plan.count.map(|count| count.to_string()), true),
    ("duration planned", |results| results.plan.duration_s.map(seconds), true),
    ("warm-up", |results| Some(seconds(results.plan.warmup_s)), true),
    ("end", |results| Some(end_name(results.interrupted)), true),
];

fn bytes(bytes: u64) -> String {
    format!("{bytes} bytes")
}

fn range(results: &Results) -> String {
    format!("{} bytes from byte {} on", results.plan.length, results.plan.offset)
}

impl Run for Results {
    const OPERATIONS: &'static str = "operations";
    const ASPECTS: &'static [Aspect<Self>] = &ASPECTS;
    const OF_THE_LOOP: &'static [&'static str] = &["rate", "depth"];

    fn common(&self) -> Common<'_> {
        Common {
            program: &self.program,
            began_unix_s: self.began_unix_s,
            targets: vec![&self.plan.unit],
            measured_s: self.measured_s,
            successes: self.operations,
            failures: self.failures,
            rate_per_s: self.plan.rate_per_s,
            per_second: self.timeline.iter().map(|second| second.operations).collect(),
        }
    }

    fn figures(a: &Self, b: &Self, comparability: Comparability) -> Vec<Figure> {
        let less = comparability.if_alike(Better::Lower);
        let mut figures = rates(a, b).map(|figure| figures::rate(a, b, figure, comparability)).to_vec();
        figures.push(figures::failures(a, b, comparability));
        figures.extend(percentiles("read latency", &a.reads.latency, &b.reads.latency, less));
        figures.extend(percentiles("write latency", &a.writes.latency, &b.writes.latency, less));
        figures.push(cpu(a, b).with_better(less, "needs less"));
        figures
    }
}

fn rates(a: &Results, b: &Results) -> [Figure; 2] {
    let operations = (Some(a.operations_per_s), Some(b.operations_per_s));
    let throughput = (Some(a.bytes_per_s), Some(b.bytes_per_s));
    [
        Figure::new("operations_per_s", "operations", Unit::PerSecond, operations),
        Figure::new("bytes_per_s", "throughput", Unit::BytesPerSecond, throughput),
    ]
}

fn cpu(a: &Results, b: &Results) -> Figure {
    let values = (a.cpu_us_per_operation, b.cpu_us_per_operation);
    Figure::new("cpu_us_per_operation", "CPU per operation", Unit::Microseconds, values)
}

#[cfg(test)]
mod tests {
    use super::super::figures::Side;
    use super::super::{Comparison, compare};
    use super::*;
    use crate::bench::io::sample;
    use std::path::Path;

    fn compared(a: &Results, b: &Results) -> Comparison {
        compare((Path::new("a.json"), a), (Path::new("b.json"), b))
    }

    /// Twice as fast in each second, with other latencies.
    fn faster() -> Results {
        let mut results = sample();
        (results.operations_per_s, results.bytes_per_s) =
            (results.operations_per_s * 2.0, results.bytes_per_s * 2.0);
        results.timeline.iter_mut().for_each(|second| second.operations *= 2);
        results.reads.latency.percentiles[0].at_most *= 0.5;
        results.writes.latency.percentiles[1].at_most *= 3.0;
        results.cpu_us_per_operation = Some(24.6);
        results
    }

    fn better(comparison: &Comparison, key: &str) -> Option<Side> {
        comparison.figures.iter().find(|figure| figure.key == key).unwrap().better
    }

    #[test]
    fn reads_and_writes_are_compared_apart() {
        let comparison = compared(&sample(), &faster());
        assert!(comparison.comparable && comparison.long_enough && comparison.differences.is_empty());
        let cases = [
            ("operations_per_s", Some(Side::B)),
            ("bytes_per_s", Some(Side::B)),
            ("read_latency_p50_us", Some(Side::B)),
            ("read_latency_p90_us", None),
            ("write_latency_p50_us", None),
            ("write_latency_p90_us", Some(Side::A)),
            ("cpu_us_per_operation", Some(Side::A)),
            ("failed_percent", None),
        ];
        for (key, side) in cases {
            assert_eq!(better(&comparison, key), side, "{key}");
        }
    }

    #[test]
    fn runs_of_one_direction_have_no_figures_of_the_other() {
        let mut a = sample();
        a.writes = crate::bench::io::Transfers::default();
        let comparison = compared(&a, &a);
        assert!(comparison.figures.iter().all(|figure| !figure.key.starts_with("write")));
        assert!(comparison.figures.iter().any(|figure| figure.key == "read_latency_p99_us"));
    }

    #[test]
    fn of_runs_that_did_not_do_the_same_none_is_called_better() {
        type Change = fn(&mut Results);
        let changes: [(&str, Change); 13] = [
            ("order of the blocks", |results| results.plan.order = "sequential".to_owned()),
            ("share of reads", |results| results.plan.read_percent = 71),
            ("block size", |results| results.plan.block_bytes = 8192),
            ("loop", |results| {
                (results.plan.rate_per_s, results.plan.depth) = (Some(5.0), 99);
            }),
            ("rate", |results| results.plan.rate_per_s = Some(7.0)),
            ("depth", |results| results.plan.depth = 17),
            ("number of sessions", |results| results.plan.sessions = 3),
            ("verification", |results| results.plan.verify = false),
            ("header digest", |results| results.plan.header_digest = "crc32c".to_owned()),
            ("data digest", |results| results.plan.data_digest = "crc32c".to_owned()),
            ("operating system", |results| results.machine.os = "freebsd".to_owned()),
            ("architecture", |results| results.machine.architecture = "aarch64".to_owned()),
            ("number of processors", |results| results.machine.processors = 64),
        ];
        for (what, change) in changes {
            let (mut a, mut b) = (sample(), faster());
            a.plan.rate_per_s = (what == "rate").then_some(5.0);
            change(&mut b);
            let comparison = compared(&a, &b);
            let differing: Vec<_> = comparison.differences.iter().map(|difference| difference.what).collect();
            assert_eq!((differing.as_slice(), comparison.comparable), ([what].as_slice(), false));
            assert!(comparison.figures.iter().all(|figure| figure.better.is_none()), "{what}");
        }
    }

    #[test]
    fn two_units_may_be_compared_and_two_ranges() {
        let mut b = faster();
        b.plan.unit = "iscsi://192.0.2.2:3260/iqn.2001-04.com.example:other/1".to_owned();
        b.plan.offset = 4096;
        let comparison = compared(&sample(), &b);
        assert_eq!((comparison.differences.len(), comparison.comparable), (2, true));
        assert_eq!(better(&comparison, "operations_per_s"), Some(Side::B));
    }
}
