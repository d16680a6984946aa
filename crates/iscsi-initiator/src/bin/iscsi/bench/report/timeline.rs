//! The seconds of a run as columns of a chart, and lines and areas over them.

use crate::bench::tally::Second;

/// A shorter last second is counted with the one before it: divided by next to nothing, a rate says nothing.
const SHORTEST_LAST_SECOND: f64 = 0.5;

/// The shortest duration, in seconds, that a count is divided by.
const SHORTEST: f64 = 1e-6;

/// One stretch of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    /// In seconds from the beginning of the measurement.
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) successes: u64,
    pub(super) failures: u64,
    /// Successes per second: the least in any second of it, and the most.
    pub(super) lowest: f64,
    pub(super) highest: f64,
    /// The most failures per second in any second of it.
    pub(super) most_failures: f64,
    /// The longest latency in microseconds; none where nothing succeeded.
    pub(super) longest: Option<f64>,
    /// The sum of latencies in microseconds.
    sum: f64,
}

#[allow(clippy::cast_precision_loss, reason = "counts of a second")]
impl Column {
    fn new(from: f64, to: f64, second: &Second) -> Self {
        let length = (to - from).max(SHORTEST);
        let rate = second.successes as f64 / length;
        Self {
            from,
            to,
            successes: second.successes,
            failures: second.failures,
            lowest: rate,
            highest: rate,
            most_failures: second.failures as f64 / length,
            longest: (second.successes > 0).then_some(second.longest),
            sum: second.sum,
        }
    }

    /// The mean latency in microseconds; none where nothing succeeded.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.successes > 0).then(|| self.sum / self.successes as f64)
    }

    /// Successes per second over the whole of it.
    pub(super) fn rate(&self) -> f64 {
        self.successes as f64 / (self.to - self.from).max(SHORTEST)
    }

    /// Both, one after the other. No peak is lost.
    fn join(self, next: Self) -> Self {
        Self {
            from: self.from,
            to: next.to,
            successes: self.successes + next.successes,
            failures: self.failures + next.failures,
            lowest: self.lowest.min(next.lowest),
            highest: self.highest.max(next.highest),
            most_failures: self.most_failures.max(next.most_failures),
            longest: [self.longest, next.longest].into_iter().flatten().reduce(f64::max),
            sum: self.sum + next.sum,
        }
    }
}

/// Not more columns than `most`, each of as many seconds.
pub(super) fn columns(timeline: &[Second], measured_s: f64, most: usize) -> Vec<Column> {
    let seconds = seconds(timeline, measured_s);
    let each = seconds.len().div_ceil(most.max(1)).max(1);
    seconds.chunks(each).filter_map(|column| column.iter().copied().reduce(Column::join)).collect()
}

/// One column for each second; the last is as long as the run was.
#[allow(clippy::cast_precision_loss, reason = "a day has 86,400 seconds")]
fn seconds(timeline: &[Second], measured_s: f64) -> Vec<Column> {
    let Some((last, before)) = timeline.split_last() else { return Vec::new() };
    let (mut last, from) = (*last, before.len() as f64);
    let before = match before.split_last() {
        Some((previous, before)) if measured_s - from < SHORTEST_LAST_SECOND => {
            last.successes += previous.successes;
            last.failures += previous.failures;
            last.sum += previous.sum;
            last.longest = last.longest.max(previous.longest);
            before
        }
        _ => before,
    };
    let from = before.len() as f64;
    let last = Column::new(from, measured_s.max(from + SHORTEST), &last);
    let column = |(at, second): (usize, &Second)| Column::new(at as f64, at as f64 + 1.0, second);
    before.iter().enumerate().map(column).chain([last]).collect()
}

/// Lines that are level over each column; where there is no value, there is a gap.
pub(super) fn steps(columns: &[Column], value: impl Fn(&Column) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    let unbroken = columns.chunk_by(|one, next| value(one).is_some() == value(next).is_some());
    let levels = |column: &Column| value(column).map(|value| level(column, value));
    let lines = unbroken.map(|columns| columns.iter().filter_map(levels).flatten().collect::<Vec<_>>());
    lines.filter(|line| !line.is_empty()).collect()
}

/// A line without gaps, level over each column.
pub(super) fn line(columns: &[Column], value: impl Fn(&Column) -> f64) -> Vec<(f64, f64)> {
    columns.iter().flat_map(|column| level(column, value(column))).collect()
}

/// The outline of the area between the slowest and the fastest second of each column.
pub(super) fn band(columns: &[Column]) -> Vec<(f64, f64)> {
    let bottom = line(columns, |column| column.lowest);
    line(columns, |column| column.highest).into_iter().chain(bottom.into_iter().rev()).collect()
}

const fn level(column: &Column, value: f64) -> [(f64, f64); 2] {
    [(column.from, value), (column.to, value)]
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "sums and quotients of small whole numbers are exact")]
mod tests {
    use super::*;

    #[allow(clippy::cast_precision_loss, reason = "small counts")]
    fn second(successes: u64, failures: u64, longest: f64) -> Second {
        Second { successes, failures, longest, sum: successes as f64 * longest / 2.0 }
    }

    #[test]
    fn a_day_becomes_a_few_hundred_columns_and_loses_no_peak() {
        let mut day = vec![second(100, 0, 500.0); 86_400];
        day[50_000] = second(3, 90, 2e6);
        day[70_000] = second(400, 0, 500.0);
        let columns = columns(&day, 86_400.0, 300);
        assert_eq!((columns.len(), columns[0].to, columns[299].to), (300, 288.0, 86_400.0));
        let stalled = columns.iter().find(|column| column.lowest < 100.0).unwrap();
        assert_eq!((stalled.lowest, stalled.most_failures, stalled.longest), (3.0, 90.0, Some(2e6)));
        assert!(stalled.from <= 50_000.0 && stalled.to > 50_000.0 && stalled.rate() > 99.0);
        assert_eq!(columns.iter().map(|column| column.highest).fold(0.0, f64::max), 400.0);
        assert_eq!(columns.iter().map(|column| column.successes).sum::<u64>(), 86_398 * 100 + 403);
    }

    #[test]
    fn the_last_second_is_as_long_as_it_was() {
        let whole = columns(&[second(10, 0, 1.0), second(6, 3, 2.0)], 1.6, 300);
        assert_eq!(whole.len(), 2);
        assert!((whole[1].rate() - 10.0).abs() < 1e-9 && (whole[1].most_failures - 5.0).abs() < 1e-9);
        let merged = columns(&[second(10, 0, 9.0), second(2, 1, 2.0)], 1.2, 300);
        assert_eq!((merged.len(), merged[0].rate(), merged[0].longest), (1, 10.0, Some(9.0)));
        // 10 of 4.5 and 2 of 1 microsecond.
        assert!((merged[0].mean().unwrap() - 47.0 / 12.0).abs() < 1e-9);
        let short = columns(&[second(10, 0, 1.0)], 0.25, 300);
        assert_eq!((short.len(), short[0].to, short[0].rate()), (1, 0.25, 40.0));
    }

    #[test]
    fn nothing_at_all_has_no_columns_and_a_second_without_logins_no_latency() {
        assert!(columns(&[], 0.0, 300).is_empty());
        let failed = columns(&[second(0, 7, 0.0)], 1.0, 300)[0];
        assert_eq!((failed.longest, failed.mean()), (None, None));
        assert!(columns(&[second(1, 0, 1.0)], 0.0, 0)[0].rate().is_finite());
    }

    #[test]
    fn a_second_without_logins_is_a_gap_and_not_a_latency_of_0() {
        let second = |logins, longest| second(logins, 0, longest);
        let columns =
            columns(&[second(1, 10.0), second(0, 0.0), second(1, 100.0), second(2, 10.0)], 4.0, 300);
        let lines = steps(&columns, |column| column.longest);
        let expected =
            [vec![(0.0, 10.0), (1.0, 10.0)], vec![(2.0, 100.0), (3.0, 100.0), (3.0, 10.0), (4.0, 10.0)]];
        assert_eq!(lines, expected);
    }
}
