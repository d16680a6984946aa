//! A figure for each target and placement: logins per second, with the least and the most as whiskers.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Failure;
use crate::case::{Authentication, Placement, TargetKind};
use crate::contender::Contender;
use crate::measurement::Measured;
use crate::statistics::Spread;
use crate::table::groups;

const SIZE: (u32, u32) = (960, 340);
const TITLE: (&str, i32) = ("sans-serif", 18);
const TEXT: (&str, i32) = ("sans-serif", 13);

/// A bar's part of the room between two numbers of logins.
const BAR: f64 = 0.26;
/// Room above the longest whisker.
const HEADROOM: f64 = 1.08;
/// Where the legend stands, and how far its entries are apart.
const LEGEND: (i32, i32) = (690, 12);
const LEGEND_STEP: i32 = 90;

/// A figure and its name.
pub(crate) struct Figure {
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) svg: String,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// All of them.
pub(crate) fn figures(measured: &[Measured]) -> Result<Vec<Figure>, Failure> {
    groups(measured).map(|(placement, target, group)| figure(placement, target, &group)).collect()
}

fn figure(placement: Placement, target: TargetKind, group: &[&Measured]) -> Result<Figure, Failure> {
    let title = format!("Logins per second with {target}, {placement}");
    let mut svg = String::new();
    // Its errors cannot be sent between threads.
    draw(&mut svg, &title, group).map_err(|error| error.to_string())?;
    Ok(Figure { file: file(placement, target).to_owned(), title, svg })
}

const fn file(placement: Placement, target: TargetKind) -> &'static str {
    match (target, placement) {
        (TargetKind::Tgtd, Placement::Pinned) => "tgtd-pinned.svg",
        (TargetKind::Tgtd, Placement::Unpinned) => "tgtd-unpinned.svg",
        (TargetKind::Embedded, Placement::Pinned) => "embedded-pinned.svg",
        (TargetKind::Embedded, Placement::Unpinned) => "embedded-unpinned.svg",
    }
}

/// A panel for each authentication, all to the same scale.
fn draw(svg: &mut String, title: &str, group: &[&Measured]) -> Result<(), Box<dyn Error>> {
    let panels: Vec<(Authentication, Vec<&Measured>)> = panels(group);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let below = root.titled(title, TITLE.into_font())?;
    draw_legend(&root)?;
    let areas = below.split_evenly((1, panels.len()));
    let top = bars(group).map(|(.., spread)| spread.max).fold(0.0, f64::max) * HEADROOM;
    for (area, (authentication, panel)) in areas.iter().zip(&panels) {
        draw_panel(area, *authentication, panel, top)?;
    }
    Ok(root.present()?)
}

fn panels<'a>(group: &[&'a Measured]) -> Vec<(Authentication, Vec<&'a Measured>)> {
    let of = |authentication| {
        let panel = group.iter().filter(|measured| measured.case.authentication == authentication);
        (authentication, panel.copied().collect::<Vec<_>>())
    };
    Authentication::ALL.into_iter().map(of).filter(|(_, panel)| !panel.is_empty()).collect()
}

/// Every bar of a panel: its place, whose it is, and how high it is.
fn bars<'a>(panel: &'a [&Measured]) -> impl Iterator<Item = (f64, Contender, Spread)> + 'a {
    panel.iter().zip(0_u32..).flat_map(|(measured, place)| {
        Contender::ALL.into_iter().zip([-BAR, 0.0, BAR]).filter_map(move |(contender, beside)| {
            let spread = measured.spread(contender, |sample| sample.logins_per_second)?;
            Some((f64::from(place) + beside, contender, spread))
        })
    })
}

fn draw_panel(
    area: &Area<'_>,
    authentication: Authentication,
    panel: &[&Measured],
    top: f64,
) -> Result<(), Box<dyn Error>> {
    let mut builder = ChartBuilder::on(area);
    builder.caption(authentication.to_string(), TEXT).margin(8).x_label_area_size(38).y_label_area_size(52);
    let places = f64::from(u32::try_from(panel.len())?);
    let mut chart = builder.build_cartesian_2d(-0.5..places - 0.5, 0.0..top)?;
    let label = |place: &f64| concurrency(panel, *place);
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh().label_style(TEXT).x_desc("at a time").x_labels(panel.len() + 1);
    mesh.light_line_style(TRANSPARENT).x_label_formatter(&label);
    mesh.y_label_formatter(&|rate| format!("{rate:.0}")).draw()?;
    chart.draw_series(bars(panel).map(|(place, contender, spread)| {
        Rectangle::new(
            [(place - BAR / 2.0, 0.0), (place + BAR / 2.0, spread.median)],
            colour(contender).filled(),
        )
    }))?;
    chart.draw_series(bars(panel).map(|(place, _, Spread { median, min, max })| {
        ErrorBar::new_vertical(place, min, median, max, BLACK.stroke_width(1), 6)
    }))?;
    Ok(())
}

/// What stands below a place of the axis; nothing between two of them.
fn concurrency(panel: &[&Measured], place: f64) -> String {
    let near = |index: u32| (f64::from(index) - place).abs() < 0.01;
    let at = panel.iter().zip(0_u32..).find(|(_, index)| near(*index));
    at.map_or_else(String::new, |(measured, _)| measured.case.concurrency.to_string())
}

fn draw_legend(root: &Area<'_>) -> Result<(), Box<dyn Error>> {
    let (mut x, y) = LEGEND;
    for contender in Contender::ALL {
        root.draw(&Rectangle::new([(x, y), (x + 12, y + 12)], colour(contender).filled()))?;
        root.draw(&Text::new(contender.word(), (x + 17, y), TEXT))?;
        x += LEGEND_STEP;
    }
    Ok(())
}

/// Told apart without colour, too.
const fn colour(contender: Contender) -> RGBColor {
    match contender {
        Contender::Ours => RGBColor(0, 90, 156),
        Contender::Libiscsi => RGBColor(230, 159, 0),
        Contender::Bare => RGBColor(200, 200, 200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Case;
    use crate::exchanges::Exchanges;
    use crate::measurement::Round;
    use crate::sample::Sample;

    fn measured(concurrency: u32) -> Measured {
        let sample = Sample { logins_per_second: 5000.0, client_us: 100.0, target_us: 100.0 };
        Measured {
            case: Case {
                placement: Placement::Pinned,
                target: TargetKind::Tgtd,
                authentication: Authentication::Mutual,
                concurrency,
            },
            exchanges: Exchanges::default(),
            rounds: vec![Round { ours: sample, libiscsi: sample, bare: sample }],
        }
    }

    #[test]
    fn a_group_is_one_figure_with_a_label_for_each_case() {
        let figures = figures(&[measured(1), measured(32), measured(256)]).unwrap();
        assert_eq!(figures.len(), 1);
        let svg = &figures[0].svg;
        assert!(svg.starts_with("<svg") && svg.contains("mutual CHAP"));
        for label in ["\n1\n", "\n32\n", "\n256\n", "\nlibiscsi\n"] {
            assert!(svg.contains(label), "{label}: {svg}");
        }
    }
}
