//! What happened when: logins and failures per second, and the longest wait.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::Chart;
use super::steps::{area, band, steps};
use super::timeline::{Column, columns};
use crate::bench::figures::{NONE, count, number_of_three_digits, round_number, round_time, time};
use crate::bench::results::Results;

/// Columns of a chart: about one for each pixel of a phone.
const MOST_COLUMNS: usize = 300;

/// Lines of the table.
const MOST_LINES: usize = 12;

pub(super) fn section(results: &Results) -> Markup {
    let columns = columns(&results.timeline, results.measured_s, MOST_COLUMNS);
    let Some(last) = columns.last() else { return html! {} };
    let x = Axis::seconds(last.to);
    html! {
        section {
            h2 { "Over time" }
            div.beside {
                (logins(&x, &columns))
                (longest(&x, &columns))
                (failures(&x, &columns))
            }
            (spread(&columns))
            (table(results))
        }
    }
}

fn logins(x: &Axis, columns: &[Column]) -> Markup {
    let (lowest, highest) = (least(columns, |column| column.lowest), most(columns, |column| column.highest));
    let y = Axis::counts(highest, round_number);
    let plot = html! {
        path.band d=(band(x, &y, columns)) {}
        path.area d=(area(x, &y, columns, Column::rate)) {}
        path.logins d=(steps(x, &y, columns, |column| Some(column.rate()))) {}
    };
    let (lowest, highest) = (number_of_three_digits(lowest), number_of_three_digits(highest));
    let description = format!("Between {lowest} and {highest} logins per second.");
    let (title, points) = ("Logins per second", html! {});
    figure(&Chart { id: "logins", title, description, x, y: &y, plot, points })
}

fn failures(x: &Axis, columns: &[Column]) -> Markup {
    let highest = most(columns, |column| column.most_failures);
    if highest <= 0.0 {
        return html! {};
    }
    let y = Axis::counts(highest, round_number);
    let plot = html! {
        path.failures-area d=(area(x, &y, columns, |column| column.most_failures)) {}
        path.failures d=(steps(x, &y, columns, |column| Some(column.most_failures))) {}
    };
    let description = format!("At most {} failures in a second.", number_of_three_digits(highest));
    let (title, points) = ("Failures per second", html! {});
    figure(&Chart { id: "failures", title, description, x, y: &y, plot, points })
}

fn longest(x: &Axis, columns: &[Column]) -> Markup {
    let longest = |column: &Column| column.longest;
    let shortest = least(columns, |column| column.longest.unwrap_or(f64::INFINITY));
    let highest = most(columns, |column| column.longest.unwrap_or_default());
    if highest <= 0.0 {
        return html! {};
    }
    let y = Axis::multiples(shortest, highest, round_time);
    let plot = html! { path.longest d=(steps(x, &y, columns, longest)) {} };
    let description =
        format!("The longest of a second lies between {} and {}.", time(shortest), time(highest));
    let (title, points) = ("Longest latency in each second", html! {});
    figure(&Chart { id: "longest", title, description, x, y: &y, plot, points })
}

fn figure(chart: &Chart<'_>) -> Markup {
    html! { figure { figcaption { (chart.title) } (chart.draw()) } }
}

fn least(columns: &[Column], value: impl Fn(&Column) -> f64) -> f64 {
    columns.iter().map(value).fold(f64::INFINITY, f64::min)
}

fn most(columns: &[Column], value: impl Fn(&Column) -> f64) -> f64 {
    columns.iter().map(value).fold(0.0, f64::max)
}

/// How to read the charts.
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
