//! Where a value lies on an axis, and which values are named there.

/// Names on an axis, at most; more do not fit on the width of a phone.
const MOST_TICKS: f64 = 5.0;

/// The same on an axis of multiples, which goes upwards.
const MOST_MULTIPLES: usize = 8;

/// Seconds between two names that people are used to.
const STEPS_OF_TIME: [f64; 18] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 10_800.0,
    14_400.0, 21_600.0, 43_200.0,
];

/// A name on an axis, and its place from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

/// From the values to the places from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear { to: f64 },
    Logarithmic { from: f64, to: f64 },
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    scale: Scale,
    pub(super) ticks: Vec<Tick>,
}

impl Axis {
    /// From 0 to a round number that is not below this value.
    pub(super) fn counts(most: f64, label: impl Fn(f64) -> String) -> Self {
        let step = round_step(most / MOST_TICKS);
        let to = (most / step).ceil().max(1.0) * step;
        Self::linear(to, step, label)
    }

    /// Seconds of a run, from 0 to its end.
    pub(super) fn seconds(end: f64) -> Self {
        let fits = |step: &f64| end / step <= MOST_TICKS;
        let step = if end < 2.0 {
            round_step(end / MOST_TICKS)
        } else {
            STEPS_OF_TIME.into_iter().find(fits).unwrap_or(86_400.0)
        };
        Self::linear(end, step, |seconds| match step {
            step if step >= 3600.0 => format!("{} h", seconds / 3600.0),
            step if step >= 60.0 => format!("{} min", seconds / 60.0),
            _ => format!("{} s", (seconds * 1e6).round() / 1e6),
        })
    }

    fn linear(to: f64, step: f64, label: impl Fn(f64) -> String) -> Self {
        let scale = Scale::Linear { to };
        let values = std::iter::successors(Some(0.0), |value| Some(value + step));
        let values = values.take_while(|value| *value <= to * (1.0 + 1e-9));
        let ticks = values.map(|value| Tick { at: scale.at(value), label: label(value) });
        Self { ticks: ticks.collect(), scale }
    }

    /// Each step is a multiple: from a round number that is not above the least value to one not below the greatest.
    pub(super) fn multiples(least: f64, most: f64, label: impl Fn(f64) -> String) -> Self {
        let (from, to) = (round_down(least), round_up(most.max(least * 1.001)));
        let scale = Scale::Logarithmic { from, to };
        let round = std::iter::successors(Some(from), |value| Some(round_up(value * 1.001)));
        let round: Vec<f64> = round.take_while(|value| *value <= to * 1.001).collect();
        let ticks =
            thin_out(&round).into_iter().map(|value| Tick { at: scale.at(value), label: label(value) });
        Self { ticks: ticks.collect(), scale }
    }

    /// An axis whose names stand where they are said to.
    pub(super) fn with_ticks(to: f64, ticks: Vec<Tick>) -> Self {
        Self { scale: Scale::Linear { to }, ticks }
    }

    /// The place of a value, from 0 to 1; of one beyond an end the end.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.scale.at(value)
    }
}

impl Scale {
    fn at(self, value: f64) -> f64 {
        let at = match self {
            Self::Linear { to } => value / to,
            Self::Logarithmic { from, to } => (value / from).ln() / (to / from).ln(),
        };
        if at.is_finite() { at.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// All of 1, 2, 5, 10, …; if these are too many only 1, 10, …; or every other one of them, and so on.
fn thin_out(round: &[f64]) -> Vec<f64> {
    if round.len() <= MOST_MULTIPLES {
        return round.to_vec();
    }
    let is_power = |value: &&f64| (value.log10() - value.log10().round()).abs() < 1e-6;
    let powers: Vec<f64> = round.iter().filter(is_power).copied().collect();
    let each = powers.len().div_ceil(MOST_MULTIPLES).max(1);
    powers.into_iter().step_by(each).collect()
}

/// The least of 1, 2, 5, 10, … that is not below this value.
fn round_step(value: f64) -> f64 {
    if value > 0.0 { round_up(value) } else { 1.0 }
}

fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= value * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [5.0, 2.0, 1.0];
    steps.into_iter().map(|step| step * power).find(|step| *step <= value * (1.0 + 1e-9)).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn counts_begin_at_0_and_end_at_a_round_number() {
        let axis = Axis::counts(1830.0, |value| format!("{value}"));
        assert_eq!(labels(&axis), ["0", "500", "1000", "1500", "2000"]);
        assert!((axis.at(500.0) - 0.25).abs() < 1e-9 && (axis.at(9e9) - 1.0).abs() < 1e-9);
        assert_eq!(labels(&Axis::counts(0.0, |value| format!("{value}"))), ["0", "1"]);
    }

    #[test]
    fn seconds_are_named_as_people_count_them() {
        for (end, last) in [(0.25, "0.25 s"), (1.0, "1 s"), (10.3, "10 s"), (95.0, "80 s"), (300.0, "5 min")]
        {
            let axis = Axis::seconds(end);
            assert_eq!(labels(&axis).last(), Some(&last), "{end}");
            assert!((2..=6).contains(&axis.ticks.len()), "{end}");
        }
        assert_eq!(labels(&Axis::seconds(86_400.0)), ["0 h", "6 h", "12 h", "18 h", "24 h"]);
    }

    #[test]
    fn multiples_reach_from_nanoseconds_to_an_hour() {
        let axis = Axis::multiples(320.0, 4100.0, |value| format!("{value}"));
        assert_eq!(labels(&axis), ["200", "500", "1000", "2000", "5000"]);
        assert!((axis.at(1000.0) - 0.5).abs() < 1e-9);
        let wide = Axis::multiples(0.001, 3.6e9, |value| format!("{value}"));
        assert!((3..=7).contains(&wide.ticks.len()), "{wide:?}");
        let one = Axis::multiples(100.0, 100.0, |value| format!("{value}"));
        assert_eq!(labels(&one), ["100", "200"]);
    }
}
