//! What was done, when, and on what: without it no figure means anything.

use std::time::{Duration, UNIX_EPOCH};

use maud::{Markup, html};

use super::{authentication, way};
use crate::bench::figures::{count, time};
use crate::bench::results::{PlanSummary, Results};

/// The last second that has a date of four digits.
const LAST_SECOND: u64 = 253_402_300_799;

pub(super) fn section(results: &Results) -> Markup {
    let Results { plan, machine, .. } = results;
    let machine = format!("{}, {}, {} processors", machine.os, machine.architecture, machine.processors);
    html! {
        section {
            h2 { "Circumstances" }
            dl {
                (entry("Began", &began(results.began_unix_s)))
                (entry("Loop", &way(results)))
                (entry("What that means", meaning(plan)))
                (entry("Measured", &measured(results)))
                (entry("Planned", &planned(plan)))
                (entry("Warm-up", &seconds(plan.warmup_s)))
                (entry("Held open", &held(results)))
                (entry("Authentication", &authentication(results)))
                (entry("Machine", &machine))
                (entry("Program", &format!("{}, schema {}", results.program, results.schema)))
            }
        }
    }
}

fn held(results: &Results) -> String {
    let kept = format!("{} more sessions", count(results.held_sessions));
    match results.held_sessions_lost {
        0 => kept,
        lost => format!("{kept}, and {} that were lost", count(lost)),
    }
}

fn entry(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Date and time in UTC.
fn began(unix_s: u64) -> String {
    let began = UNIX_EPOCH + Duration::from_secs(unix_s.min(LAST_SECOND));
    let text = humantime::format_rfc3339_seconds(began).to_string();
    format!("{} UTC", text.trim_end_matches('Z').replace('T', " "))
}

const fn meaning(plan: &PlanSummary) -> &'static str {
    if plan.rate_per_s.is_some() {
        "Logins begin by the clock, whatever became of those before. Latency counts from the moment a login was due: a \
         target that stalls is charged for everybody who had to wait."
    } else {
        "Each login begins when another ends. A slow target is asked less often: the rate is what it can do with so many \
         at a time, and latency is that of a login once begun."
    }
}

fn measured(results: &Results) -> String {
    let so_far = if results.interrupted { ", then interrupted" } else { "" };
    format!(
        "{} of {} attempts succeeded in {}{so_far}",
        count(results.logins),
        count(results.logins.saturating_add(results.failures)),
        time(results.measured_s * 1e6)
    )
}

/// What was to end the run, and how many logins there may be at the same time.
fn planned(plan: &PlanSummary) -> String {
    let attempts = plan.count.map(|attempts| format!("{} attempts", count(attempts)));
    let end = [attempts, plan.duration_s.map(seconds)].into_iter().flatten().collect::<Vec<_>>().join(" or ");
    format!("{end}, at most {} at the same time", count(u64::try_from(plan.concurrency).unwrap_or(u64::MAX)))
}

fn seconds(seconds: f64) -> String {
    format!("{seconds} s")
}
