//! The parts of the page without charts: headline figures, circumstances, failures.

use std::time::{Duration, UNIX_EPOCH};

use maud::{Markup, html};

use super::{authentication, percent, way};
use crate::bench::figures::{count, kibibytes, number_of_three_digits, share, time};
use crate::bench::results::{Cause, Distribution, PlanSummary, Results};

/// One figure, large, with what it is and what belongs to it.
struct Tile {
    name: String,
    value: String,
    more: String,
}

pub(super) fn tiles(results: &Results) -> Markup {
    let tiles = [
        Some(rate(results)),
        middle(&results.latency),
        tail(&results.latency),
        Some(failure_count(results)),
        results.cpu_us_per_login.map(|cpu| tile("CPU per login", time(cpu), "of this program".to_owned())),
        memory(results),
        round_trips(results),
    ];
    html! {
        ul.tiles {
            @for Tile { name, value, more } in tiles.into_iter().flatten() {
                li { span.name { (name) } span.value { (value) } span.more { (more) } }
            }
        }
    }
}

fn tile(name: impl Into<String>, value: String, more: String) -> Tile {
    Tile { name: name.into(), value, more }
}

fn rate(results: &Results) -> Tile {
    let more = format!("{} in {}", count(results.logins), time(results.measured_s * 1e6));
    tile("Logins per second", number_of_three_digits(results.logins_per_s), more)
}

/// The median, or the mean where so few events support none.
fn middle(latency: &Distribution) -> Option<Tile> {
    let median = latency.percentiles.iter().find(|percentile| percentile.percent >= 50.0);
    let more = format!("shortest {}", time(latency.min));
    (latency.count > 0).then(|| match median {
        Some(median) => tile("Median latency", time(median.at_most), more),
        None => tile("Mean latency", time(latency.mean), more),
    })
}

/// The highest percentile that the sample supports.
fn tail(latency: &Distribution) -> Option<Tile> {
    let highest = latency.percentiles.last().filter(|percentile| percentile.percent > 50.0);
    (latency.count > 0).then(|| match highest {
        Some(highest) => {
            let name = format!("{} % within", highest.percent);
            tile(name, time(highest.at_most), format!("longest {}", time(latency.max)))
        }
        None => tile("Longest latency", time(latency.max), "too few for percentiles".to_owned()),
    })
}

fn failure_count(results: &Results) -> Tile {
    let attempts = results.logins.saturating_add(results.failures);
    let more = format!("{} of attempts", share(results.failures, attempts));
    tile("Failures", count(results.failures), more)
}

fn memory(results: &Results) -> Option<Tile> {
    let bytes = results.memory_bytes_per_held_session?;
    let more = format!("{} held open", count(results.plan.hold));
    Some(tile("Memory per session", kibibytes(bytes), more))
}

fn round_trips(results: &Results) -> Option<Tile> {
    let trips = results.round_trips_per_login;
    let exact = (trips - trips.round()).abs() < 1e-9;
    let value = if exact { format!("{trips:.0}") } else { format!("{trips:.2}") };
    (results.logins > 0).then(|| tile("Round trips per login", value, "and one to log out".to_owned()))
}

/// The last second that has a date of four digits.
const LAST_SECOND: u64 = 253_402_300_799;

pub(super) fn circumstances(results: &Results) -> Markup {
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
         target that stalls is charged for every login that had to wait."
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

/// Describes the planned end of the run, and the limit of simultaneous logins.
fn planned(plan: &PlanSummary) -> String {
    let attempts = plan.count.map(|attempts| format!("{} attempts", count(attempts)));
    let end = [attempts, plan.duration_s.map(seconds)].into_iter().flatten().collect::<Vec<_>>().join(" or ");
    format!("{end}, at most {} at the same time", count(u64::try_from(plan.concurrency).unwrap_or(u64::MAX)))
}

fn seconds(seconds: f64) -> String {
    format!("{seconds} s")
}

pub(super) fn failures(results: &Results) -> Markup {
    html! {
        section {
            h2 { "Failures" }
            @if results.failures == 0 {
                p { "No attempt failed." }
            } @else {
                (causes(results))
            }
        }
    }
}

fn causes(results: &Results) -> Markup {
    let attempts = results.logins.saturating_add(results.failures);
    html! {
        table.causes {
            caption { (count(results.failures)) " of " (count(attempts)) " attempts, by cause" }
            thead { tr { th scope="col" { "Cause" } th scope="col" { "Attempts" } th scope="col" { "Of all" } } }
            tbody {
                @for cause in &results.causes { (cause_row(cause, results.failures, attempts)) }
            }
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "the length of a bar")]
fn cause_row(cause: &Cause, failures: u64, attempts: u64) -> Markup {
    let length = cause.count as f64 / failures.max(1) as f64;
    html! {
        tr {
            th scope="row" {
                (cause.cause)
                svg.bar aria-hidden="true" { rect.failures width=(percent(length)) height="100%" {} }
            }
            td { (count(cause.count)) }
            td { (share(cause.count, attempts)) }
        }
    }
}
