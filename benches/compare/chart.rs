//! A figure for each case: logins per second and the client's processor time, with minimum and maximum as whiskers.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Failure;
use crate::case::{Authentication, Case, TargetKind};
use crate::contender::Contender;
use crate::measurement::{self, Measured};
use crate::statistics::Spread;

const SIZE: (u32, u32) = (440, 260);
const TITLE: (&str, i32) = ("sans-serif", 16);
const TEXT: (&str, i32) = ("sans-serif", 13);

/// Width of a bar, as a part of the distance between two placements.
const BAR: f64 = 0.26;
/// Height of the axis, as a multiple of the longest whisker.
const HEADROOM: f64 = 1.08;
/// Position of the legend, and the distance between its entries.
const LEGEND: (i32, i32) = (90, 30);
const LEGEND_STEP: i32 = 90;
/// Height of the legend below the title.
const LEGEND_HEIGHT: i32 = 20;

/// The panels: heading, and the figure of a sample.
const PANELS: [(&str, measurement::Figure); 2] =
    [("logins per second", |sample| sample.per_second), ("client, µs per login", |sample| sample.client_us)];

/// A figure, its name, and what it is about.
pub(crate) struct Figure {
    pub(crate) target: TargetKind,
    pub(crate) authentication: Authentication,
    pub(crate) concurrency: u32,
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) svg: String,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// All of them; each shows a case in all its placements.
pub(crate) fn figures(measured: &[Measured<Case>]) -> Result<Vec<Figure>, Failure> {
    let cases = || measured.iter().map(|measured| measured.case);
    let is_first = |(index, case): &(usize, Case)| !cases().take(*index).any(|other| is_same(other, *case));
    let figure = |(_, case)| {
        let same: Vec<_> = measured.iter().filter(|measured| is_same(measured.case, case)).collect();
        figure(case, &same)
    };
    cases().enumerate().filter(is_first).map(figure).collect()
}

fn is_same(one: Case, other: Case) -> bool {
    Case { placement: other.placement, ..one } == other
}

fn figure(case: Case, placed: &[&Measured<Case>]) -> Result<Figure, Failure> {
    let Case { target, authentication, concurrency, .. } = case;
    let title = format!("{target}, {authentication}, {concurrency} at a time");
    let mut svg = String::new();
    // Its errors cannot be sent between threads.
    draw(&mut svg, &title, placed).map_err(|error| error.to_string())?;
    let file = format!("{}-{}-{concurrency}.svg", target.word(), authentication.word());
    Ok(Figure { target, authentication, concurrency, file, title, svg })
}

fn draw(svg: &mut String, title: &str, placed: &[&Measured<Case>]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let below = root.titled(title, TITLE.into_font())?;
    draw_legend(&root)?;
    let (_, below) = below.split_vertically(LEGEND_HEIGHT);
    for (area, (heading, figure)) in below.split_evenly((1, PANELS.len())).iter().zip(PANELS) {
        draw_panel(area, heading, figure, placed)?;
    }
    Ok(root.present()?)
}

/// The bars of a panel: position, contender and height of each.
fn bars<'a>(
    placed: &'a [&Measured<Case>],
    figure: measurement::Figure,
) -> impl Iterator<Item = (f64, Contender, Spread)> + 'a {
    placed.iter().zip(0_u32..).flat_map(move |(measured, place)| {
        Contender::OF_LOGINS.into_iter().zip([-BAR, 0.0, BAR]).filter_map(move |(contender, beside)| {
            Some((f64::from(place) + beside, contender, measured.spread(contender, figure)?))
        })
    })
}

fn draw_panel(
    area: &Area<'_>,
    heading: &str,
    figure: measurement::Figure,
    placed: &[&Measured<Case>],
) -> Result<(), Box<dyn Error>> {
    let mut builder = ChartBuilder::on(area);
    builder.caption(heading, TEXT).margin(6).x_label_area_size(24).y_label_area_size(46);
    let end = f64::from(u32::try_from(placed.len())?) - 0.5;
    let top = bars(placed, figure).map(|(.., spread)| spread.max).fold(0.0, f64::max) * HEADROOM;
    let mut chart = builder.build_cartesian_2d(-0.5..end, 0.0..top)?;
    let label = |place: &f64| placement(placed, *place);
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh().label_style(TEXT).x_labels(2 * placed.len() + 1).y_labels(6);
    mesh.light_line_style(TRANSPARENT).x_label_formatter(&label);
    mesh.y_label_formatter(&|value| format!("{value:.0}")).draw()?;
    chart.draw_series(bars(placed, figure).map(|(place, contender, spread)| {
        Rectangle::new(
            [(place - BAR / 2.0, 0.0), (place + BAR / 2.0, spread.median)],
            colour(contender).filled(),
        )
    }))?;
    chart.draw_series(bars(placed, figure).map(|(place, _, Spread { median, min, max })| {
        ErrorBar::new_vertical(place, min, median, max, BLACK.stroke_width(1), 6)
    }))?;
    Ok(())
}

/// The label below a position of the axis; empty between two positions.
fn placement(placed: &[&Measured<Case>], place: f64) -> String {
    let near = |index: u32| (f64::from(index) - place).abs() < 0.01;
    let at = placed.iter().zip(0_u32..).find(|(_, index)| near(*index));
    at.map_or_else(String::new, |(measured, _)| measured.case.placement.word().to_owned())
}

fn draw_legend(root: &Area<'_>) -> Result<(), Box<dyn Error>> {
    let (mut x, y) = LEGEND;
    for contender in Contender::OF_LOGINS {
        root.draw(&Rectangle::new([(x, y), (x + 12, y + 12)], colour(contender).filled()))?;
        root.draw(&Text::new(contender.word(), (x + 17, y), TEXT))?;
        x += LEGEND_STEP;
    }
    Ok(())
}

/// Told apart without colour, too.
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
    use crate::case::Placement;
    use crate::exchanges::Exchanges;
    use crate::measurement::Round;
    use crate::sample::Sample;

    fn measured(placement: Placement, concurrency: u32) -> Measured<Case> {
        let sample = Sample { per_second: 5000.0, client_us: 100.0, target_us: 100.0 };
        Measured {
            case: Case {
                placement,
                target: TargetKind::Tgtd,
                authentication: Authentication::Mutual,
                concurrency,
            },
            exchanges: Exchanges::default(),
            rounds: vec![Round(Contender::OF_LOGINS.map(|contender| (contender, sample)).into())],
        }
    }

    #[test]
    fn a_case_is_one_figure_with_its_placements_beside_each_other() {
        let [pinned, unpinned] = Placement::OF_LOGINS;
        let figures = figures(&[measured(pinned, 1), measured(pinned, 32), measured(unpinned, 1)]).unwrap();
        let files: Vec<_> = figures.iter().map(|figure| figure.file.as_str()).collect();
        assert_eq!(files, ["tgtd-mutual-1.svg", "tgtd-mutual-32.svg"]);
        let svg = &figures[0].svg;
        assert!(svg.starts_with("<svg") && svg.contains("mutual CHAP"));
        for label in ["\npinned\n", "\nunpinned\n", "\nlibiscsi\n"] {
            assert!(svg.contains(label), "{label}: {svg}");
        }
    }
}
