//! The parts of the page without charts: headline figures, circumstances, failures.

use std::time::{Duration, UNIX_EPOCH};

use maud::{Markup, html};

use super::percent;
use crate::bench::figures::{count, share, time};
use crate::bench::results::{Cause, Distribution};

/// One figure, large, with what it is and what belongs to it.
pub(super) struct Tile {
    name: String,
    value: String,
    more: String,
}

impl Tile {
    /// The latency tile of one kind of operations.
    pub(super) fn of(self, operations: &str) -> Self {
        let name = match self.name.strip_suffix(" within") {
            Some(share) => format!("{share} of {operations} within"),
            None => format!("{} of {operations}", self.name),
        };
        Self { name, ..self }
    }
}

pub(super) fn tiles(tiles: impl IntoIterator<Item = Tile>) -> Markup {
    html! {
        ul.tiles {
            @for Tile { name, value, more } in tiles {
                li { span.name { (name) } span.value { (value) } span.more { (more) } }
            }
        }
    }
}

pub(super) fn tile(name: impl Into<String>, value: String, more: String) -> Tile {
    Tile { name: name.into(), value, more }
}

/// The count of failures; `successes` is that of the other attempts.
pub(super) fn failure_tile(failures: u64, successes: u64) -> Tile {
    let more = format!("{} of attempts", share(failures, successes.saturating_add(failures)));
    tile("Failures", count(failures), more)
}

/// The median, or the mean where so few events support none.
pub(super) fn middle(latency: &Distribution) -> Option<Tile> {
    let median = latency.percentiles.iter().find(|percentile| percentile.percent >= 50.0);
    let more = format!("shortest {}", time(latency.min));
    (latency.count > 0).then(|| match median {
        Some(median) => tile("Median latency", time(median.at_most), more),
        None => tile("Mean latency", time(latency.mean), more),
    })
}

/// The highest percentile that the sample supports.
pub(super) fn tail(latency: &Distribution) -> Option<Tile> {
    let highest = latency.percentiles.last().filter(|percentile| percentile.percent > 50.0);
    (latency.count > 0).then(|| match highest {
        Some(highest) => {
            let name = format!("{} % within", highest.percent);
            tile(name, time(highest.at_most), format!("longest {}", time(latency.max)))
        }
        None => tile("Longest latency", time(latency.max), "too few for percentiles".to_owned()),
    })
}

/// The last second that has a date of four digits.
const LAST_SECOND: u64 = 253_402_300_799;

pub(super) fn circumstances(entries: &[(&str, String)]) -> Markup {
    html! {
        section {
            h2 { "Circumstances" }
            dl { @for (name, value) in entries { (entry(name, value)) } }
        }
    }
}

fn entry(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Date and time in UTC.
pub(super) fn began(unix_s: u64) -> String {
    let began = UNIX_EPOCH + Duration::from_secs(unix_s.min(LAST_SECOND));
    let text = humantime::format_rfc3339_seconds(began).to_string();
    format!("{} UTC", text.trim_end_matches('Z').replace('T', " "))
}

pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds} s")
}

/// Describes the planned end of a run, and the limit of simultaneous attempts.
pub(super) fn planned(count_of: Option<u64>, duration_s: Option<f64>, concurrency: usize) -> String {
    let attempts = count_of.map(|attempts| format!("{} attempts", count(attempts)));
    let end = [attempts, duration_s.map(seconds)].into_iter().flatten().collect::<Vec<_>>().join(" or ");
    format!("{end}, at most {} at the same time", count(u64::try_from(concurrency).unwrap_or(u64::MAX)))
}

/// Describes what was measured.
pub(super) fn measured(successes: u64, failures: u64, measured_s: f64, interrupted: bool) -> String {
    let (attempts, took) = (count(successes.saturating_add(failures)), time(measured_s * 1e6));
    let so_far = if interrupted { ", then interrupted" } else { "" };
    format!("{} of {attempts} attempts succeeded in {took}{so_far}", count(successes))
}

/// The causes of failures; `successes` is the number of the other attempts.
pub(super) fn failures(causes: &[Cause], failures: u64, successes: u64) -> Markup {
    html! {
        section {
            h2 { "Failures" }
            @if failures == 0 {
                p { "No attempt failed." }
            } @else {
                (cause_table(causes, failures, successes.saturating_add(failures)))
            }
        }
    }
}

fn cause_table(causes: &[Cause], failures: u64, attempts: u64) -> Markup {
    html! {
        table.causes {
            caption { (count(failures)) " of " (count(attempts)) " attempts, by cause" }
            thead { tr { th scope="col" { "Cause" } th scope="col" { "Attempts" } th scope="col" { "Of all" } } }
            tbody {
                @for cause in causes { (cause_row(cause, failures, attempts)) }
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
