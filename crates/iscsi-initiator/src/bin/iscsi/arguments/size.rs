//! Numbers, sizes and times as people write them.

use std::time::Duration;

const UNITS: [(&str, u32); 4] = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];

/// Reads a number of bytes: `4096`, `4K`, `4KiB`; K, M, G, T are powers of 1024.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let shift = shift_of(unit).ok_or("the unit is none of K, M, G, T, KiB, MiB, GiB, TiB")?;
    let number: u64 = digits.parse().map_err(|_| "not a number of bytes")?;
    number.checked_mul(1 << shift).ok_or_else(|| "more than 2^64 bytes".to_owned())
}

fn shift_of(unit: &str) -> Option<u32> {
    if unit.is_empty() {
        return Some(0);
    }
    let prefix = unit.strip_suffix("iB").unwrap_or(unit);
    UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(prefix)).map(|(_, shift)| *shift)
}

/// Shows a number of bytes in the largest unit of which there is at least one, rounded down to one decimal.
pub(crate) fn show(bytes: u64) -> String {
    let unit = UNITS.iter().rev().find(|(_, shift)| bytes >> shift > 0);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(name, shift)| {
            let tenths = ((bytes & ((1 << shift) - 1)) * 10) >> shift;
            format!("{}.{tenths} {name}iB", bytes >> shift)
        },
    )
}

/// Reads a number within bounds. (Errors of clap about a range would repeat the value.)
pub(crate) fn parse_number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ if most == u64::MAX => Err(format!("a whole number of {least} or more")),
        _ => Err(format!("a whole number from {least} to {most}")),
    }
}

/// Reads a time limit in seconds, perhaps with decimals, above zero and up to a day.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    seconds(text)?
        .filter(|limit| !limit.is_zero())
        .ok_or_else(|| "seconds have to be above 0 and at most 86400".to_owned())
}

/// Reads a waiting time in seconds, perhaps with decimals, up to a day; 0 is no wait.
pub(crate) fn parse_wait(text: &str) -> Result<Duration, String> {
    seconds(text)?.ok_or_else(|| "seconds have to be from 0 to 86400".to_owned())
}

/// Returns `None` for a number that is negative or more than a day.
fn seconds(text: &str) -> Result<Option<Duration>, String> {
    const LONGEST: Duration = Duration::from_hours(24);
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Ok(Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_units() {
        let cases = [
            ("0", 0),
            ("512", 512),
            ("4K", 4096),
            ("4k", 4096),
            ("4KiB", 4096),
            ("3MiB", 3 << 20),
            ("1G", 1 << 30),
            ("2TiB", 2 << 40),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in
            ["", "K", "-1", "+1", "1.5K", "1KB", "1 K", "0x10", "1iB", "16777216T", "18446744073709551616"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (64 << 20, "64.0 MiB"),
            (u64::MAX, "16777215.9 TiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(show(bytes), text);
        }
    }

    #[test]
    fn seconds_are_above_zero() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "NaN", "inf", "1e30", "", "86401"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wait_may_be_none() {
        assert_eq!(
            (parse_wait("0"), parse_wait("1.5")),
            (Ok(Duration::ZERO), Ok(Duration::from_millis(1500)))
        );
        for text in ["-1", "NaN", "inf", "", "86401"] {
            assert!(parse_wait(text).is_err(), "{text}");
        }
    }
}
