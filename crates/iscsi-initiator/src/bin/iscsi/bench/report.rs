//! The page of a run: one HTML file without scripts or other resources.
//!
//! Text from elsewhere, such as the names of targets and what they answered, is escaped by `maud`.

mod axes;
mod file;
mod latency;
mod over_time;
mod plot;
mod sections;
mod timeline;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::results::Results;
pub(crate) use file::Report;

const STYLE: &str = include_str!("report/style.css");

/// Forbids a browser to load or run anything, whatever may have got into the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Makes the page.
fn html(results: &Results) -> String {
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
            (sections::tiles(results))
            (over_time::section(results))
            (latency::section(results))
            (sections::failures(results))
            (sections::circumstances(results))
        }
    }
}

fn first_target(results: &Results) -> &str {
    results.plan.targets.first().map_or("no target", String::as_str)
}

/// Describes the authentication.
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

/// Notices above the figures.
fn notices(results: &Results) -> Markup {
    html! {
        @if results.interrupted {
            p.notice { "The run was interrupted: these are the figures up to then." }
        }
        @if results.logins == 0 {
            p.notice { "No login succeeded: there is no latency to show." }
        }
    }
}

#[cfg(test)]
mod tests;
