//! Sessions in a row that end in the same way soon after their login: the next one would, too.
//!
//! One that is closed right after a login that succeeded at the first attempt was probably taken over: by another initiator with
//! the same name and ISID, whose login reinstates the session for itself ([RFC 7143, section
//! 6.3.5](https://www.rfc-editor.org/rfc/rfc7143#section-6.3.5)). The target says nothing about it. Two initiators that take the
//! session from each other would go on for ever, each sending its writes again. A target that breaks the protocol when it
//! answers a command does so again when the command is sent again.

use std::time::Duration;

use crate::session::{End, Failure};

/// A way in which sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShortEnd {
    /// The target closes the connection between two PDUs.
    Closed,
    /// The target breaks the protocol.
    Broken,
}

impl ShortEnd {
    /// The way in which a session has ended, if it is one of these.
    pub(super) const fn of(end: &End) -> Option<Self> {
        match end {
            End::Failed(Failure::Closed) => Some(Self::Closed),
            End::Failed(Failure::Format(_) | Failure::Rejected(_)) => Some(Self::Broken),
            _ => None,
        }
    }

    /// The number of sessions in a row after which the nexus is given up. A target that is restarted, or a network that fails,
    /// closes two by chance.
    const fn most(self) -> u8 {
        match self {
            Self::Closed => 3,
            Self::Broken => 2,
        }
    }

    /// The longest life of a session that counts.
    const fn longest_life(self) -> Duration {
        match self {
            Self::Closed => Duration::from_millis(500),
            Self::Broken => Duration::from_mins(1),
        }
    }
}

/// The last sessions in a row that ended in one of these ways.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ShortSessions {
    last: Option<ShortEnd>,
    count: u8,
    /// The time of the login of this session, if it has replaced another one, and has not ended.
    began: Option<Duration>,
}

impl ShortSessions {
    /// A login failed, so the target was not there.
    pub(super) fn login_failed(&mut self) {
        *self = Self::default();
    }

    /// Another session begins. If the last one has not ended, its caller has suspended it, and it stands between those before it
    /// and this one.
    pub(super) const fn begin(&mut self, now: Duration) {
        if self.began.replace(now).is_some() {
            self.last = None;
        }
    }

    /// A session ended. Returns the way in which too many ended in a row.
    pub(super) fn end(&mut self, end: &End, now: Duration) -> Option<ShortEnd> {
        let life = self.began.take().map(|began| now.saturating_sub(began));
        let way = ShortEnd::of(end).filter(|way| life.is_some_and(|life| life <= way.longest_life()));
        self.count = if way.is_some() && way == self.last { self.count + 1 } else { 1 };
        self.last = way;
        way.filter(|way| self.count >= way.most())
    }
}

#[cfg(test)]
mod tests {
    use iscsi_pdu::RejectReason;

    use super::*;

    const NOW: Duration = Duration::from_secs(9);
    const CLOSED: End = End::Failed(Failure::Closed);
    const BROKEN: End = End::Failed(Failure::Rejected(RejectReason::PROTOCOL_ERROR));

    /// The end of a session after this life.
    fn end(sessions: &mut ShortSessions, end: &End, life: Duration) -> Option<ShortEnd> {
        sessions.begin(NOW);
        sessions.end(end, NOW + life)
    }

    /// Ends, the longest lives that count, and how many in a row are permitted.
    const LIVES: [(End, ShortEnd, Duration, u8); 2] = [
        (CLOSED, ShortEnd::Closed, Duration::from_millis(500), 2),
        (BROKEN, ShortEnd::Broken, Duration::from_mins(1), 1),
    ];

    #[test]
    fn so_many_sessions_in_a_row_are_too_many() {
        for (way, short, life, permitted) in LIVES {
            let mut sessions = ShortSessions::default();
            for _ in 0..permitted {
                assert_eq!(end(&mut sessions, &way, life), None);
            }
            assert_eq!(end(&mut sessions, &way, life), Some(short));
        }
    }

    /// A longer life, another end, a login that failed and a session that was suspended between begin the count anew.
    #[test]
    fn other_ends_begin_the_count_anew() {
        let nanosecond = Duration::from_nanos(1);
        for (way, short, life, permitted) in LIVES {
            let other = if way == CLOSED { BROKEN } else { CLOSED };
            let lost = End::Failed(Failure::Lost("reset".to_owned()));
            let between: [&dyn Fn(&mut ShortSessions); 5] = [
                &|sessions| assert_eq!(end(sessions, &way, life + nanosecond), None),
                &|sessions| assert_eq!(end(sessions, &other, nanosecond), None),
                &|sessions| assert_eq!(end(sessions, &lost, nanosecond), None),
                &|sessions| sessions.login_failed(),
                &|sessions| sessions.begin(NOW),
            ];
            for between in between {
                let mut sessions = ShortSessions::default();
                for _ in 0..permitted {
                    assert_eq!(end(&mut sessions, &way, nanosecond), None);
                }
                between(&mut sessions);
                for _ in 0..permitted {
                    assert_eq!(end(&mut sessions, &way, nanosecond), None);
                }
                assert_eq!(end(&mut sessions, &way, nanosecond), Some(short));
            }
        }
    }

    /// The first session of a nexus has replaced none.
    #[test]
    fn the_first_session_does_not_count() {
        let mut sessions = ShortSessions::default();
        assert_eq!(sessions.end(&BROKEN, Duration::ZERO), None);
        assert_eq!(end(&mut sessions, &BROKEN, Duration::ZERO), None);
    }
}
