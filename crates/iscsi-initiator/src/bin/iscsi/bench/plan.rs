//! What a run is to do.

use std::time::Duration;

/// What a run is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Attempts at the same time, at least 1.
    pub(crate) concurrency: usize,
    /// Attempts begun in a second, if they begin by the clock (open loop); otherwise each begins when another ends.
    pub(crate) rate: Option<f64>,
    /// Ends after so many measured attempts.
    pub(crate) count: Option<u64>,
    /// Ends after this time of measuring.
    pub(crate) duration: Option<Duration>,
    /// Not measured at the beginning.
    pub(crate) warmup: Duration,
}

impl Plan {
    /// When the attempt of this number, from 0, is to begin, counted from the beginning of the run. In a closed loop at
    /// once.
    pub(crate) fn begins_at(&self, number: u64) -> Duration {
        #[allow(clippy::cast_precision_loss, reason = "2^53 attempts take longer than anybody waits")]
        self.rate.map_or(Duration::ZERO, |rate| {
            Duration::try_from_secs_f64(number as f64 / rate).unwrap_or(Duration::MAX)
        })
    }

    /// Whether an attempt that begins at this moment is measured.
    pub(crate) fn measures(&self, began: Duration) -> bool {
        began >= self.warmup
    }

    /// When no attempt begins any more, counted from the beginning of the run.
    pub(crate) fn ends_at(&self) -> Option<Duration> {
        self.duration.and_then(|duration| self.warmup.checked_add(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        concurrency: 8,
        rate: Some(200.0),
        count: None,
        duration: Some(Duration::from_secs(10)),
        warmup: Duration::from_secs(1),
    };

    #[test]
    fn an_open_loop_begins_by_the_clock() {
        assert_eq!(PLAN.begins_at(0), Duration::ZERO);
        assert_eq!(PLAN.begins_at(1), Duration::from_millis(5));
        assert_eq!(PLAN.begins_at(200), Duration::from_secs(1));
        assert_eq!(Plan { rate: None, ..PLAN }.begins_at(200), Duration::ZERO);
    }

    #[test]
    fn what_begins_in_the_warm_up_is_not_measured() {
        assert!(!PLAN.measures(Duration::from_millis(999)) && PLAN.measures(Duration::from_secs(1)));
        assert_eq!(PLAN.ends_at(), Some(Duration::from_secs(11)));
    }
}
