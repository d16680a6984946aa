//! The JSON form of results: as documented, and read as it was written.

use super::*;
use crate::bench::results::Percentile;

/// A field that is gone, or has another type, needs another number of the schema.
#[test]
fn the_schema_file_documents_the_results() {
    let file = expect_test::expect_file!["../../../../../../schemas/bench-login.schema.json"];
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

fn times(count: u64, scale: f64) -> Distribution {
    let percentiles = [(50.0, 1.0), (90.0, 2.0), (99.0, 7.0)];
    let percentiles = percentiles.map(|(percent, at_most)| Percentile { percent, at_most: at_most * scale });
    Distribution {
        count,
        min: 0.5 * scale,
        mean: 1.2 * scale,
        max: 20.0 * scale,
        percentiles: percentiles.to_vec(),
    }
}

/// 3,000 logins in ten seconds, eight at a time, and some failures.
pub(crate) fn sample() -> Results {
    Results {
        schema: SCHEMA,
        program: "iscsi 1.2.3".to_owned(),
        began_unix_s: 1_700_000_000,
        machine: Machine { os: "linux".to_owned(), architecture: "x86_64".to_owned(), processors: 4 },
        plan: PlanSummary {
            targets: vec!["iscsi://192.0.2.1:3260/iqn.2001-04.com.example:disk".to_owned()],
            authentication: "mutual".to_owned(),
            algorithm: Some("MD5".to_owned()),
            unauthenticated: None,
            concurrency: 8,
            rate_per_s: None,
            arrival: None,
            processes: None,
            count: None,
            duration_s: Some(10.0),
            warmup_s: 1.0,
            hold: 100,
        },
        interrupted: false,
        measured_s: 10.0,
        logins: 3000,
        failures: 10,
        logins_per_s: 300.0,
        latency: times(3000, 1000.0),
        phases: Phases {
            connect: times(3000, 100.0),
            security: times(3000, 500.0),
            operational: times(3000, 300.0),
            logout: times(3000, 200.0),
        },
        round_trips_per_login: 4.0,
        cpu_us_per_login: Some(123.4),
        memory_bytes_per_held_session: Some(14_336.0),
        held_sessions: 100,
        held_sessions_lost: 0,
        causes: vec![Cause { cause: "the target refused".to_owned(), count: 10, exit_code: 5 }],
        timeline: vec![Second { logins: 300, failures: 1, longest: 20_000.0 }; 10],
    }
}
