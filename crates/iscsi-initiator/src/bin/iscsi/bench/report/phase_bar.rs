//! What a mean login is made of.

use maud::{Markup, html};

use super::percent;
use crate::bench::figures::time;
use crate::bench::results::Results;

/// A part of the bar: its class, its name, its length in microseconds.
type Part = (&'static str, &'static str, f64);

/// The parts of a mean login one after the other, and the logout on the same scale.
pub(super) fn figure(results: &Results) -> Markup {
    let (login, logout) = (parts(results), results.phases.logout.mean);
    let whole = login.iter().map(|(_, _, length)| length).sum::<f64>();
    let scale = whole.max(logout);
    let title = "What a mean login is made of";
    let parts: Vec<Part> = login.iter().copied().chain([("logout", "logout", logout)]).collect();
    let description = parts.iter().map(|(_, name, length)| format!("{name} {}", time(*length)));
    let description = description.collect::<Vec<_>>().join(", ");
    html! {
        figure {
            figcaption { (title) }
            svg.bars role="img" aria-labelledby="bars-title bars-description" {
                title id="bars-title" { (title) }
                desc id="bars-description" { (description) }
                (bar("0", &login, scale))
                (bar("60%", &[("logout", "logout", logout)], scale))
            }
            ul.parts {
                @for (class, name, length) in &parts {
                    li {
                        svg.swatch aria-hidden="true" { rect class=(class) width="100%" height="100%" {} }
                        span { (name) " " b { (time(*length)) } }
                    }
                }
            }
        }
    }
}

/// The phases, and what is left of the latency.
fn parts(results: &Results) -> Vec<Part> {
    let phases = &results.phases;
    let (connect, security, operational) =
        (phases.connect.mean, phases.security.mean, phases.operational.mean);
    let rest = results.latency.mean - connect - security - operational;
    let name = if results.plan.rate_per_s.is_some() { "its turn, and in between" } else { "in between" };
    [
        ("connect", "connect", connect),
        ("security", "security", security),
        ("operational", "operational", operational),
        ("rest", name, rest),
    ]
    .into_iter()
    .filter(|(_, _, length)| *length > 0.0)
    .collect()
}

fn bar(y: &str, parts: &[Part], scale: f64) -> Markup {
    let starts = parts.iter().scan(0.0, |end, (_, _, length)| Some(std::mem::replace(end, *end + length)));
    html! {
        @for ((class, name, length), start) in parts.iter().zip(starts) {
            rect class=(class) x=(percent(start / scale)) y=(y) width=(percent(length / scale)) height="40%" {
                title { (name) ": " (time(*length)) }
            }
        }
    }
}
