//! The logout of a session (RFC 7143, 4.3 and 11.14).

use std::time::Duration;

use iscsi_pdu::{InitiatorTaskTag, LogoutReason, LogoutRequest, LogoutResponseCode};

use super::failure::End;
use super::state::SessionState;
use crate::wire::Outgoing;

/// The side that requested the logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutCause {
    /// The initiator.
    Initiator,
    /// The target, by an Asynchronous Message or a Reject.
    Target,
}

/// Progress of the logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogoutState {
    Open,
    /// No more requests are accepted, and the Logout Request is about to be sent.
    Wanted(LogoutCause),
    /// The Logout Request was sent, with this tag.
    Sent(LogoutCause, InitiatorTaskTag),
}

impl SessionState {
    /// Starts the logout, unless it has begun (ASY-08) or the session is over. Its limit counts from here.
    pub fn log_out(&mut self, cause: LogoutCause, now: Duration) {
        if self.is_open() {
            self.logout = LogoutState::Wanted(cause);
            self.logout_deadline = Some(now.saturating_add(self.limits.logout));
        }
    }

    /// The Logout Request, if one is wanted. It is immediate and so does not depend on the window (NUM-08).
    pub(super) fn begin_logout(&mut self) -> Option<Outgoing> {
        let LogoutState::Wanted(cause) = self.logout else { return None };
        let itt = self.requests.tag_without_slot();
        self.logout = LogoutState::Sent(cause, itt);
        let request = LogoutRequest {
            immediate: true,
            reason: LogoutReason::CLOSE_SESSION,
            itt,
            cid: 0,
            cmd_sn: self.window.current(),
            exp_stat_sn: self.status.expected(),
        };
        Some(request.encode().into())
    }

    /// Repeats the Logout Request, for which the target had no resources; false when the limit of repetitions is
    /// reached.
    pub(super) fn repeat_logout(&mut self) -> bool {
        let LogoutState::Sent(cause, _) = self.logout else { return false };
        let repeats = self.take_repeat();
        if repeats {
            self.logout = LogoutState::Wanted(cause);
        }
        repeats
    }

    /// Takes the answer to the Logout Request, which ends the session; false if none was sent with this tag.
    pub(super) fn logged_out(&mut self, tag: InitiatorTaskTag, code: LogoutResponseCode) -> bool {
        match self.logout {
            LogoutState::Sent(cause, itt) if itt == tag => {
                self.finish_session(End::LoggedOut(cause, code));
                true
            }
            _ => false,
        }
    }
}
