//! Formatting of figures: three digits, a suitable unit, groups of thousands.

use std::fmt::Write as _;

use super::results::{Distribution, Percentile};

/// Nothing was measured.
pub(crate) const NONE: &str = "–";

/// A time in microseconds.
pub(crate) fn time(microseconds: f64) -> String {
    let (number, unit) = in_unit(microseconds);
    format!("{} {unit}", number_of_three_digits(number))
}

/// The percentiles of a distribution and its ends.
pub(crate) fn latency(distribution: &Distribution) -> String {
    if distribution.count == 0 {
        return "-".to_owned();
    }
    let mut text = format!("min {}", time(distribution.min));
    for Percentile { percent, at_most } in &distribution.percentiles {
        _ = write!(text, ", p{percent} {}", time(*at_most));
    }
    _ = write!(text, ", max {}", time(distribution.max));
    text
}

/// Formats a round number of microseconds, as for an axis.
pub(crate) fn round_time(microseconds: f64) -> String {
    let (number, unit) = in_unit(microseconds);
    format!("{} {unit}", round_number(number))
}

/// Formats a number without trailing zeros.
pub(crate) fn round_number(number: f64) -> String {
    let text = number_of_three_digits(number);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn in_unit(microseconds: f64) -> (f64, &'static str) {
    match microseconds {
        time if time < 999.5 => (time, "µs"),
        time if time < 999_500.0 => (time / 1e3, "ms"),
        time => (time / 1e6, "s"),
    }
}

/// Bytes, in kibibytes.
pub(crate) fn kibibytes(bytes: f64) -> String {
    format!("{} KiB", number_of_three_digits(bytes / 1024.0))
}

/// Bytes per second, in mebibytes.
pub(crate) fn mebibytes_per_second(bytes: f64) -> String {
    format!("{} MiB/s", number_of_three_digits(bytes / 1_048_576.0))
}

/// Three digits, or more where there are more before the point.
pub(crate) fn number_of_three_digits(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        number if number < 9.995 => format!("{number:.2}"),
        number if number < 99.95 => format!("{number:.1}"),
        number => group(&format!("{number:.0}")),
    }
}

/// A count: 1,000,000.
pub(crate) fn count(number: u64) -> String {
    group(&number.to_string())
}

/// A part of a whole, in percent: never 0 for something, never 100 for less than all.
#[allow(clippy::cast_precision_loss, reason = "a share for people")]
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return NONE.to_owned();
    }
    match part as f64 * 100.0 / whole as f64 {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent if percent > 99.9 && part < whole => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit_that_suits() {
        let cases = [
            (0.0, "0 µs"),
            (0.5, "0.50 µs"),
            (9.994, "9.99 µs"),
            (9.996, "10.0 µs"),
            (999.4, "999 µs"),
            (999.6, "1.00 ms"),
            (12_345.0, "12.3 ms"),
            (999_600.0, "1.00 s"),
            (3.6e9, "3,600 s"),
        ];
        for (microseconds, text) in cases {
            assert_eq!(time(microseconds), text, "{microseconds}");
        }
    }

    #[test]
    fn round_numbers_have_no_digits_to_spare() {
        let cases =
            [(0.5, "0.5 µs"), (20_000.0, "20 ms"), (1000.0, "1 ms"), (100.0, "100 µs"), (0.0, "0 µs")];
        for (microseconds, text) in cases {
            assert_eq!(round_time(microseconds), text);
        }
        assert_eq!((round_number(2500.0), round_number(7.5)), ("2,500".into(), "7.5".into()));
    }

    #[test]
    fn thousands_stand_in_groups() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (86_400_000, "86,400,000")];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
        assert_eq!(
            (number_of_three_digits(1234.5), kibibytes(16_384.0)),
            ("1,234".into(), "16.0 KiB".into())
        );
        assert_eq!(mebibytes_per_second(1_572_864.0), "1.50 MiB/s");
    }

    #[test]
    fn a_share_does_not_round_failures_away() {
        assert_eq!((share(0, 0), share(0, 10), share(1, 3)), (NONE.into(), "0 %".into(), "33.3 %".into()));
        assert_eq!((share(1, 100_000), share(10, 10)), ("< 0.1 %".into(), "100.0 %".into()));
        assert_eq!(share(99_999, 100_000), "> 99.9 %");
    }
}
