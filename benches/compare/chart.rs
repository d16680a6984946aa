//! Grouped bars as SVG, with title, unit and legend; on white, for light and dark pages.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Failure;
use crate::contender::Contender;

/// The width is that of a page of Markdown.
const SIZE: (u32, u32) = (900, 360);
const TITLE: (&str, i32) = ("sans-serif", 19);
const TEXT: (&str, i32) = ("sans-serif", 15);
const LINE_HEIGHT: usize = 16;
/// Height of the lines below a group.
const LABEL_HEIGHT: i32 = 54;

/// Width of all bars of a group; the groups are 1 apart.
const GROUP: f64 = 0.84;
/// The part of a bar's place that it fills.
const FILLED: f64 = 0.94;
/// Height of the axis, as a multiple of the highest bar.
const HEADROOM: f64 = 1.06;
/// Position of the legend, its height with the space around it, the space of an entry without its name, and that of a letter.
const LEGEND: (i32, i32) = (70, 36);
const LEGEND_HEIGHT: i32 = 28;
const ENTRY: i32 = 32;
const LETTER: i32 = 7;

/// A set of bars, one in each group: name and colour.
pub(crate) type Series = (&'static str, RGBColor);

/// Bars beside each other.
#[derive(Debug)]
pub(crate) struct Group {
    /// The lines below the bars.
    pub(crate) label: Vec<String>,
    /// One for each series, if there is one.
    pub(crate) bars: Vec<Option<f64>>,
}

/// A chart.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    /// The unit of the axis.
    pub(crate) unit: &'static str,
    pub(crate) series: Vec<Series>,
    pub(crate) groups: Vec<Group>,
    /// The height of a line across all groups, and its name.
    pub(crate) reference: Option<(f64, &'static str)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Chart {
    /// The chart as SVG.
    pub(crate) fn svg(&self) -> Result<String, Failure> {
        let mut svg = String::new();
        // Its errors cannot be sent between threads.
        self.draw(&mut svg).map_err(|error| error.to_string())?;
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn Error>> {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let below = root.titled(self.title, TITLE)?;
        self.draw_legend(&root)?;
        self.draw_bars(&root, &below.split_vertically(LEGEND_HEIGHT).1)?;
        Ok(root.present()?)
    }

    fn draw_bars(&self, root: &Area<'_>, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
        let end = float(self.groups.len()) - 0.5;
        let mut builder = ChartBuilder::on(area);
        builder.margin(8).y_label_area_size(62).x_label_area_size(LABEL_HEIGHT);
        let mut chart = builder.build_cartesian_2d(-0.5..end, 0.0..self.top())?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().x_labels(0).y_labels(8).label_style(TEXT).axis_desc_style(TEXT);
        mesh.light_line_style(TRANSPARENT).y_desc(self.unit);
        mesh.y_label_formatter(&|height| self.height_label(*height)).draw()?;
        chart.draw_series(self.bars().map(|(from, to, height, colour)| {
            Rectangle::new([(from, 0.0), (to, height)], colour.filled())
        }))?;
        if let Some((height, _)) = self.reference {
            chart.draw_series([PathElement::new([(-0.5, height), (end, height)], BLACK.stroke_width(1))])?;
        }
        for (place, group) in self.groups.iter().enumerate() {
            draw_label(root, chart.backend_coord(&(float(place), 0.0)), &group.label)?;
        }
        Ok(())
    }

    /// The bars: left, right, height and colour of each.
    fn bars(&self) -> impl Iterator<Item = (f64, f64, f64, RGBColor)> + '_ {
        let width = GROUP / float(self.series.len().max(1));
        self.groups.iter().enumerate().flat_map(move |(place, group)| {
            let bars = group.bars.iter().zip(&self.series).enumerate();
            bars.filter_map(move |(index, (height, (_, colour)))| {
                let left = float(place) - GROUP / 2.0 + float(index) * width;
                Some((left, left + width * FILLED, (*height)?, *colour))
            })
        })
    }

    fn top(&self) -> f64 {
        let least = self.reference.map_or(f64::MIN_POSITIVE, |(height, _)| height);
        self.bars().map(|(_, _, height, _)| height).fold(least, f64::max) * HEADROOM
    }

    /// Ratios have a decimal.
    fn height_label(&self, height: f64) -> String {
        if self.top() < 10.0 { format!("{height:.1}") } else { format!("{height:.0}") }
    }

    fn draw_legend(&self, root: &Area<'_>) -> Result<(), Box<dyn Error>> {
        let (mut x, y) = LEGEND;
        let line = self.reference.map(|(_, name)| (name, BLACK, 6..7));
        for (name, colour, height) in
            self.series.iter().map(|(name, colour)| (*name, *colour, 0..12)).chain(line)
        {
            let corners = [(x, y + height.start), (x + 12, y + height.end)];
            root.draw(&Rectangle::new(corners, colour.filled()))?;
            root.draw(&Text::new(name, (x + 17, y), TEXT))?;
            x += ENTRY + LETTER * i32::try_from(name.chars().count())?;
        }
        Ok(())
    }
}

/// Lines below a place on the axis.
fn draw_label(root: &Area<'_>, (x, y): (i32, i32), lines: &[String]) -> Result<(), Box<dyn Error>> {
    let style = TextStyle::from(TEXT).pos(Pos::new(HPos::Center, VPos::Top));
    for (line, top) in lines.iter().zip((y + 4..).step_by(LINE_HEIGHT)) {
        root.draw(&Text::new(line.as_str(), (x, top), style.clone()))?;
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a chart has few groups and bars")]
const fn float(count: usize) -> f64 {
    count as f64
}

/// A contender's colour, told apart in shades of grey, too.
pub(crate) const fn colour(contender: Contender) -> RGBColor {
    match contender {
        Contender::Ours => RGBColor(0, 90, 156),
        Contender::Libiscsi => RGBColor(230, 159, 0),
        Contender::Qemu => RGBColor(0, 158, 115),
        Contender::Bare => RGBColor(200, 200, 200),
        Contender::Replay => RGBColor(130, 130, 130),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(bars: [Option<f64>; 2], reference: Option<(f64, &'static str)>) -> Chart {
        let series =
            [Contender::Ours, Contender::Bare].map(|contender| (contender.word(), colour(contender)));
        let groups = vec![Group { label: vec!["CHAP".to_owned(), "32".to_owned()], bars: bars.into() }];
        Chart { title: "Time of a login", unit: "µs per login", series: series.into(), groups, reference }
    }

    #[test]
    fn a_chart_says_what_it_shows() {
        let svg = chart([Some(60.0), Some(40.0)], Some((1.0, "limit"))).svg().unwrap();
        assert!(svg.starts_with("<svg"));
        for text in ["Time of a login", "µs per login", "ours", "bare", "CHAP", "32", "limit"] {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}: {svg}");
        }
    }

    #[test]
    fn a_bar_that_is_missing_leaves_its_place_empty() {
        let chart = chart([None, Some(40.0)], None);
        let bars: Vec<_> = chart.bars().collect();
        assert_eq!(bars.len(), 1);
        assert!(bars[0].0 >= 0.0 && bars[0].3 == colour(Contender::Bare), "{bars:?}");
    }

    #[test]
    fn the_axis_ends_above_the_highest_bar_and_the_line() {
        assert!(chart([Some(60.0), None], None).top() > 60.0);
        assert!(chart([Some(0.5), None], Some((1.0, "limit"))).top() > 1.0);
        assert!(chart([None, None], None).svg().is_ok());
    }
}
