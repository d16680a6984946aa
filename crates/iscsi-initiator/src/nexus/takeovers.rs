//! Sessions that another initiator takes over: one with the same name and ISID, whose login reinstates the session for itself
//! ([RFC 7143, section 6.3.5](https://www.rfc-editor.org/rfc/rfc7143#section-6.3.5)).
//!
//! The target says nothing about it, it closes the connection. That looks like a takeover if it happens right after a login
//! that succeeded at the first attempt, and like the loss of a connection otherwise. Two initiators that take the session from
//! each other would go on for ever, each sending its writes again.

use std::time::Duration;

/// The longest life of a session that was taken over.
const SHORT: Duration = Duration::from_millis(500);
/// The number of takeovers in a row after which the nexus is given up.
const MOST: u8 = 2;

/// The sessions in a row that were taken over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Takeovers {
    count: u8,
    /// The time of the login of this session, unless attempts before it failed.
    began: Option<Duration>,
}

impl Takeovers {
    /// A login failed, so the target was not there.
    pub(super) fn login_failed(&mut self) {
        *self = Self::default();
    }

    /// Another session begins.
    pub(super) const fn begin(&mut self, now: Duration) {
        self.began = Some(now);
    }

    /// A session ended, maybe since the target closed its connection between two PDUs. True if too many were taken over.
    pub(super) fn end(&mut self, is_closed: bool, now: Duration) -> bool {
        let is_short = self.began.take().is_some_and(|began| now.saturating_sub(began) <= SHORT);
        self.count = if is_closed && is_short { self.count + 1 } else { 0 };
        self.count >= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(9);

    /// Whether the sessions of these lives, closed by the target or not, are too many.
    fn end(takeovers: &mut Takeovers, is_closed: bool, life: Duration) -> bool {
        takeovers.begin(NOW);
        takeovers.end(is_closed, NOW + life)
    }

    #[test]
    fn two_short_sessions_in_a_row_are_too_many() {
        let mut takeovers = Takeovers::default();
        assert!(!end(&mut takeovers, true, SHORT));
        assert!(end(&mut takeovers, true, SHORT));
    }

    /// A longer life, another end, and a login that failed between begin the count anew.
    #[test]
    fn other_ends_begin_the_count_anew() {
        let nanosecond = Duration::from_nanos(1);
        for between in [
            (|takeovers| _ = end(takeovers, true, SHORT + Duration::from_nanos(1))) as fn(&mut Takeovers),
            |takeovers| _ = end(takeovers, false, Duration::ZERO),
            Takeovers::login_failed,
        ] {
            let mut takeovers = Takeovers::default();
            assert!(!end(&mut takeovers, true, nanosecond));
            between(&mut takeovers);
            assert!(!end(&mut takeovers, true, nanosecond));
            assert!(end(&mut takeovers, true, nanosecond));
        }
    }

    /// The first session of a nexus has replaced none.
    #[test]
    fn the_first_session_does_not_count() {
        let mut takeovers = Takeovers::default();
        assert!(!takeovers.end(true, Duration::ZERO));
        assert!(!end(&mut takeovers, true, Duration::ZERO));
    }
}
