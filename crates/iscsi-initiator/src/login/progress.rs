//! The progress of a login, and the times of its parts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iscsi_pdu::{Portal, Stage};

use crate::error::{Error, LoginStep};

/// Where a login stands. It outlives the login, which is dropped when its time is over.
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
    /// A login that begins at this portal.
    pub(crate) fn new(first: &Portal) -> Self {
        let current = Current { portal: first.clone(), redirects: 0, step: LoginStep::Connecting };
        Self { first: first.clone(), current: Mutex::new(current) }
    }

    /// The login has come this far at its present portal.
    pub(crate) fn reach(&self, step: LoginStep) {
        self.change(|current| current.step = step);
    }

    /// The login goes on at another portal, after so many redirections.
    pub(crate) fn move_to(&self, portal: &Portal, redirects: usize) {
        let (portal, step) = (portal.clone(), LoginStep::Connecting);
        self.change(|current| *current = Current { portal, redirects, step });
    }

    /// The error of a login that stands here when its time is over.
    pub(crate) fn timeout(self, limit: Duration) -> Error {
        let Current { portal, redirects, step } =
            self.current.into_inner().unwrap_or_else(PoisonError::into_inner);
        Error::LoginTimeout { portal, redirects, first: self.first, step, limit }
    }

    fn change(&self, change: impl FnOnce(&mut Current)) {
        change(&mut self.current.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// How long the parts of a login took, as seen from here. With redirections, those of the last hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginTimes {
    /// Name resolution and TCP connection.
    pub connect: Duration,
    /// Security negotiation, CHAP within it (RFC 7143, 6.3.2). Zero when the login began behind it.
    pub security: Duration,
    /// Operational negotiation, up to full feature phase (RFC 7143, 6.3.3).
    pub operational: Duration,
}

impl LoginTimes {
    /// Adds one exchange, whose request belonged to this stage.
    pub(crate) fn add(&mut self, stage: Stage, taken: Duration) {
        if stage == Stage::SECURITY {
            self.security += taken;
        } else {
            self.operational += taken;
        }
    }

    /// The whole login.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.connect + self.security + self.operational
    }
}
