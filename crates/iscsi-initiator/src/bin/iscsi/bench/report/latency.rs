//! Latency of logins, and of their phases.

use maud::{Markup, html};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::axes::{multiples, named_rarities, percentile_name, points, rarest};
use super::percent;
use super::plot::{CONNECT, Canvas, Drawn, LINE_WIDTH, LOGIN, LOGOUT, OPERATIONAL, Plot, SAMPLE, SECURITY};
use crate::bench::figures::{NONE, round_time, time};
use crate::bench::results::{Distribution, Results};

/// Radius of a point.
const DOT: i32 = 5;

/// A dash and a gap; this dash is longer than any chart.
const SOLID: (i32, i32) = (100_000, 1);

/// A line of a chart.
struct Series<'a> {
    name: &'static str,
    colour: RGBColor,
    /// Distinguishes lines without colour, too.
    dash: (i32, i32),
    times: &'a Distribution,
}

pub(super) fn section(results: &Results) -> Markup {
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
                p.small {
                    "Percent of logins that took no longer. Both axes rise by multiples: from 90 to 99 as far as from 99 to 99.9."
                }
            }
            (phase_bars(results))
            (table(results))
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

fn percentiles(title: &str, series: &[Series<'_>]) -> Markup {
    let Some(first) = series.first() else { return html! {} };
    let shortest = series.iter().map(|series| series.times.min).fold(f64::INFINITY, f64::min);
    let longest = series.iter().map(|series| series.times.max).fold(0.0, f64::max);
    let (range, named) = multiples(shortest, longest);
    let end = rarest(first.times);
    let plot = Plot {
        title,
        description: description(series),
        x: &|rarity| percentile_name(*rarity, end),
        y: &|time| round_time(*time),
        has_legend: series.len() > 1,
    };
    let rarities = (1.0..end).log_scale().with_key_points(named_rarities(first.times));
    plot.draw(rarities, range.log_scale().with_key_points(named), |canvas| {
        series.iter().try_for_each(|series| series.draw(canvas))
    })
}

impl Series<'_> {
    fn draw<X, Y>(&self, canvas: &mut Canvas<'_, '_, X, Y>) -> Drawn
    where
        X: Ranged<ValueType = f64>,
        Y: Ranged<ValueType = f64>,
    {
        let Self { name, colour, dash: (long, gap), times } = *self;
        let line = colour.stroke_width(LINE_WIDTH);
        let sample = move |(x, y)| DashedPathElement::new([(x, y), (x + SAMPLE, y)], long, gap, line);
        canvas.draw_series(DashedLineSeries::new(points(times), long, gap, line))?.label(name).legend(sample);
        canvas.draw_series(points(times).skip(1).map(|point| Circle::new(point, DOT, colour.filled())))?;
        Ok(())
    }
}

fn description(series: &[Series<'_>]) -> String {
    let of = |Series { name, times, .. }: &Series<'_>| {
        let middle = times.percentiles.first().map_or_else(String::new, |median| time(median.at_most));
        format!("{name}: median {middle}, longest {}", time(times.max))
    };
    series.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn table(results: &Results) -> Markup {
    let times: Vec<&Distribution> =
        [&results.latency].into_iter().chain(phases(results).map(|phase| phase.times)).collect();
    let percents = results.latency.percentiles.iter().map(|percentile| percentile.percent);
    html! {
        table {
            caption { "The same in figures" }
            thead { tr {
                td {}
                th scope="col" { "Login" }
                th scope="col" { "Con\u{ad}nect" }
                th scope="col" { "Secu\u{ad}rity" }
                th scope="col" { "Opera\u{ad}tional" }
                th scope="col" { "Log\u{ad}out" }
            } }
            tbody {
                (row("min", &times, |times| Some(times.min)))
                (row("mean", &times, |times| Some(times.mean)))
                @for percent in percents {
                    (row(&format!("p{percent}"), &times, |times| times.at(percent)))
                }
                (row("max", &times, |times| Some(times.max)))
            }
        }
    }
}

fn row(name: &str, all: &[&Distribution], value: impl Fn(&Distribution) -> Option<f64>) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            @for times in all { td { (value(times).map_or_else(|| NONE.to_owned(), time)) } }
        }
    }
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
