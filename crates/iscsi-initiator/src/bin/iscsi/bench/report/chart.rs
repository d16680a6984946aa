//! The frame of a chart: grid, names of the axes, and a plot that fills whatever width there is.
//!
//! The outer drawing is measured in pixels of the page and places in percent, so that its text is as large on a phone as
//! on paper. Only the plot within is stretched.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::axis::Axis;

/// Units of a plot in both directions.
const SIZE: f64 = 1000.0;

/// A chart.
pub(super) struct Chart<'a> {
    /// Sets it apart from others of the page.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// What it shows, for those who do not see it.
    pub(super) description: String,
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
    /// What is stretched: lines and areas, in the units of [`place`].
    pub(super) plot: Markup,
    /// What is not: points, in percent.
    pub(super) points: Markup,
}

impl Chart<'_> {
    pub(super) fn draw(&self) -> Markup {
        let (title, description) = (format!("{}-title", self.id), format!("{}-description", self.id));
        html! {
            svg.chart role="img" aria-labelledby={ (title) " " (description) } {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description) }
                g.axes aria-hidden="true" { (self.rows()) (self.columns()) }
                svg viewBox={ "0 0 " (SIZE) " " (SIZE) } preserveAspectRatio="none" width="100%" height="100%" {
                    (self.plot)
                }
                (self.points)
            }
        }
    }

    fn rows(&self) -> Markup {
        html! {
            @for tick in &self.y.ticks {
                @let y = percent(1.0 - tick.at);
                line x1="0" x2="100%" y1=(y) y2=(y) {}
                text.y x="-6" y=(y) dy=".32em" { (tick.label) }
            }
        }
    }

    fn columns(&self) -> Markup {
        html! {
            @for tick in &self.x.ticks {
                @let x = percent(tick.at);
                line x1=(x) x2=(x) y1="0" y2="100%" {}
                text class=(anchor(tick.at)) x=(x) y="100%" dy="1.5em" { (tick.label) }
            }
        }
    }
}

/// Text at the edge of a drawing stays within.
fn anchor(at: f64) -> &'static str {
    match at {
        at if at < 0.03 => "first",
        at if at > 0.97 => "last",
        _ => "x",
    }
}

pub(super) fn percent(at: f64) -> String {
    format!("{:.2}%", at * 100.0)
}

/// A place in the plot, from places on the axes.
pub(super) fn place(x: f64, y: f64) -> (f64, f64) {
    (x * SIZE, (1.0 - y) * SIZE)
}

/// A line through places, as the `d` of a path.
pub(super) fn line(places: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in places {
        _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" });
    }
    path
}

/// What a chart shows in which way: a sample of each, and its name.
pub(super) fn legend(entries: &[(&str, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (class, name) in entries {
                li {
                    svg.sample aria-hidden="true" { line class=(class) x1="0" x2="100%" y1="50%" y2="50%" {} }
                    (name)
                }
            }
        }
    }
}
