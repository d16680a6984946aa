//! Decisions about the end of a session, and about a login that failed: one table each.

use std::time::Duration;

use iscsi_login::LoginError;
use iscsi_pdu::LoginStatus;

use crate::error::Error;
use crate::session::{End, Failure, LogoutCause};

/// The way in which a nexus recovers. Levels 1 and 2 of RFC 7143 would be more ways, for failures that cost a PDU or a
/// connection and not the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryLevel {
    /// By another session (RFC 7143, 7.1.4.4): error recovery level 0.
    Session,
}

/// What a nexus does about the end of a session or of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It logs in again, after this time at the least.
    LogInAgain(Duration),
    /// It is over: to log in again would end in the same way, or nobody wants it.
    GiveUp,
}

impl Decision {
    const AT_ONCE: Self = Self::LogInAgain(Duration::ZERO);

    /// The decision about the end of a session. Whatever went wrong ends with the session, so another one is worth an attempt;
    /// that the target does the same again is what the limits are for.
    #[must_use]
    pub const fn after_session(end: &End, level: RecoveryLevel) -> Self {
        match (end, level) {
            (End::LoggedOut(LogoutCause::Initiator, _), RecoveryLevel::Session) => Self::GiveUp,
            (End::Failed(Failure::Announced { time2wait, .. }), RecoveryLevel::Session) => {
                Self::LogInAgain(Duration::from_secs(*time2wait as u64))
            }
            (
                End::LoggedOut(LogoutCause::Target, _)
                | End::Failed(
                    Failure::Closed
                    | Failure::Lost(_)
                    | Failure::Digest(_)
                    | Failure::Gap(_)
                    | Failure::Format(_)
                    | Failure::Rejected(_)
                    | Failure::Silent(_),
                ),
                RecoveryLevel::Session,
            ) => Self::AT_ONCE,
        }
    }

    /// The decision about a login that failed. Final are refused credentials, a target that did not prove itself, and what the
    /// initiator itself does not allow; a target that cannot be reached, is not ready yet, or talks nonsense may do better.
    #[must_use]
    pub const fn after_login(error: &Error) -> Self {
        match error {
            Error::Connect { .. }
            | Error::ConnectionLost { .. }
            | Error::ClosedDuringLogin { .. }
            | Error::MalformedDuringLogin { .. }
            | Error::LoginTimeout { .. }
            | Error::Timeout { .. }
            | Error::RedirectLoop { .. }
            | Error::RedirectRefused { .. }
            // The store may be locked, or its disk busy.
            | Error::Secrets(_) => Self::AT_ONCE,
            Error::Login { error, .. } => Self::after_login_exchange(error),
            _ => Self::GiveUp,
        }
    }

    const fn after_login_exchange(error: &LoginError) -> Self {
        match error {
            LoginError::Refused { status, .. } => Self::after_refusal(*status),
            LoginError::Protocol(_) => Self::AT_ONCE,
            _ => Self::GiveUp,
        }
    }

    /// A target that has just started does not know its own name at first, and one that is overloaded has space later
    /// (RFC 7143, 11.13.5).
    const fn after_refusal(status: LoginStatus) -> Self {
        match status {
            LoginStatus::NOT_FOUND | LoginStatus::TOO_MANY_CONNECTIONS | LoginStatus(0x0300..=0x03ff) => {
                Self::AT_ONCE
            }
            _ => Self::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests;
