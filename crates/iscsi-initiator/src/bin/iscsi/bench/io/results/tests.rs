//! The JSON form of results: as documented, and read as it was written.

use super::*;
use crate::bench::results::Percentile;

/// A field that is gone, or has another type, needs another number of the schema.
#[test]
fn the_schema_file_documents_the_results() {
    let file = expect_test::expect_file!["../../../../../../schemas/bench-io.schema.json"];
    crate::output::expect_schema::<Results>(&file);
}

/// Later versions of this schema have more fields.
#[test]
fn results_are_read_as_they_were_written_and_fields_may_be_added() {
    let mut value = serde_json::to_value(sample()).unwrap();
    assert_eq!(serde_json::from_value::<Results>(value.clone()).unwrap(), sample());
    value["plan"]["added"] = 1.into();
    value["added"] = "later".into();
    assert_eq!(serde_json::from_value::<Results>(value).unwrap(), sample());
}

fn transfers(operations: u64, scale: f64) -> Transfers {
    let percentiles = [(50.0, 1.0), (90.0, 2.0), (99.0, 7.0)];
    let percentiles = percentiles.map(|(percent, at_most)| Percentile { percent, at_most: at_most * scale });
    let latency = Distribution {
        count: operations,
        min: 0.5 * scale,
        mean: 1.2 * scale,
        max: 20.0 * scale,
        percentiles: percentiles.to_vec(),
    };
    #[allow(clippy::cast_precision_loss, reason = "a small count")]
    let operations_per_s = operations as f64 / 10.0;
    Transfers { operations, operations_per_s, bytes_per_s: operations_per_s * 4096.0, latency }
}

/// 70,000 reads and 30,000 writes of 4 KiB in ten seconds, 32 at a time, and some failures.
pub(crate) fn sample() -> Results {
    Results {
        benchmark: BENCHMARK.to_owned(),
        schema: SCHEMA,
        program: "iscsi 1.2.3".to_owned(),
        began_unix_s: 1_700_000_000,
        machine: Machine { os: "linux".to_owned(), architecture: "x86_64".to_owned(), processors: 4 },
        plan: PlanSummary {
            unit: "iscsi://192.0.2.1:3260/iqn.2001-04.com.example:disk/0".to_owned(),
            unit_bytes: 64 << 20,
            unit_block_bytes: 512,
            header_digest: "none".to_owned(),
            data_digest: "none".to_owned(),
            unauthenticated: None,
            order: "random".to_owned(),
            read_percent: 70,
            verify: true,
            block_bytes: 4096,
            depth: 16,
            sessions: 2,
            offset: 0,
            length: 64 << 20,
            rate_per_s: None,
            count: None,
            duration_s: Some(10.0),
            warmup_s: 1.0,
        },
        interrupted: false,
        measured_s: 10.0,
        operations: 100_000,
        failures: 10,
        operations_per_s: 10_000.0,
        bytes_per_s: 40_960_000.0,
        reads: transfers(70_000, 1000.0),
        writes: transfers(30_000, 1500.0),
        cpu_us_per_operation: Some(12.3),
        reconnects: 1,
        causes: vec![Cause { cause: "the target is busy".to_owned(), count: 10, exit_code: 8 }],
        verification: Some(Verification {
            complete: true,
            blocks_written: 16_384,
            right_during_run: 70_000,
            right_at_end: 16_380,
            right_after_login: 16_380,
            unknown_blocks: 4,
            ..Verification::default()
        }),
        timeline: vec![Second { operations: 10_000, failures: 1, mean: 1300.0, longest: 20_000.0 }; 10],
    }
}
