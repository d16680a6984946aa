//! How far a login has come, for the error when its time is over.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iscsi_pdu::Stage;

use crate::{Error, Portal};

/// What a login is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginStep {
    /// Name resolution and the TCP connection.
    Connecting,
    /// An answer of the target in this stage.
    Negotiating(Stage),
}

impl fmt::Display for LoginStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => formatter.write_str("while connecting"),
            Self::Negotiating(stage) => write!(formatter, "during {stage}"),
        }
    }
}

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
