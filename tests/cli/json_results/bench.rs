//! Results of the benchmarks, and of comparing two of them.

use expect_test::expect;

use super::{documented, expect_value, form};
use crate::measured::Measured;
use crate::program::Outcome;

/// The results of a short run.
fn results(measured: &Measured) -> Outcome {
    measured.run(&["--count", "60", "--hold", "1", "--concurrency", "2", "--output", "json"]).expect(0)
}

#[allow(clippy::too_many_lines, reason = "most are expected values")]
#[test]
fn bench_login() {
    let results = results(&Measured::mutual());
    expect_value(
        form(&documented("bench-login", &results)),
        &[],
        &expect![[r#"
        {
          "began_unix_s": "number",
          "causes": [],
          "cpu_us_per_login": "number",
          "failures": "number",
          "held_sessions": "number",
          "held_sessions_lost": "number",
          "interrupted": "boolean",
          "latency": {
            "count": "number",
            "max": "number",
            "mean": "number",
            "min": "number",
            "percentiles": [
              {
                "at_most": "number",
                "percent": "number"
              }
            ]
          },
          "logins": "number",
          "logins_per_s": "number",
          "machine": {
            "architecture": "string",
            "os": "string",
            "processors": "number"
          },
          "measured_s": "number",
          "memory_bytes_per_held_session": "number",
          "phases": {
            "connect": {
              "count": "number",
              "max": "number",
              "mean": "number",
              "min": "number",
              "percentiles": [
                {
                  "at_most": "number",
                  "percent": "number"
                }
              ]
            },
            "logout": {
              "count": "number",
              "max": "number",
              "mean": "number",
              "min": "number",
              "percentiles": [
                {
                  "at_most": "number",
                  "percent": "number"
                }
              ]
            },
            "operational": {
              "count": "number",
              "max": "number",
              "mean": "number",
              "min": "number",
              "percentiles": [
                {
                  "at_most": "number",
                  "percent": "number"
                }
              ]
            },
            "security": {
              "count": "number",
              "max": "number",
              "mean": "number",
              "min": "number",
              "percentiles": [
                {
                  "at_most": "number",
                  "percent": "number"
                }
              ]
            }
          },
          "plan": {
            "algorithm": "string",
            "authentication": "string",
            "concurrency": "number",
            "count": "number",
            "duration_s": null,
            "hold": "number",
            "rate_per_s": null,
            "targets": [
              "string"
            ],
            "warmup_s": "number"
          },
          "program": "string",
          "round_trips_per_login": "number",
          "schema": "number",
          "timeline": [
            {
              "failures": "number",
              "logins": "number",
              "longest": "number"
            }
          ]
        }"#]],
    );
}

#[test]
fn bench_io() {
    let arguments = ["--mixed", "50", "--destroy-data", "--verify", "--count", "200", "--output", "json"];
    let results = Measured::mutual().io(&arguments).expect(0);
    expect_value(
        form(&documented("bench-io", &results)),
        &[],
        &expect![[r#"
        {
          "began_unix_s": "number",
          "benchmark": "string",
          "bytes_per_s": "number",
          "causes": [],
          "cpu_us_per_operation": "number",
          "failures": "number",
          "interrupted": "boolean",
          "machine": {
            "architecture": "string",
            "os": "string",
            "processors": "number"
          },
          "measured_s": "number",
          "operations": "number",
          "operations_per_s": "number",
          "plan": {
            "block_bytes": "number",
            "count": "number",
            "data_digest": "string",
            "depth": "number",
            "duration_s": null,
            "header_digest": "string",
            "length": "number",
            "offset": "number",
            "order": "string",
            "rate_per_s": null,
            "read_percent": "number",
            "sessions": "number",
            "unit": "string",
            "unit_block_bytes": "number",
            "unit_bytes": "number",
            "verify": "boolean",
            "warmup_s": "number"
          },
          "program": "string",
          "reads": {
            "bytes_per_s": "number",
            "latency": {
              "count": "number",
              "max": "number",
              "mean": "number",
              "min": "number",
              "percentiles": [
                {
                  "at_most": "number",
                  "percent": "number"
                }
              ]
            },
            "operations": "number",
            "operations_per_s": "number"
          },
          "reconnects": "number",
          "schema": "number",
          "timeline": [
            {
              "failures": "number",
              "longest": "number",
              "mean": "number",
              "operations": "number"
            }
          ],
          "verification": {
            "blocks_written": "number",
            "complete": "boolean",
            "first_mismatches": [],
            "mismatches": "number",
            "right_after_login": "number",
            "right_at_end": "number",
            "right_during_run": "number",
            "unknown_blocks": "number",
            "unreadable": "number"
          },
          "writes": {
            "bytes_per_s": "number",
            "latency": {
              "count": "number",
              "max": "number",
              "mean": "number",
              "min": "number",
              "percentiles": [
                {
                  "at_most": "number",
                  "percent": "number"
                }
              ]
            },
            "operations": "number",
            "operations_per_s": "number"
          }
        }"#]],
    );
}

#[test]
fn bench_compare() {
    let measured = Measured::mutual();
    let results = results(&measured);
    for name in ["a.json", "b.json"] {
        std::fs::write(measured.place.path(name), &results.stdout).unwrap();
    }
    let compare = ["bench", "compare", "a.json", "b.json", "--output", "json"];
    let comparison = documented("bench-compare", &measured.place.run(&compare).expect(0));
    expect_value(
        form(&comparison),
        &[],
        &expect![[r#"
        {
          "a": {
            "began_unix_s": "number",
            "file": "string",
            "program": "string",
            "targets": [
              "string"
            ]
          },
          "b": {
            "began_unix_s": "number",
            "file": "string",
            "program": "string",
            "targets": [
              "string"
            ]
          },
          "comparable": "boolean",
          "differences": [],
          "figures": [
            {
              "a": "number",
              "b": "number",
              "better": null,
              "figure": "string",
              "ratio": "number",
              "unit": "string"
            }
          ],
          "long_enough": "boolean",
          "schema": "number"
        }"#]],
    );
}
