//! A run as one page that needs nothing else: no script, no network, no other file.
//!
//! Text from elsewhere, such as the names of targets and what they answered, is escaped by `maud`.

mod circumstances;
mod failures;
mod headline;
mod latency;
mod over_time;
mod percentile_axis;
mod phase_bar;
mod plot;
mod steps;
mod ticks;
mod timeline;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::results::Results;

const STYLE: &str = include_str!("report/style.css");

/// Whatever somebody may have smuggled into the page, a browser loads nothing and runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page.
pub(crate) fn html(results: &Results) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Logins to " (first_target(results)) ", " (authentication(results)) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body(results)) }
        }
    };
    page.into_string()
}

fn body(results: &Results) -> Markup {
    html! {
        header {
            h1 { "Login benchmark" }
            @for target in &results.plan.targets { p.target { (target) } }
            p { (authentication(results)) ", " (way(results)) }
        }
        main {
            (notices(results))
            (headline::tiles(results))
            (over_time::section(results))
            (latency::section(results))
            (failures::section(results))
            (circumstances::section(results))
        }
    }
}

fn first_target(results: &Results) -> &str {
    results.plan.targets.first().map_or("no target", String::as_str)
}

/// Who proved what to whom, in words.
fn authentication(results: &Results) -> String {
    let way = match results.plan.authentication.as_str() {
        "none" => return "no authentication".to_owned(),
        "chap" => "one-way CHAP",
        "mutual" => "mutual CHAP",
        other => other,
    };
    results
        .plan
        .algorithm
        .as_ref()
        .map_or_else(|| way.to_owned(), |algorithm| format!("{way} with {algorithm}"))
}

fn way(results: &Results) -> String {
    match results.plan.rate_per_s {
        Some(rate) => format!("{rate} logins begun in a second (open loop)"),
        None => format!("{} at a time (closed loop)", results.plan.concurrency),
    }
}

/// A part of a whole, as a length in SVG.
fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}

/// What a reader must know before any figure.
fn notices(results: &Results) -> Markup {
    html! {
        @if results.interrupted {
            p.notice { "The run was interrupted: these are the figures up to then." }
        }
        @if results.logins == 0 {
            p.notice { "No login succeeded: there is no latency to tell." }
        }
    }
}

#[cfg(test)]
mod tests;
