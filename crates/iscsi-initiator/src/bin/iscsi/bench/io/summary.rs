//! From the counts of reads and writes to results, as values and as a table.

use std::fmt::Write as _;

use comfy_table::Table;

use super::area::Area;
use super::results::{BENCHMARK, PlanSummary, Results, SCHEMA, Second, Transfers};
use super::verification::Verification;
use super::worker::{Direction, IoTotals};
use crate::arguments::size;
use crate::bench::figures::{count, latency, mebibytes_per_second, time};
use crate::bench::results::{Machine, PROGRAM, causes};
use crate::bench::tally::{self, Tally, Times};
use crate::output;

/// The circumstances of a run, beside its counts.
pub(super) struct Circumstances {
    pub(super) began_unix_s: u64,
    pub(super) plan: PlanSummary,
    pub(super) area: Area,
    pub(super) reconnects: u64,
    pub(super) verification: Option<Verification>,
}

#[allow(clippy::cast_precision_loss, reason = "no count reaches 2^53")]
pub(super) fn results(tally: &Tally<Direction>, circumstances: Circumstances) -> Results {
    let IoTotals { reads, writes } = &tally.totals;
    let (block_bytes, measured_s) = (circumstances.area.block_size as f64, tally.measured.as_secs_f64());
    let transfers = |times: &Times| {
        let operations_per_s = if measured_s > 0.0 { times.count() as f64 / measured_s } else { 0.0 };
        Transfers {
            operations: times.count(),
            operations_per_s,
            bytes_per_s: operations_per_s * block_bytes,
            latency: times.distribution(),
        }
    };
    Results {
        benchmark: BENCHMARK.to_owned(),
        schema: SCHEMA,
        program: PROGRAM.to_owned(),
        began_unix_s: circumstances.began_unix_s,
        machine: Machine::this(),
        plan: circumstances.plan,
        interrupted: tally.interrupted,
        measured_s,
        operations: tally.successes,
        failures: tally.failures,
        operations_per_s: tally.per_second(),
        bytes_per_s: tally.per_second() * block_bytes,
        reads: transfers(reads),
        writes: transfers(writes),
        cpu_us_per_operation: tally.cpu_us_per_attempt(),
        reconnects: circumstances.reconnects,
        causes: causes(tally),
        verification: circumstances.verification,
        timeline: tally.timeline.iter().map(Second::from).collect(),
    }
}

impl From<&tally::Second> for Second {
    #[allow(clippy::cast_precision_loss, reason = "a count of a second")]
    fn from(second: &tally::Second) -> Self {
        let tally::Second { successes, failures, longest, sum } = *second;
        let mean = if successes > 0 { sum / successes as f64 } else { 0.0 };
        Self { operations: successes, failures, mean, longest }
    }
}

pub(super) fn table(results: &Results) -> Table {
    let mut table = output::table(&[]);
    let mut row = |name: &str, value: String| output::add_row(&mut table, &[name.to_owned(), value]);
    row("unit:", results.plan.unit.clone());
    row("access:", access(&results.plan));
    row("range:", range(&results.plan));
    row("loop:", way(&results.plan));
    row("operations:", operations(results));
    for (name, transfers) in [("reads:", &results.reads), ("writes:", &results.writes)] {
        if transfers.operations > 0 {
            row(name, direction(transfers));
            row("  latency:", latency(&transfers.latency));
        }
    }
    if let Some(cpu) = results.cpu_us_per_operation {
        row("CPU:", format!("{} per operation", time(cpu)));
    }
    if results.reconnects > 0 {
        row("reconnects:", format!("{} sessions were lost and replaced", results.reconnects));
    }
    if let Some(verification) = &results.verification {
        row("verified:", verified(verification));
        for mismatch in &verification.first_mismatches {
            row("  wrong:", mismatch.to_string());
        }
    }
    for cause in &results.causes {
        row("failed:", format!("{} times: {}", cause.count, cause.cause));
    }
    if results.interrupted {
        row("", "interrupted: these are the figures so far".to_owned());
    }
    table
}

/// Describes what the operations are.
pub(in crate::bench) fn access(plan: &PlanSummary) -> String {
    let mix = match plan.read_percent {
        100 => "reads".to_owned(),
        0 => "writes".to_owned(),
        percent => format!("{percent} % reads, {} % writes", 100 - percent),
    };
    let verified = if plan.verify { ", verified" } else { "" };
    format!("{} {mix} of {} bytes{verified}", plan.order, plan.block_bytes)
}

/// Describes the range and the unit.
pub(in crate::bench) fn range(plan: &PlanSummary) -> String {
    let (length, unit) = (size::show(plan.length), size::show(plan.unit_bytes));
    format!("{length} from byte {} on, of {unit} in blocks of {} bytes", plan.offset, plan.unit_block_bytes)
}

/// Describes the loop, which decides what latency means.
pub(in crate::bench) fn way(plan: &PlanSummary) -> String {
    let (depth, sessions) = (plan.depth, plan.sessions);
    let of = if sessions == 1 { "1 session".to_owned() } else { format!("each of {sessions} sessions") };
    match plan.rate_per_s {
        Some(rate) => format!(
            "open, {rate} operations begin in a second, timed from when each was due; at most {depth} in flight in {of}"
        ),
        None => format!("closed, {depth} in flight in {of}: a slow target is asked less often"),
    }
}

fn operations(results: &Results) -> String {
    let Results { operations, failures, measured_s, operations_per_s, bytes_per_s, .. } = results;
    let throughput = mebibytes_per_second(*bytes_per_s);
    format!(
        "{operations} in {measured_s:.2} s, {operations_per_s:.1} per second, {throughput}, {failures} failures"
    )
}

fn direction(transfers: &Transfers) -> String {
    let Transfers { operations, operations_per_s, bytes_per_s, .. } = transfers;
    format!("{operations}, {operations_per_s:.1} per second, {}", mebibytes_per_second(*bytes_per_s))
}

/// Describes what was read back.
pub(in crate::bench) fn verified(verification: &Verification) -> String {
    let Verification { right_during_run, right_at_end, right_after_login, .. } = verification;
    let mut text = format!(
        "{} wrong of {} blocks written; right: {} during the run, {} at its end, {} after another login",
        count(verification.mismatches),
        count(verification.blocks_written),
        count(*right_during_run),
        count(*right_at_end),
        count(*right_after_login)
    );
    if !verification.complete {
        text += "; not everything was read back";
    }
    for (number, what) in
        [(verification.unreadable, "unreadable"), (verification.unknown_blocks, "not read back any more")]
    {
        if number > 0 {
            _ = write!(text, "; {} {what}", count(number));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::results::sample;
    use super::*;
    use crate::bench::attempt::{FailedAttempt, Outcome};
    use crate::failure::Exit;

    const MILLISECOND: Duration = Duration::from_millis(1);

    /// 30 reads of 1 ms, 10 writes of 3 ms, and a failure, one each 50 ms.
    fn tally() -> Tally<Direction> {
        let mut tally = Tally::new();
        for number in 0..41 {
            let due = number * 50 * MILLISECOND;
            let (result, took) = match number {
                0..30 => (Ok(Direction::Read), MILLISECOND),
                30..40 => (Ok(Direction::Write), 3 * MILLISECOND),
                _ => (Err(FailedAttempt { cause: "busy".to_owned(), exit: Exit::Command }), MILLISECOND),
            };
            // One that had to wait is charged for it.
            let began = if number == 0 { 4 * MILLISECOND } else { due };
            tally.add(Outcome { due, began, ended: began + took, result }, Duration::ZERO);
        }
        tally.measured = Duration::from_secs(2);
        tally.cpu = Some(Duration::from_micros(4100));
        tally
    }

    fn summary() -> Results {
        let plan = sample().plan;
        let area = Area { offset: 0, block_size: 4096, logical_block: 512, blocks: 16_384 };
        results(&tally(), Circumstances { began_unix_s: 0, plan, area, reconnects: 0, verification: None })
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "quotients of small whole numbers")]
    fn reads_and_writes_are_counted_apart_and_failures_are_neither() {
        let results = summary();
        assert_eq!((results.operations, results.failures, results.operations_per_s), (40, 1, 20.0));
        assert_eq!((results.reads.operations, results.writes.operations), (30, 10));
        assert_eq!((results.reads.operations_per_s, results.writes.operations_per_s), (15.0, 5.0));
        assert_eq!((results.bytes_per_s, results.reads.bytes_per_s), (81_920.0, 61_440.0));
        assert_eq!(results.cpu_us_per_operation, Some(100.0));
        assert_eq!((results.causes[0].count, results.causes[0].exit_code), (1, 8));
    }

    #[test]
    fn latencies_are_apart_and_count_from_when_an_operation_was_due() {
        let results = summary();
        let near = |value: f64, milliseconds: f64| (value / milliseconds / 1e3 - 1.0).abs() < 0.01;
        assert!(near(results.reads.latency.max, 5.0) && near(results.reads.latency.min, 1.0));
        assert!(near(results.writes.latency.max, 3.0) && near(results.writes.latency.min, 3.0));
        // 20 in the first second, one of which was late.
        let first = results.timeline[0];
        assert!(near(first.mean, 24.0 / 20.0) && near(first.longest, 5.0), "{first:?}");
        assert_eq!((first.operations, results.timeline[2].failures), (20, 1));
    }

    #[test]
    fn the_table_has_the_figures_of_each_direction_and_of_the_verification() {
        let shown = table(&sample()).trim_fmt();
        for part in [
            "random 70 % reads, 30 % writes of 4096 bytes, verified",
            "64.0 MiB from byte 0 on, of 64.0 MiB in blocks of 512 bytes",
            "closed, 16 in flight in each of 2 sessions",
            "100000 in 10.00 s, 10000.0 per second, 39.1 MiB/s, 10 failures",
            "70000, 7000.0 per second, 27.3 MiB/s",
            "12.3 µs per operation",
            "1 sessions were lost and replaced",
            "0 wrong of 16,384 blocks written; right: 70,000 during the run, 16,380 at its end, 16,380 after another login; \
             4 not read back any more",
            "10 times: the target is busy",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn an_open_loop_and_single_directions_are_named() {
        let plan = PlanSummary { rate_per_s: Some(500.0), read_percent: 100, verify: false, ..sample().plan };
        assert!(way(&plan).starts_with("open, 500 operations begin in a second"), "{}", way(&plan));
        assert_eq!(access(&plan), "random reads of 4096 bytes");
        assert_eq!(access(&PlanSummary { read_percent: 0, ..plan }), "random writes of 4096 bytes");
    }
}
