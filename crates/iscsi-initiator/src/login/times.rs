//! Durations of the parts of a login.

use std::time::Duration;

use iscsi_pdu::Stage;

/// Durations of the parts of a login, measured by the initiator ([RFC 7143, section
/// 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)). With redirections, those of the last hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginTimes {
    /// Name resolution and TCP connection.
    pub connect: Duration,
    /// Security negotiation, including CHAP (RFC 7143, 6.3.2). Zero when the login began in operational negotiation.
    pub security: Duration,
    /// Operational negotiation, up to full feature phase (RFC 7143, 6.3.3).
    pub operational: Duration,
}

impl LoginTimes {
    /// Adds the duration of one exchange in this stage.
    fn add(&mut self, stage: Stage, taken: Duration) {
        if stage == Stage::SECURITY {
            self.security += taken;
        } else {
            self.operational += taken;
        }
    }

    /// Returns the duration of the whole login.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.connect + self.security + self.operational
    }
}

/// Measures the parts of one login. A time is a duration since an origin that the caller chooses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopwatch {
    /// When the current part began.
    since: Duration,
    times: LoginTimes,
}

impl Stopwatch {
    /// Starts with the part that connects.
    pub(super) fn start(now: Duration) -> Self {
        Self { since: now, times: LoginTimes::default() }
    }

    pub(super) fn connected(&mut self, now: Duration) {
        self.times.connect = self.lap(now);
    }

    /// Ends an exchange in this stage.
    pub(super) fn answered(&mut self, stage: Stage, now: Duration) {
        let taken = self.lap(now);
        self.times.add(stage, taken);
    }

    pub(super) const fn times(self) -> LoginTimes {
        self.times
    }

    /// Ends a part. A clock that went back counts as one that stood still.
    fn lap(&mut self, now: Duration) -> Duration {
        let began = std::mem::replace(&mut self.since, now);
        now.saturating_sub(began)
    }
}
