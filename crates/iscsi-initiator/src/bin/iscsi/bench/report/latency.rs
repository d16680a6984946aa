//! How long a login takes, and where the time goes.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{Chart, legend, line, percent, place};
use super::percentile_axis::{percentile_axis, points};
use super::phase_bar;
use crate::bench::figures::{NONE, round_time, time};
use crate::bench::results::{Distribution, Percentile, Results};

/// A line of a chart: its class, its name, its times.
type Series<'a> = (&'static str, &'static str, &'a Distribution);

pub(super) fn section(results: &Results) -> Markup {
    if results.latency.count == 0 {
        return html! {};
    }
    // Without authentication there is no security negotiation.
    let phases: Vec<Series<'_>> =
        phases(results).into_iter().filter(|(_, _, times)| times.max > 0.0).collect();
    html! {
        section {
            h2 { "Latency" }
            p { (what_is_timed(results)) }
            @if results.latency.percentiles.is_empty() {
                p { "Fewer than 20 logins support no percentile." }
            } @else {
                div.beside {
                    (percentiles("latency", "Latency of a login, by percentile", &[("login", "login", &results.latency)]))
                    (percentiles("phases", "Phases and logout, by percentile", &phases))
                }
            }
            (phase_bar::figure(results))
            (table(results))
        }
    }
}

fn what_is_timed(results: &Results) -> &'static str {
    if results.plan.rate_per_s.is_some() {
        "From the moment when a login was due to full feature phase: one that has to wait is charged for it."
    } else {
        "From the start of a login to full feature phase. A slow target is asked less often, so these are not the waits \
         of somebody who comes at any moment; --rate measures those."
    }
}

fn phases(results: &Results) -> [Series<'_>; 4] {
    let phases = &results.phases;
    [
        ("connect", "connect", &phases.connect),
        ("security", "security", &phases.security),
        ("operational", "operational", &phases.operational),
        ("logout", "logout", &phases.logout),
    ]
}

fn percentiles(id: &str, title: &str, series: &[Series<'_>]) -> Markup {
    let Some((_, _, first)) = series.first() else { return html! {} };
    let shortest = series.iter().map(|(_, _, times)| times.min).fold(f64::INFINITY, f64::min);
    let longest = series.iter().map(|(_, _, times)| times.max).fold(0.0, f64::max);
    let (x, y) = (percentile_axis(first), Axis::multiples(shortest.max(0.001), longest, round_time));
    let plot = html! { @for (class, _, times) in series { path class=(class) d=(curve(&x, &y, times)) {} } };
    let points = html! { @for (class, name, times) in series { (dots(&x, &y, class, name, times)) } };
    let chart = Chart { id, title, description: description(series), x: &x, y: &y, plot, points };
    let entries: Vec<(&str, &str)> = series.iter().map(|(class, name, _)| (*class, *name)).collect();
    html! {
        figure {
            figcaption { (title) }
            @if series.len() > 1 { (legend(&entries)) }
            (chart.draw())
            p.small { "Percent of logins that took no longer. Both axes rise by multiples: from 90 to 99 as far as from 99 to 99.9." }
        }
    }
}

fn curve(x: &Axis, y: &Axis, times: &Distribution) -> String {
    line(points(times).map(|(rarity, time)| place(x.at(rarity), y.at(time))))
}

fn dots(x: &Axis, y: &Axis, class: &str, name: &str, times: &Distribution) -> Markup {
    let supported = points(times).skip(1);
    let percents = times.percentiles.iter().map(|percentile| format!("p{}", percentile.percent));
    html! {
        @for ((rarity, length), percentile) in supported.zip(percents.chain(["max".to_owned()])) {
            circle class=(class) cx=(percent(x.at(rarity))) cy=(percent(1.0 - y.at(length))) r="3" {
                title { (name) ", " (percentile) ": " (time(length)) }
            }
        }
    }
}

fn description(series: &[Series<'_>]) -> String {
    let of = |(_, name, times): &Series<'_>| {
        let middle = times.percentiles.first().map_or_else(String::new, |median| time(median.at_most));
        format!("{name}: half within {middle}, all within {}", time(times.max))
    };
    series.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn table(results: &Results) -> Markup {
    let times = [("", "login", &results.latency)].into_iter().chain(phases(results));
    let times: Vec<&Distribution> = times.map(|(_, _, times)| times).collect();
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
                    (row(&format!("p{percent}"), &times, |times| at(times, percent)))
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

fn at(times: &Distribution, percent: f64) -> Option<f64> {
    let same = |percentile: &&Percentile| (percentile.percent - percent).abs() < 1e-9;
    times.percentiles.iter().find(same).map(|percentile| percentile.at_most)
}
