//! Charts over time: logins and failures per second, and the longest latency.

use std::ops::Range;

use maud::{Markup, html};
use plotters::prelude::*;

use super::axes;
use super::plot::{Axis, FAILURE, LINE_WIDTH, LOGIN, Plot};
use super::timeline::{Column, band, columns, line, steps};
use crate::bench::figures::{NONE, count, number_of_three_digits, round_number, round_time, time};
use crate::bench::results::Results;

/// Columns of a chart: about one for each pixel of a phone.
const MOST_COLUMNS: usize = 300;

/// Lines of the table.
const MOST_LINES: usize = 12;

/// Space above the highest value, as a factor.
const HEADROOM: f64 = 1.05;

pub(super) fn section(results: &Results) -> Markup {
    let columns = columns(&results.timeline, results.measured_s, MOST_COLUMNS);
    let Some(last) = columns.last() else { return html! {} };
    html! {
        section {
            h2 { "Over time" }
            div.beside {
                (logins(last.to, &columns))
                (longest(last.to, &columns))
                (failures(last.to, &columns))
            }
            (spread(&columns))
            (table(results))
        }
    }
}

fn logins(end: f64, columns: &[Column]) -> Markup {
    let (lowest, highest) = (least(columns, |column| column.lowest), most(columns, |column| column.highest));
    let (from, to) = (number_of_three_digits(lowest), number_of_three_digits(highest));
    let plot = Plot {
        title: "Logins per second",
        description: format!("Between {from} and {to} logins per second."),
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
    let shortest = least(columns, |column| column.longest.unwrap_or(f64::INFINITY));
    let highest = most(columns, |column| column.longest.unwrap_or_default());
    if highest <= 0.0 {
        return html! {};
    }
    let plot = Plot {
        title: "Longest latency in each second",
        description: format!(
            "The longest latency of a second is between {} and {}.",
            time(shortest),
            time(highest)
        ),
        x: &|second| axes::name_of_time(*second, end),
        y: &|latency| round_time(*latency),
        has_legend: false,
    };
    let (range, named) = axes::multiples(shortest, highest);
    plot.draw(seconds(end), range.log_scale().with_key_points(named), |canvas| {
        for unbroken in steps(columns, |column| column.longest) {
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
fn spread(columns: &[Column]) -> Markup {
    let each = columns.first().map_or(0.0, |column| (column.to - column.from).round());
    html! {
        p.small {
            "Latency rises by multiples, and has a gap where no login was completed. "
            @if columns.len() > 1 && each > 1.0 {
                "Each step is " (each) " seconds: logins are their mean, in a band from the slowest to the fastest second; \
                 latency and failures are those of the worst second."
            }
        }
    }
}

fn table(results: &Results) -> Markup {
    html! {
        table {
            caption { "The same in figures" }
            thead { tr {
                th scope="col" { "From second" }
                th scope="col" { "Logins" }
                th scope="col" { "Per second" }
                th scope="col" { "Failures" }
                th scope="col" { "Longest latency" }
            } }
            tbody {
                @for column in columns(&results.timeline, results.measured_s, MOST_LINES) { (row(&column)) }
            }
        }
    }
}

fn row(column: &Column) -> Markup {
    html! {
        tr {
            th scope="row" { (round_number(column.from)) }
            td { (count(column.logins)) }
            td { (number_of_three_digits(column.rate())) }
            td { (count(column.failures)) }
            td { (column.longest.map_or_else(|| NONE.to_owned(), time)) }
        }
    }
}
