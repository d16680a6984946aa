//! Lines and areas over the columns of a run, level over each.

use super::axis::Axis;
use super::chart::{line, place};
use super::timeline::Column;

/// A line; where there is no value, there is a gap.
pub(super) fn steps(
    x: &Axis,
    y: &Axis,
    columns: &[Column],
    value: impl Fn(&Column) -> Option<f64>,
) -> String {
    let unbroken = columns.chunk_by(|one, next| value(one).is_some() == value(next).is_some());
    let levels = |column: &Column| value(column).map(|value| level(x, y, column, value));
    unbroken.map(|columns| line(columns.iter().filter_map(levels).flatten())).collect()
}

/// What lies between a line and 0.
pub(super) fn area(x: &Axis, y: &Axis, columns: &[Column], value: impl Fn(&Column) -> f64) -> String {
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return String::new() };
    let top = columns.iter().flat_map(|column| level(x, y, column, value(column)));
    let bottom = [place(x.at(last.to), 0.0), place(x.at(first.from), 0.0)];
    line(top.chain(bottom)) + "Z"
}

/// What lies between the slowest and the fastest second of each column.
pub(super) fn band(x: &Axis, y: &Axis, columns: &[Column]) -> String {
    let top = columns.iter().flat_map(|column| level(x, y, column, column.highest));
    let bottom = columns.iter().rev().flat_map(|column| {
        let [from, to] = level(x, y, column, column.lowest);
        [to, from]
    });
    line(top.chain(bottom)) + "Z"
}

fn level(x: &Axis, y: &Axis, column: &Column, value: f64) -> [(f64, f64); 2] {
    [place(x.at(column.from), y.at(value)), place(x.at(column.to), y.at(value))]
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
        let (x, y) = (Axis::seconds(4.0), Axis::multiples(10.0, 100.0, |_| String::new()));
        let path = steps(&x, &y, &columns, |column| column.longest);
        assert_eq!(path, "M0.0 1000.0L250.0 1000.0M500.0 0.0L750.0 0.0L750.0 1000.0L1000.0 1000.0");
    }
}
