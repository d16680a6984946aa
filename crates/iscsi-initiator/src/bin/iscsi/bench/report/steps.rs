//! Lines and areas over the columns of a run, level over each.

use super::timeline::Column;

/// Lines that are level over each column; where there is no value, there is a gap.
pub(super) fn steps(columns: &[Column], value: impl Fn(&Column) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    let unbroken = columns.chunk_by(|one, next| value(one).is_some() == value(next).is_some());
    let levels = |column: &Column| value(column).map(|value| level(column, value));
    let lines = unbroken.map(|columns| columns.iter().filter_map(levels).flatten().collect::<Vec<_>>());
    lines.filter(|line| !line.is_empty()).collect()
}

/// One without gaps.
pub(super) fn line(columns: &[Column], value: impl Fn(&Column) -> f64) -> Vec<(f64, f64)> {
    columns.iter().flat_map(|column| level(column, value(column))).collect()
}

/// What lies between the slowest and the fastest second of each column, all around.
pub(super) fn band(columns: &[Column]) -> Vec<(f64, f64)> {
    let bottom = line(columns, |column| column.lowest);
    line(columns, |column| column.highest).into_iter().chain(bottom.into_iter().rev()).collect()
}

const fn level(column: &Column, value: f64) -> [(f64, f64); 2] {
    [(column.from, value), (column.to, value)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::timeline::columns;
    use crate::bench::results::Second;

    #[test]
    fn a_second_without_logins_is_a_gap_and_not_a_latency_of_0() {
        let second = |logins, longest| Second { logins, failures: 0, longest };
        let columns =
            columns(&[second(1, 10.0), second(0, 0.0), second(1, 100.0), second(2, 10.0)], 4.0, 300);
        let lines = steps(&columns, |column| column.longest);
        let expected =
            [vec![(0.0, 10.0), (1.0, 10.0)], vec![(2.0, 100.0), (3.0, 100.0), (3.0, 10.0), (4.0, 10.0)]];
        assert_eq!(lines, expected);
    }
}
