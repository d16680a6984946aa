//! The page of a run of I/O.

use maud::{Markup, html};

use super::latency::{SOLID, Series, axes_remark, percentiles, table};
use super::over_time::{self, Noun, OverTime};
use super::plot::{READ, WRITE};
use super::sections::{self, Tile, began, failure_tile, measured, middle, planned, seconds, tail, tile};
use super::{Page, notices};
use crate::bench::figures::{count, mebibytes_per_second, number_of_three_digits, time};
use crate::bench::io::{PlanSummary, Results, Transfers, Verification, access, range, verified, way};
use crate::bench::tally::Second;

const OPERATIONS: Noun = Noun { singular: "operation", plural: "operations", heading: "Operations" };

impl Page for Results {
    fn title(&self) -> String {
        format!("I/O on {}, {}", self.plan.unit, access(&self.plan))
    }

    fn heading(&self) -> Markup {
        html! {
            h1 { "I/O benchmark" }
            p.target { (self.plan.unit) }
            p { (access(&self.plan)) ", " (way(&self.plan)) }
        }
    }

    fn sections(&self) -> Markup {
        let nothing =
            (self.operations == 0).then_some("No operation succeeded: there is no latency to show.");
        html! {
            (notices(self.interrupted, nothing))
            @if let Some(verification) = &self.verification { (wrong_data(verification)) }
            (sections::tiles(tiles(self)))
            (over_time::section(&over_time(self)))
            (latency(self))
            (sections::failures(&self.causes, self.failures, self.operations))
            (circumstances(self))
        }
    }
}

/// The first blocks with wrong data.
fn wrong_data(verification: &Verification) -> Markup {
    html! {
        @if verification.mismatches > 0 {
            p.notice { (count(verification.mismatches)) " blocks held other data than were written." }
            ul { @for mismatch in &verification.first_mismatches { li { (mismatch) } } }
        }
    }
}

fn tiles(results: &Results) -> impl Iterator<Item = Tile> {
    let in_all = format!("{} in {}", count(results.operations), time(results.measured_s * 1e6));
    let rate = tile("Operations per second", number_of_three_digits(results.operations_per_s), in_all);
    let block = format!("blocks of {} bytes", results.plan.block_bytes);
    let throughput = tile("Throughput", mebibytes_per_second(results.bytes_per_s), block);
    let cpu = results
        .cpu_us_per_operation
        .map(|cpu| tile("CPU per operation", time(cpu), "of this program".to_owned()));
    let failures = failure_tile(results.failures, results.operations);
    let of = |what: &str, transfers: &Transfers| {
        [middle(&transfers.latency), tail(&transfers.latency)].map(|tile| tile.map(|tile| tile.of(what)))
    };
    let (reads, writes) = (of("reads", &results.reads), of("writes", &results.writes));
    let tiles = [Some(rate), Some(throughput)].into_iter().chain(reads).chain(writes);
    tiles.chain([Some(failures), cpu]).flatten()
}

fn over_time(results: &Results) -> OverTime {
    #[allow(clippy::cast_precision_loss, reason = "a count of a second")]
    let second = |second: &crate::bench::io::Second| Second {
        successes: second.operations,
        failures: second.failures,
        longest: second.longest,
        sum: second.mean * second.operations as f64,
    };
    let timeline = results.timeline.iter().map(second).collect();
    OverTime { noun: OPERATIONS, timeline, measured_s: results.measured_s, has_mean: true }
}

/// Reads and writes, as far as there are any.
fn directions(results: &Results) -> Vec<Series<'_>> {
    let reads = Series { name: "read", colour: READ, dash: SOLID, times: &results.reads.latency };
    let writes = Series { name: "write", colour: WRITE, dash: (14, 6), times: &results.writes.latency };
    [reads, writes].into_iter().filter(|series| series.times.count > 0).collect()
}

fn latency(results: &Results) -> Markup {
    let directions = directions(results);
    if directions.is_empty() {
        return html! {};
    }
    let (names, times): (Vec<_>, Vec<_>) =
        directions.iter().map(|series| (series.name, series.times)).unzip();
    html! {
        section {
            h2 { "Latency" }
            p { (what_is_timed(&results.plan)) }
            @if times.iter().all(|times| times.percentiles.is_empty()) {
                p { "Fewer than 20 operations support no percentile." }
            } @else {
                (percentiles("Latency by percentile", &directions))
                (axes_remark("operations"))
            }
            (table(&names, &times))
        }
    }
}

const fn what_is_timed(plan: &PlanSummary) -> &'static str {
    if plan.rate_per_s.is_some() {
        "From the moment when an operation was due to its response: one that has to wait is charged for it."
    } else {
        "From the start of an operation to its response. A slow target is asked less often, so this is not the latency of \
         operations at arbitrary times; --rate measures that."
    }
}

fn circumstances(results: &Results) -> Markup {
    let Results { plan, machine, .. } = results;
    let machine = format!("{}, {}, {} processors", machine.os, machine.architecture, machine.processors);
    let in_flight = usize::try_from(plan.depth.saturating_mul(plan.sessions)).unwrap_or(usize::MAX);
    let verification = results.verification.as_ref().map_or_else(|| "none".to_owned(), verified);
    sections::circumstances(&[
        ("Began", began(results.began_unix_s)),
        ("Access", access(plan)),
        ("Range", range(plan)),
        ("Loop", way(plan)),
        ("Measured", measured(results.operations, results.failures, results.measured_s, results.interrupted)),
        ("Planned", planned(plan.count, plan.duration_s, in_flight)),
        ("Warm-up", seconds(plan.warmup_s)),
        ("Verification", verification),
        ("Lost sessions", count(results.reconnects)),
        ("Digests", format!("header {}, data {}", plan.header_digest, plan.data_digest)),
        ("Machine", machine),
        ("Program", format!("{}, schema {}", results.program, results.schema)),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::html as page_of;
    use super::super::tests::{chart, text, whole};
    use super::*;
    use crate::bench::io::{BlockContent, Mismatch, MismatchKind, sample};

    #[test]
    fn the_figures_are_on_the_page() {
        let page = page_of(&sample());
        whole(&page);
        let text = text(&page);
        for figure in [
            "random 70 % reads, 30 % writes of 4096 bytes, verified",
            "10,000",
            "39.1 MiB/s",
            "Median latency of reads",
            "99 % of writes within",
            "1.50 ms",
            "12.3 µs",
            "the target is busy",
            "2023-11-14 22:13:20 UTC",
            "0 wrong of 16,384 blocks written",
            "100,000 of 100,010 attempts succeeded",
            "at most 32 at the same time",
        ] {
            assert!(text.contains(figure), "{figure} in {text}");
        }
        for title in [
            "Operations per second",
            "Mean latency in each second",
            "Longest latency in each second",
            "Failures per second",
            "Latency by percentile",
        ] {
            assert!(chart(&page, title).is_some_and(|drawn| drawn.contains("<polyline")), "{title}");
        }
    }

    #[test]
    fn a_run_of_one_direction_shows_only_that_one() {
        let results = Results { writes: Transfers::default(), ..sample() };
        let text = text(&page_of(&results));
        assert!(text.contains("Median latency of reads") && !text.contains("of writes"), "{text}");
    }

    #[test]
    fn a_run_without_any_success_has_a_page() {
        let results = Results {
            operations: 0,
            measured_s: 0.0,
            reads: Transfers::default(),
            writes: Transfers::default(),
            cpu_us_per_operation: None,
            verification: None,
            timeline: Vec::new(),
            ..sample()
        };
        let page = page_of(&results);
        whole(&page);
        assert!(text(&page).contains("No operation succeeded") && !page.contains("Median"));
    }

    #[test]
    fn wrong_data_come_first_and_text_from_elsewhere_is_escaped() {
        let mut results = sample();
        let content = |generation| BlockContent { address: 8192, generation, checksum: "00ff".to_owned() };
        results.verification = Some(Verification {
            mismatches: 3,
            first_mismatches: vec![Mismatch {
                offset: 8192,
                kind: MismatchKind::Stale,
                expected: content(2),
                found: content(1),
                found_computed_checksum: "<script>".to_owned(),
            }],
            ..Verification::default()
        });
        results.plan.unit = "</style><script>alert(1)</script>".to_owned();
        results.plan.order = "<script>".to_owned();
        let page = page_of(&results);
        let text = text(&page);
        assert!(!page.contains("<script"), "{page}");
        assert!(
            text.contains("3 blocks held other data") && text.contains("offset 8192: expected generation 2")
        );
    }
}
