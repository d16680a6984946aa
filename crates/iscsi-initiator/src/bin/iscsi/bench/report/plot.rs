//! The frame of every chart, drawn by plotters, with the width and the colours of the page.

use std::io;

use maud::{Markup, PreEscaped, html};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// Width and height, in units of which a phone has about two to a pixel.
const SIZE: (u32, u32) = (640, 400);
const TEXT: (&str, i32) = ("sans-serif", 24);
/// Space for labels below and beside a chart.
const BELOW: u32 = 40;
const BESIDE: u32 = 100;
const MARGIN: u32 = 14;
/// Names on an axis of counts.
const COUNTS: usize = 5;

pub(super) const LINE_WIDTH: u32 = 4;
/// Length of a line in the legend, and its space.
pub(super) const SAMPLE: i32 = 60;
const LEGEND: i32 = 80;

/// `style.css` puts the colours of the reader's theme in the place of these.
pub(super) const GRID: RGBColor = RGBColor(0xd9, 0xdd, 0xe3);
pub(super) const LOGIN: RGBColor = RGBColor(0x0b, 0x62, 0xa8);
pub(super) const FAILURE: RGBColor = RGBColor(0xc4, 0x32, 0x0a);
pub(super) const CONNECT: RGBColor = RGBColor(0x00, 0x72, 0xb2);
pub(super) const SECURITY: RGBColor = RGBColor(0xc2, 0x57, 0x0c);
pub(super) const OPERATIONAL: RGBColor = RGBColor(0x0b, 0x7a, 0x5f);
pub(super) const LOGOUT: RGBColor = RGBColor(0x8a, 0x4f, 0xbf);

/// Reads and writes: two of the above.
pub(super) const READ: RGBColor = LOGIN;
pub(super) const WRITE: RGBColor = SECURITY;

/// The area in which series are drawn.
pub(super) type Canvas<'area, 'text, X, Y> = ChartContext<'area, SVGBackend<'text>, Cartesian2d<X, Y>>;

pub(super) type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// Of numbers, with names.
pub(super) trait Axis: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>> {}

impl<A: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>> Axis for A {}

/// The frame of a chart.
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    /// A description for screen readers.
    pub(super) description: String,
    /// Formats the labels of the axes.
    pub(super) x: &'a dyn Fn(&f64) -> String,
    pub(super) y: &'a dyn Fn(&f64) -> String,
    /// Whether there is a legend.
    pub(super) has_legend: bool,
}

impl Plot<'_> {
    /// A figure of the page. `series` draws into the frame.
    pub(super) fn draw<X, Y>(
        &self,
        x: X,
        y: Y,
        series: impl FnOnce(&mut Canvas<'_, '_, X::CoordDescType, Y::CoordDescType>) -> Drawn,
    ) -> Markup
    where
        X: Axis,
        Y: Axis,
    {
        let mut svg = String::new();
        // Drawing into a text does not fail; if it did, the tables would still have the figures.
        if self.draw_into(&mut svg, x, y, series).is_err() {
            return html! {};
        }
        html! {
            figure {
                figcaption { (self.title) }
                div.chart role="img" aria-label=(self.description) { (PreEscaped(svg)) }
            }
        }
    }

    fn draw_into<X, Y>(
        &self,
        svg: &mut String,
        x: X,
        y: Y,
        series: impl FnOnce(&mut Canvas<'_, '_, X::CoordDescType, Y::CoordDescType>) -> Drawn,
    ) -> Drawn
    where
        X: Axis,
        Y: Axis,
    {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut builder = ChartBuilder::on(&area);
        builder.margin(MARGIN).margin_right(2 * MARGIN).x_label_area_size(BELOW).y_label_area_size(BESIDE);
        let mut canvas = builder.build_cartesian_2d(x, y)?;
        let mut mesh = canvas.configure_mesh();
        mesh.bold_line_style(GRID).light_line_style(TRANSPARENT).axis_style(GRID).label_style(TEXT);
        mesh.x_label_formatter(&self.x).y_label_formatter(&self.y).y_labels(COUNTS).draw()?;
        series(&mut canvas)?;
        if self.has_legend {
            // Rising curves leave space there.
            let mut labels = canvas.configure_series_labels();
            labels
                .position(SeriesLabelPosition::LowerRight)
                .legend_area_size(LEGEND)
                .label_font(TEXT)
                .draw()?;
        }
        area.present()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_has_another_in_the_dark() {
        let style = include_str!("style.css");
        for RGBColor(red, green, blue) in [GRID, LOGIN, FAILURE, CONNECT, SECURITY, OPERATIONAL, LOGOUT] {
            let colour = format!("[stroke=\"#{red:02X}{green:02X}{blue:02X}\"]");
            assert!(style.contains(&colour), "{colour}");
        }
    }
}
