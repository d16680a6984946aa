//! Charts over time: operations and failures per second, and their latency.

use std::ops::Range;

use maud::{Markup, html};
use plotters::prelude::*;

use super::axes;
use super::plot::{Axis, FAILURE, LINE_WIDTH, LOGIN, Plot};
use super::timeline::{Column, band, columns, line, steps};
use crate::bench::figures::{NONE, count, number_of_three_digits, round_number, round_time, time};
use crate::bench::tally::Second;

/// Columns of a chart: about one for each pixel of a phone.
const MOST_COLUMNS: usize = 300;

/// Lines of the table.
const MOST_LINES: usize = 12;

/// Space above the highest value, as a factor.
const HEADROOM: f64 = 1.05;

/// The operation that a page is about.
pub(super) struct Noun {
    pub(super) singular: &'static str,
    pub(super) plural: &'static str,
    /// The plural as a heading.
    pub(super) heading: &'static str,
}

/// A run, second by second.
pub(super) struct OverTime {
    pub(super) noun: Noun,
    pub(super) timeline: Vec<Second>,
    pub(super) measured_s: f64,
    /// Whether the mean latency of each second is known.
    pub(super) has_mean: bool,
}

pub(super) fn section(run: &OverTime) -> Markup {
    let columns = columns(&run.timeline, run.measured_s, MOST_COLUMNS);
    let Some(last) = columns.last() else { return html! {} };
    html! {
        section {
            h2 { "Over time" }
            div.beside {
                (rates(&run.noun, last.to, &columns))
                @if run.has_mean { (mean(last.to, &columns)) }
                (longest(last.to, &columns))
                (failures(last.to, &columns))
            }
            (spread(&run.noun, &columns))
            (table(run))
        }
    }
}

fn rates(noun: &Noun, end: f64, columns: &[Column]) -> Markup {
    let (lowest, highest) = (least(columns, |column| column.lowest), most(columns, |column| column.highest));
    let (from, to) = (number_of_three_digits(lowest), number_of_three_digits(highest));
    let plot = Plot {
        title: &format!("{} per second", noun.heading),
        description: format!("Between {from} and {to} {} per second.", noun.plural),
        x: &|second| axes::name_of_time(*second, end),
        y: &|rate| round_number(*rate),
        has_legend: false,
    };
    plot.draw(seconds(end), counts(highest), |canvas| {
        let rates = line(columns, Column::rate);
        canvas.draw_series([Polygon::new(band(columns), LOGIN.mix(0.3))])?;
        canvas.draw_series(AreaSeries::new(rates.clone(), 0.0, LOGIN.mix(0.14)))?;
        canvas.draw_series(LineSeries::new(rates, LOGIN.stroke_width(LINE_WIDTH)))?;
        Ok(())
    })
}

fn failures(end: f64, columns: &[Column]) -> Markup {
    let highest = most(columns, |column| column.most_failures);
    if highest <= 0.0 {
        return html! {};
    }
    let plot = Plot {
        title: "Failures per second",
        description: format!("At most {} failures in a second.", number_of_three_digits(highest)),
        x: &|second| axes::name_of_time(*second, end),
        y: &|rate| round_number(*rate),
        has_legend: false,
    };
    plot.draw(seconds(end), counts(highest), |canvas| {
        let rates = line(columns, |column| column.most_failures);
        canvas.draw_series(AreaSeries::new(rates.clone(), 0.0, FAILURE.mix(0.35)))?;
        canvas.draw_series(LineSeries::new(rates, FAILURE.stroke_width(LINE_WIDTH)))?;
        Ok(())
    })
}

fn longest(end: f64, columns: &[Column]) -> Markup {
    latency("Longest latency in each second", "longest", end, columns, |column| column.longest)
}

fn mean(end: f64, columns: &[Column]) -> Markup {
    latency("Mean latency in each second", "mean", end, columns, Column::mean)
}

/// A chart of one latency of each second; `which` names it.
fn latency(
    title: &str,
    which: &str,
    end: f64,
    columns: &[Column],
    value: impl Fn(&Column) -> Option<f64>,
) -> Markup {
    let shortest = least(columns, |column| value(column).unwrap_or(f64::INFINITY));
    let highest = most(columns, |column| value(column).unwrap_or_default());
    if highest <= 0.0 {
        return html! {};
    }
    let (from, to) = (time(shortest), time(highest));
    let plot = Plot {
        title,
        description: format!("The {which} latency of a second is between {from} and {to}."),
        x: &|second| axes::name_of_time(*second, end),
        y: &|latency| round_time(*latency),
        has_legend: false,
    };
    let (range, named) = axes::multiples(shortest, highest);
    plot.draw(seconds(end), range.log_scale().with_key_points(named), |canvas| {
        for unbroken in steps(columns, value) {
            canvas.draw_series(LineSeries::new(unbroken, LOGIN.stroke_width(LINE_WIDTH)))?;
        }
        Ok(())
    })
}

fn seconds(end: f64) -> impl Axis {
    (0.0..end).step(axes::step_of_time(end))
}

fn counts(highest: f64) -> Range<f64> {
    0.0..if highest > 0.0 { highest * HEADROOM } else { 1.0 }
}

fn least(columns: &[Column], value: impl Fn(&Column) -> f64) -> f64 {
    columns.iter().map(value).fold(f64::INFINITY, f64::min)
}

fn most(columns: &[Column], value: impl Fn(&Column) -> f64) -> f64 {
    columns.iter().map(value).fold(0.0, f64::max)
}

/// Explains the charts.
fn spread(noun: &Noun, columns: &[Column]) -> Markup {
    let each = columns.first().map_or(0.0, |column| (column.to - column.from).round());
    html! {
        p.small {
            "Latency rises by multiples, and has a gap where no " (noun.singular) " was completed. "
            @if columns.len() > 1 && each > 1.0 {
                "Each step is " (each) " seconds: " (noun.plural) " are their mean, in a band from the slowest to the fastest \
                 second; longest latency and failures are those of the worst second."
            }
        }
    }
}

fn table(run: &OverTime) -> Markup {
    html! {
        table {
            caption { "The same in figures" }
            thead { tr {
                th scope="col" { "From second" }
                th scope="col" { (run.noun.heading) }
                th scope="col" { "Per second" }
                th scope="col" { "Failures" }
                @if run.has_mean { th scope="col" { "Mean latency" } }
                th scope="col" { "Longest latency" }
            } }
            tbody {
                @for column in columns(&run.timeline, run.measured_s, MOST_LINES) { (row(&column, run.has_mean)) }
            }
        }
    }
}

fn row(column: &Column, has_mean: bool) -> Markup {
    html! {
        tr {
            th scope="row" { (round_number(column.from)) }
            td { (count(column.successes)) }
            td { (number_of_three_digits(column.rate())) }
            td { (count(column.failures)) }
            @if has_mean { td { (column.mean().map_or_else(|| NONE.to_owned(), time)) } }
            td { (column.longest.map_or_else(|| NONE.to_owned(), time)) }
        }
    }
}
