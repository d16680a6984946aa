//! Arguments that benchmarks share, and what the run as a whole has to keep to.

use super::tally::CauseCount;
use crate::failure::Failure;
use crate::process;

/// Open files of the process beside its connections.
const OTHER_FILES: u64 = 64;

/// Reads the rate of an open loop; `operations` names what is counted.
pub(super) fn parse_rate(text: &str, operations: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.001..=1e6).contains(&rate) => Ok(rate),
        _ => Err(format!("a number of {operations} per second, from 0.001 to 1000000")),
    }
}

/// Reads a share of a whole, in percent or as a fraction.
pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent.trim_end(), 100.0));
    match number.parse::<f64>() {
        Ok(part) if (0.0..=whole).contains(&part) => Ok(part / whole),
        _ => Err("a share from 0% to 100%, or from 0 to 1".to_owned()),
    }
}

/// Whether a part of a whole is more than this share of it.
#[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 operations")]
pub(super) fn exceeds(part: u64, whole: u64, share: f64) -> bool {
    part as f64 > share * whole as f64
}

/// The most frequent cause of failures.
pub(super) fn most_frequent<'a>(
    causes: impl IntoIterator<Item = (&'a String, &'a CauseCount)>,
) -> Option<(&'a String, &'a CauseCount)> {
    causes.into_iter().max_by_key(|(_, counted)| counted.count)
}

/// Checks the limit of open files beforehand: reached during the run, it would look like a failure of the target.
pub(super) fn check_open_files(connections: u64) -> Result<(), Failure> {
    let needed = connections.saturating_add(OTHER_FILES);
    match process::open_files_limit() {
        Some(limit) if limit < needed => Err(Failure::OpenFiles { needed, limit }),
        _ => Ok(()),
    }
}
