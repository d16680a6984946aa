//! The attempts at one command, and what follows from the status of the last one.

use std::time::Duration;

use iscsi_pdu::ScsiStatus;

use super::attention::{AttentionKind, Consequence};
use super::policy::RetryPolicy;
use crate::scsi::{Completion, SenseData, SenseKey};

/// The first pause before a repetition, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The consequence of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The caller gets the completion.
    Report,
    /// The command is sent again after a pause.
    Repeat(Duration),
    /// What is known of the unit is read anew, then the command is sent again.
    ReadAnew(AttentionKind),
}

/// The attempts at a command so far.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    policy: RetryPolicy,
    /// Whether the command makes written data stable: a reset is no success for it, since a cache may be lost.
    flushes: bool,
    pause: Duration,
    unit_attentions: u8,
    aborts: u8,
}

impl Attempts {
    /// The first attempt at a command with this operation code.
    pub(crate) const fn new(policy: RetryPolicy, operation_code: u8) -> Self {
        let flushes = matches!(operation_code, 0x35 | 0x91);
        Self { policy, flushes, pause: FIRST_PAUSE, unit_attentions: 0, aborts: 0 }
    }

    /// What follows from the end of an attempt, so long after the first one began.
    pub(crate) fn decide(&mut self, completion: &Completion, elapsed: Duration) -> Verdict {
        match completion.status {
            ScsiStatus::BUSY | ScsiStatus::TASK_SET_FULL | ScsiStatus::ACA_ACTIVE => {
                self.repeat_until(self.policy.busy_timeout, elapsed)
            }
            ScsiStatus::CHECK_CONDITION => match SenseData::parse(&completion.sense) {
                // An error of an earlier command: its data may be lost, and this command was not carried out.
                Some(sense) if !sense.deferred => self.check_condition(sense, elapsed),
                _ => Verdict::Report,
            },
            _ => Verdict::Report,
        }
    }

    fn check_condition(&mut self, sense: SenseData, elapsed: Duration) -> Verdict {
        match sense.key {
            SenseKey::UNIT_ATTENTION => self.unit_attention(sense),
            SenseKey::NOT_READY if sense.reports_becoming_ready() => {
                self.repeat_until(self.policy.ready_timeout, elapsed)
            }
            SenseKey::ABORTED_COMMAND if self.aborts < self.policy.aborted_commands => {
                self.aborts += 1;
                Verdict::Repeat(Duration::ZERO)
            }
            _ => Verdict::Report,
        }
    }

    fn unit_attention(&mut self, sense: SenseData) -> Verdict {
        let kind = AttentionKind::of(sense);
        let loses_cache = self.flushes && kind == AttentionKind::PowerOnOrReset;
        if loses_cache || self.unit_attentions >= self.policy.unit_attentions {
            return Verdict::Report;
        }
        self.unit_attentions += 1;
        match kind.consequence() {
            Consequence::Absorb => Verdict::Repeat(Duration::ZERO),
            Consequence::ReadAnew => Verdict::ReadAnew(kind),
            Consequence::Report => Verdict::Report,
        }
    }

    /// Another attempt after a pause, unless that would begin after the time limit.
    fn repeat_until(&mut self, limit: Duration, elapsed: Duration) -> Verdict {
        let pause = self.pause;
        if elapsed.saturating_add(pause) > limit {
            return Verdict::Report;
        }
        self.pause = (2 * pause).min(LONGEST_PAUSE);
        Verdict::Repeat(pause)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const READ: u8 = 0x28;
    const SECOND: Duration = Duration::from_secs(1);

    fn ended(status: ScsiStatus, sense: [u8; 3]) -> Completion {
        let [key, asc, ascq] = sense;
        let sense = [0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0];
        let sense = if status == ScsiStatus::CHECK_CONDITION { &sense[..] } else { &[] };
        Completion { status, sense: Bytes::copy_from_slice(sense), ..Completion::good() }
    }

    fn checked(key: u8, asc: u8, ascq: u8) -> Completion {
        ended(ScsiStatus::CHECK_CONDITION, [key, asc, ascq])
    }

    /// The verdicts on the same completion again and again, until it is reported.
    fn verdicts(policy: RetryPolicy, operation: u8, completion: &Completion) -> Vec<Verdict> {
        let (mut attempts, mut elapsed) = (Attempts::new(policy, operation), Duration::ZERO);
        let mut verdicts = Vec::new();
        loop {
            let verdict = attempts.decide(completion, elapsed);
            if let Verdict::Repeat(pause) = verdict {
                elapsed += pause;
            }
            verdicts.push(verdict);
            if verdict == Verdict::Report || verdicts.len() > 1000 {
                return verdicts;
            }
        }
    }

    #[test]
    fn cmd_09_busy_units_are_asked_again_with_growing_pauses_within_the_limit() {
        let policy = RetryPolicy { busy_timeout: SECOND, ..RetryPolicy::NONE };
        for status in [ScsiStatus::BUSY, ScsiStatus::TASK_SET_FULL, ScsiStatus::ACA_ACTIVE] {
            let pauses =
                [10, 20, 40, 80, 160, 320].map(|pause| Verdict::Repeat(Duration::from_millis(pause)));
            let (last, rest) = (Verdict::Report, verdicts(policy, READ, &ended(status, [0; 3])));
            assert_eq!(rest, [&pauses[..], &[last]].concat());
        }
        let policy = RetryPolicy { busy_timeout: 30 * SECOND, ..RetryPolicy::NONE };
        let all = verdicts(policy, READ, &ended(ScsiStatus::BUSY, [0; 3]));
        assert_eq!((all.len(), all[all.len() - 2]), (36, Verdict::Repeat(SECOND)));
    }

    #[test]
    fn the_limit_itself_is_allowed_and_a_nanosecond_less_is_not() {
        let limit = |nanoseconds| RetryPolicy {
            busy_timeout: Duration::from_nanos(nanoseconds),
            ..RetryPolicy::NONE
        };
        let busy = ended(ScsiStatus::BUSY, [0; 3]);
        assert_eq!(verdicts(limit(10_000_000), READ, &busy).len(), 2);
        assert_eq!(verdicts(limit(9_999_999), READ, &busy).len(), 1);
    }

    #[test]
    fn units_that_become_ready_are_waited_for() {
        let policy = RetryPolicy { ready_timeout: SECOND, ..RetryPolicy::NONE };
        assert_eq!(verdicts(policy, READ, &checked(2, 0x04, 0x01)).len(), 7);
        // Intervention required, and no medium.
        for (asc, ascq) in [(0x04, 0x03), (0x3a, 0x00)] {
            assert_eq!(verdicts(policy, READ, &checked(2, asc, ascq)), [Verdict::Report]);
        }
    }

    #[test]
    fn unit_attentions_by_their_table_and_no_more_than_the_limit() {
        let policy = RetryPolicy { unit_attentions: 2, ..RetryPolicy::NONE };
        let again = Verdict::Repeat(Duration::ZERO);
        assert_eq!(verdicts(policy, READ, &checked(6, 0x29, 0x00)), [again, again, Verdict::Report]);
        let anew = Verdict::ReadAnew(AttentionKind::CapacityChanged);
        assert_eq!(verdicts(policy, READ, &checked(6, 0x2a, 0x09)), [anew, anew, Verdict::Report]);
        assert_eq!(verdicts(policy, READ, &checked(6, 0x2a, 0x03)), [Verdict::Report]);
    }

    /// A flush is no success after a reset, which may have cleared the cache; the loss of a nexus clears none.
    #[test]
    fn a_flush_reports_a_reset() {
        let policy = RetryPolicy::default();
        for flush in [0x35, 0x91] {
            assert_eq!(verdicts(policy, flush, &checked(6, 0x29, 0x04)), [Verdict::Report]);
            assert_eq!(verdicts(policy, flush, &checked(6, 0x29, 0x07)).len(), 9);
        }
    }

    #[test]
    fn cmd_13_aborted_commands_are_repeated_a_few_times() {
        let all = verdicts(RetryPolicy::default(), READ, &checked(0xb, 0x47, 0x05));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn other_ends_are_reported() {
        let policy = RetryPolicy::default();
        let mut deferred = checked(6, 0x29, 0x00).sense.to_vec();
        deferred[0] = 0x71;
        let deferred = Completion { sense: deferred.into(), ..checked(6, 0x29, 0) };
        let statuses = [
            ScsiStatus::GOOD,
            ScsiStatus::CONDITION_MET,
            ScsiStatus::RESERVATION_CONFLICT,
            ScsiStatus::TASK_ABORTED,
        ];
        let ends = statuses.map(|status| ended(status, [0; 3])).into_iter();
        for end in ends.chain([checked(3, 0x11, 0), checked(5, 0x20, 0), checked(1, 0x17, 1), deferred]) {
            assert_eq!(verdicts(policy, READ, &end), [Verdict::Report], "{end:?}");
        }
    }
}
