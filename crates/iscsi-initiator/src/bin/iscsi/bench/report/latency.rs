//! Charts and tables of latency, by percentile.

use maud::{Markup, html};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::axes::{multiples, named_rarities, percentile_name, points, rarest};
use super::plot::{Canvas, Drawn, LINE_WIDTH, Plot, SAMPLE};
use crate::bench::figures::{NONE, round_time, time};
use crate::bench::results::Distribution;

/// Radius of a point.
const DOT: i32 = 5;

/// A dash and a gap; this dash is longer than any chart.
pub(super) const SOLID: (i32, i32) = (100_000, 1);

/// A line of a chart.
pub(super) struct Series<'a> {
    pub(super) name: &'static str,
    pub(super) colour: RGBColor,
    /// Distinguishes lines without colour, too.
    pub(super) dash: (i32, i32),
    pub(super) times: &'a Distribution,
}

/// The remark below such charts.
pub(super) fn axes_remark(operations: &str) -> Markup {
    html! {
        p.small {
            "Percent of " (operations) " that took no longer. Both axes rise by multiples: from 90 to 99 as far as from 99 to 99.9."
        }
    }
}

/// A chart of distributions; the axis is that of the largest.
pub(super) fn percentiles(title: &str, series: &[Series<'_>]) -> Markup {
    let Some(largest) = series.iter().max_by_key(|series| series.times.count) else { return html! {} };
    let shortest = series.iter().map(|series| series.times.min).fold(f64::INFINITY, f64::min);
    let longest = series.iter().map(|series| series.times.max).fold(0.0, f64::max);
    let (range, named) = multiples(shortest, longest);
    let end = rarest(largest.times);
    let plot = Plot {
        title,
        description: description(series),
        x: &|rarity| percentile_name(*rarity, end),
        y: &|time| round_time(*time),
        has_legend: series.len() > 1,
    };
    let rarities = (1.0..end).log_scale().with_key_points(named_rarities(largest.times));
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

/// A table of distributions, with these headings; the percentiles are those of the largest.
pub(super) fn table(headings: &[&str], times: &[&Distribution]) -> Markup {
    let largest = times.iter().max_by_key(|times| times.count);
    let percentiles = largest.map_or([].as_slice(), |largest| largest.percentiles.as_slice());
    html! {
        table {
            caption { "The same in figures" }
            thead { tr {
                td {}
                @for heading in headings { th scope="col" { (heading) } }
            } }
            tbody {
                (row("min", times, |times| Some(times.min)))
                (row("mean", times, |times| Some(times.mean)))
                @for percent in percentiles.iter().map(|percentile| percentile.percent) {
                    (row(&format!("p{percent}"), times, |times| times.at(percent)))
                }
                (row("max", times, |times| Some(times.max)))
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
