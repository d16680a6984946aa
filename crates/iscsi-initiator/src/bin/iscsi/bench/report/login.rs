//! The page of a run of logins.

use maud::{Markup, html};

use super::latency::{SOLID, Series, axes_remark, percentiles, table};
use super::over_time::{self, Noun, OverTime};
use super::plot::{CONNECT, LOGIN, LOGOUT, OPERATIONAL, SECURITY};
use super::sections::{self, Tile, began, failure_tile, measured, middle, planned, seconds, tail, tile};
use super::{Page, notices, percent};
use crate::bench::figures::{count, kibibytes, number_of_three_digits, time};
use crate::bench::login::{PlanSummary, Results};
use crate::bench::results::Distribution;
use crate::bench::tally::Second;

const LOGINS: Noun = Noun { singular: "login", plural: "logins", heading: "Logins" };

impl Page for Results {
    fn title(&self) -> String {
        format!("Logins to {}, {}", first_target(self), authentication(self))
    }

    fn heading(&self) -> Markup {
        html! {
            h1 { "Login benchmark" }
            @for target in &self.plan.targets { p.target { (target) } }
            p { (authentication(self)) ", " (way(self)) }
        }
    }

    fn sections(&self) -> Markup {
        let nothing = (self.logins == 0).then_some("No login succeeded: there is no latency to show.");
        html! {
            (notices(self.interrupted, nothing))
            (sections::tiles(tiles(self)))
            (over_time::section(&over_time(self)))
            (latency(self))
            (sections::failures(&self.causes, self.failures, self.logins))
            (circumstances(self))
        }
    }
}

fn over_time(results: &Results) -> OverTime {
    let second = |second: &crate::bench::login::Second| Second {
        successes: second.logins,
        failures: second.failures,
        longest: second.longest,
        sum: 0.0,
    };
    let timeline = results.timeline.iter().map(second).collect();
    OverTime { noun: LOGINS, timeline, measured_s: results.measured_s, has_mean: false }
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
    let processes = results.plan.processes_words();
    match results.plan.rate_per_s {
        Some(rate) => {
            let pattern = results.plan.arrival.unwrap_or_default().words();
            format!("{rate} logins begun in a second{pattern}{processes} (open loop)")
        }
        None => format!("{} at a time{processes} (closed loop)", results.plan.concurrency),
    }
}

fn tiles(results: &Results) -> impl Iterator<Item = Tile> {
    let tiles = [
        Some(rate(results)),
        middle(&results.latency),
        tail(&results.latency),
        Some(failure_tile(results.failures, results.logins)),
        results.cpu_us_per_login.map(|cpu| tile("CPU per login", time(cpu), "of this program".to_owned())),
        memory(results),
        round_trips(results),
    ];
    tiles.into_iter().flatten()
}

fn rate(results: &Results) -> Tile {
    let more = format!("{} in {}", count(results.logins), time(results.measured_s * 1e6));
    tile("Logins per second", number_of_three_digits(results.logins_per_s), more)
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

fn circumstances(results: &Results) -> Markup {
    let Results { plan, machine, .. } = results;
    let machine = format!("{}, {}, {} processors", machine.os, machine.architecture, machine.processors);
    sections::circumstances(&[
        ("Began", began(results.began_unix_s)),
        ("Loop", way(results)),
        ("What that means", meaning(plan).to_owned()),
        ("Measured", measured(results.logins, results.failures, results.measured_s, results.interrupted)),
        ("Planned", planned(plan.count, plan.duration_s, plan.concurrency)),
        ("Warm-up", seconds(plan.warmup_s)),
        ("Held open", held(results)),
        ("Authentication", authentication(results)),
        ("Machine", machine),
        ("Program", format!("{}, schema {}", results.program, results.schema)),
    ])
}

fn held(results: &Results) -> String {
    let kept = format!("{} more sessions", count(results.held_sessions));
    match results.held_sessions_lost {
        0 => kept,
        lost => format!("{kept}, and {} that were lost", count(lost)),
    }
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

fn latency(results: &Results) -> Markup {
    if results.latency.count == 0 {
        return html! {};
    }
    // Without authentication there is no security negotiation.
    let phases: Vec<Series<'_>> = phases(results).into_iter().filter(|phase| phase.times.max > 0.0).collect();
    let login = Series { name: "login", colour: LOGIN, dash: SOLID, times: &results.latency };
    html! {
        section {
            h2 { "Latency" }
            p { (what_is_timed(results)) }
            @if results.latency.percentiles.is_empty() {
                p { "Fewer than 20 logins support no percentile." }
            } @else {
                div.beside {
                    (percentiles("Latency of a login, by percentile", &[login]))
                    (percentiles("Phases and logout, by percentile", &phases))
                }
                (axes_remark("logins"))
            }
            (phase_bars(results))
            (figures(results))
        }
    }
}

fn what_is_timed(results: &Results) -> &'static str {
    if results.plan.rate_per_s.is_some() {
        "From the moment when a login was due to full feature phase: one that has to wait is charged for it."
    } else {
        "From the start of a login to full feature phase. A slow target is asked less often, so this is not the \
         latency of logins at arbitrary times; --rate measures that."
    }
}

fn phases(results: &Results) -> [Series<'_>; 4] {
    let phases = &results.phases;
    [
        Series { name: "connect", colour: CONNECT, dash: SOLID, times: &phases.connect },
        Series { name: "security", colour: SECURITY, dash: (14, 6), times: &phases.security },
        Series { name: "operational", colour: OPERATIONAL, dash: (4, 6), times: &phases.operational },
        Series { name: "logout", colour: LOGOUT, dash: (26, 8), times: &phases.logout },
    ]
}

fn figures(results: &Results) -> Markup {
    let times: Vec<&Distribution> =
        [&results.latency].into_iter().chain(phases(results).map(|phase| phase.times)).collect();
    let headings = ["Login", "Con\u{ad}nect", "Secu\u{ad}rity", "Opera\u{ad}tional", "Log\u{ad}out"];
    table(&headings, &times)
}

/// A part of the bar: its class, its name, its length in microseconds.
type Part = (&'static str, &'static str, f64);

/// The parts of a mean login one after the other, and the logout on the same scale.
fn phase_bars(results: &Results) -> Markup {
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
