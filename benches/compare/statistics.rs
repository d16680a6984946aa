//! Statistics of samples.

use std::fmt;

/// Median, minimum and maximum of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` without values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        Some(Self { median: median(&values)?, min, max })
    }

    /// Of the ratios pair by pair: what disturbed a round disturbed both.
    pub(crate) fn of_ratios(pairs: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        Self::of(pairs.into_iter().map(|(ours, theirs)| ours / theirs))
    }
}

/// Of values in order; between two in the middle, what is half way.
fn median(sorted: &[f64]) -> Option<f64> {
    let (upper, lower) = (sorted.len() / 2, sorted.len().saturating_sub(1) / 2);
    Some(f64::midpoint(*sorted.get(lower)?, *sorted.get(upper)?))
}

/// `median (min–max)`, to the precision that is asked for.
impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = formatter.precision().unwrap_or(0);
        let Self { median, min, max } = self;
        write!(formatter, "{median:.precision$} ({min:.precision$}–{max:.precision$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle_whatever_the_order() {
        let odd = Spread::of([5.0, 1.0, 3.0]);
        assert_eq!(odd, Some(Spread { median: 3.0, min: 1.0, max: 5.0 }));
        let even = Spread::of([4.0, 1.0, 100.0, 2.0]);
        assert_eq!(even, Some(Spread { median: 3.0, min: 1.0, max: 100.0 }));
        assert_eq!(Spread::of([7.0]), Some(Spread { median: 7.0, min: 7.0, max: 7.0 }));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        // The medians alone would say 20 to 20.
        let ratios = Spread::of_ratios([(10.0, 5.0), (20.0, 40.0), (30.0, 20.0)]);
        assert_eq!(ratios, Some(Spread { median: 1.5, min: 0.5, max: 2.0 }));
    }

    #[test]
    fn it_is_shown_to_the_precision_asked_for() {
        let spread = Spread { median: 1.504, min: 1.0, max: 2.0 };
        assert_eq!(format!("{spread:.2}"), "1.50 (1.00–2.00)");
        assert_eq!(spread.to_string(), "2 (1–2)");
    }
}
