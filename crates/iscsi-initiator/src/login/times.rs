//! The progress of a login, and the times of its parts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iscsi_pdu::{Portal, Stage};

use crate::error::{Error, LoginStep};

/// The portal and step that a login has reached. It outlives the login, which is dropped when it times out.
pub(crate) struct LoginProgress {
    first: Portal,
    current: Mutex<Current>,
}

struct Current {
    portal: Portal,
    redirects: usize,
    step: LoginStep,
}

impl LoginProgress {
    /// The progress of a login that begins at this portal.
    pub(crate) fn new(first: &Portal) -> Self {
        let current = Current { portal: first.clone(), redirects: 0, step: LoginStep::Connecting };
        Self { first: first.clone(), current: Mutex::new(current) }
    }

    /// Records the step that the login has reached at its current portal.
    pub(crate) fn reach(&self, step: LoginStep) {
        self.change(|current| current.step = step);
    }

    /// Records that the login goes on at another portal, with the number of redirections so far.
    pub(crate) fn move_to(&self, portal: &Portal, redirects: usize) {
        let (portal, step) = (portal.clone(), LoginStep::Connecting);
        self.change(|current| *current = Current { portal, redirects, step });
    }

    /// The error of a login that timed out in this state.
    pub(crate) fn timeout(self, limit: Duration) -> Error {
        let Current { portal, redirects, step } =
            self.current.into_inner().unwrap_or_else(PoisonError::into_inner);
        Error::LoginTimeout { portal, redirects, first: self.first, step, limit }
    }

    fn change(&self, change: impl FnOnce(&mut Current)) {
        change(&mut self.current.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Durations of the parts of a login, measured by the initiator. With redirections, those of the last hop.
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
    pub(crate) fn add(&mut self, stage: Stage, taken: Duration) {
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
