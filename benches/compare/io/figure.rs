//! A figure for each target and placement: client time relative to libiscsi's.

use std::error::Error;

use plotters::prelude::*;

use super::case::{Direction, IoCase, TargetKind};
use super::table::group;
use crate::Failure;
use crate::case::Placement;
use crate::chart::colour;
use crate::contender::Contender;
use crate::goals::CLIENT;
use crate::measurement::Measured;

const SIZE: (u32, u32) = (900, 300);
const TITLE: (&str, i32) = ("sans-serif", 16);
const TEXT: (&str, i32) = ("sans-serif", 13);
/// Width of a bar; the groups are 1 apart.
const BAR: f64 = 0.25;
/// Space for the names of the cases below the bars.
const FOOT: f64 = -0.3;
/// Height of the axis, unless a bar is higher.
const HEIGHT: f64 = 1.5;
/// The bars of a case; libiscsi is the line at 1.
const BARS: [(Contender, f64); 3] = [(Contender::Ours, -BAR), (Contender::Qemu, 0.0), (Contender::Bare, BAR)];

/// A figure as SVG, and the name of its file.
pub(crate) struct Figure {
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) svg: String,
}

/// All of them.
pub(crate) fn figures(measured: &[Measured<IoCase>]) -> Result<Vec<Figure>, Failure> {
    let keys =
        TargetKind::ALL.into_iter().flat_map(|target| Placement::ALL.map(|placement| (target, placement)));
    let figure = |(target, placement)| figure(target, placement, measured).transpose();
    keys.filter_map(figure).collect()
}

/// `None` without a case that libiscsi has taken part in.
fn figure(
    target: TargetKind,
    placement: Placement,
    measured: &[Measured<IoCase>],
) -> Result<Option<Figure>, Failure> {
    let cases: Vec<_> =
        group(measured, target, placement).filter(|measured| !measured.case.digests).collect();
    if cases.is_empty() {
        return Ok(None);
    }
    let title = format!("{target}, {placement}: client time relative to libiscsi's");
    let mut svg = String::new();
    // Its errors cannot be sent between threads.
    draw(&mut svg, &title, &cases).map_err(|error| error.to_string())?;
    let file = format!("io-{}-{}.svg", target.word(), placement.word());
    Ok(Some(Figure { file, title, svg }))
}

/// Theirs by libiscsi's, as the median of the pairs.
fn relative(measured: &Measured<IoCase>, contender: Contender) -> Option<f64> {
    let of = |contender| measured.spread(contender, CLIENT);
    Some(of(contender)?.median / of(Contender::Libiscsi)?.median)
}

fn draw(svg: &mut String, title: &str, cases: &[&Measured<IoCase>]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let places = || cases.iter().zip(0_u32..).map(|(measured, index)| (*measured, f64::from(index)));
    let bars: Vec<(f64, Contender, f64)> = places()
        .flat_map(|(measured, at)| {
            BARS.into_iter().filter_map(move |(contender, beside)| {
                Some((at + beside, contender, relative(measured, contender)?))
            })
        })
        .collect();
    let top = bars.iter().map(|(.., height)| *height).fold(HEIGHT, f64::max) * 1.05;
    let end = f64::from(u32::try_from(cases.len())?) - 0.5;
    let mut builder = ChartBuilder::on(&root);
    builder.caption(title, TITLE).margin(6).y_label_area_size(40);
    let mut chart = builder.build_cartesian_2d(-0.5..end, FOOT..top)?;
    chart.configure_mesh().disable_x_mesh().disable_x_axis().label_style(TEXT).y_labels(8).draw()?;
    chart.draw_series(bars.iter().map(|(at, contender, height)| {
        Rectangle::new([(at - BAR / 2.0, 0.0), (at + BAR / 2.0, *height)], colour(*contender).filled())
    }))?;
    chart.draw_series([PathElement::new(
        [(-0.5, 1.0), (end, 1.0)],
        colour(Contender::Libiscsi).stroke_width(2),
    )])?;
    chart.draw_series(
        places().map(|(measured, at)| Text::new(label(&measured.case), (at - 0.45, FOOT / 3.0), TEXT)),
    )?;
    let contenders = BARS.map(|(contender, _)| contender).into_iter().chain([Contender::Libiscsi]);
    for (contender, x) in contenders.zip((60..).step_by(90)) {
        root.draw(&Rectangle::new([(x, 24), (x + 12, 36)], colour(contender).filled()))?;
        root.draw(&Text::new(contender.word(), (x + 17, 24), TEXT))?;
    }
    Ok(root.present()?)
}

/// `64K r 8` for a read of 64 KiB at depth 8.
fn label(case: &IoCase) -> String {
    let direction = if case.direction == Direction::Read { "r" } else { "w" };
    let length = if case.kib == 1024 { "1M".to_owned() } else { format!("{}K", case.kib) };
    format!("{length} {direction} {}", case.depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges::Exchanges;
    use crate::measurement::Round;
    use crate::sample::Sample;

    #[test]
    fn a_figure_shows_the_cases_of_its_target_and_placement() {
        let sample = Sample { client_us: 3.0, ..Sample::default() };
        let samples = Contender::OF_IO.map(|contender| (contender, sample));
        let measured = |target, kib| Measured {
            case: IoCase {
                target,
                placement: Placement::Apart,
                direction: Direction::Read,
                kib,
                depth: 32,
                digests: false,
            },
            exchanges: Exchanges::default(),
            rounds: vec![Round(samples.into())],
        };
        let all = [
            measured(TargetKind::Tgtd, 4),
            measured(TargetKind::Tgtd, 64),
            measured(TargetKind::Embedded, 4),
        ];
        let figures = figures(&all).unwrap();
        let files: Vec<_> = figures.iter().map(|figure| figure.file.as_str()).collect();
        assert_eq!(files, ["io-tgtd-apart.svg", "io-embedded-apart.svg"]);
        for label in ["\n4K r 32\n", "\n64K r 32\n", "\nqemu-img\n"] {
            assert!(figures[0].svg.contains(label), "{label}: {}", figures[0].svg);
        }
        assert!(!figures[1].svg.contains("\n64K r 32\n"));
    }
}
