//! The figures that most readers look for.

use maud::{Markup, html};

use crate::bench::figures::{count, kibibytes, number_of_three_digits, share, time};
use crate::bench::results::{Distribution, Results};

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
        Some(failures(results)),
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

fn failures(results: &Results) -> Tile {
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
