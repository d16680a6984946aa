//! The logout of a session (RFC 7143, 4.3 and 11.14).

use std::time::Duration;

use iscsi_pdu::{InitiatorTaskTag, LogoutReason, LogoutRequest, LogoutResponseCode};

use super::deadlines::LONGEST_LIMIT;
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

/// The part of the time that a target grants for a logout which is left to the logout itself.
const LAST: Duration = Duration::from_secs(1);

impl SessionState {
    /// Starts the logout that the target requests within a time (ASY-02): commands that were sent may end before, the others
    /// are not sent any more. The wait leaves half of the limit to the logout itself.
    pub(super) fn log_out_within(&mut self, within: Duration, now: Duration) {
        if self.is_open() {
            self.log_out(LogoutCause::Target, now);
            let most = self.limits.logout.min(LONGEST_LIMIT) / 2;
            self.drain_until = Some(now.saturating_add(within.saturating_sub(LAST).min(most)));
        }
    }

    /// The time at which a logout no longer waits for the commands that were sent.
    pub(super) fn drain_deadline(&self) -> Option<Duration> {
        self.drain_until.filter(|_| matches!(self.logout, LogoutState::Wanted(_)))
    }

    /// Has a logout wait no longer from its time on.
    pub(super) fn end_drain(&mut self, now: Duration) {
        self.drain_until.take_if(|until| *until <= now);
    }

    /// Starts the logout, unless it has begun (ASY-08) or the session is over. Its limit counts from here.
    pub fn log_out(&mut self, cause: LogoutCause, now: Duration) {
        if self.is_open() {
            self.logout = LogoutState::Wanted(cause);
            self.logout_deadline = Some(now.saturating_add(self.limits.logout));
        }
    }

    /// Starts a logout of the initiator for this reason, as [`log_out`](Self::log_out) does for that of closing the session.
    /// The session ends with it, whatever the reason: there is no other connection.
    pub fn log_out_for(&mut self, reason: LogoutReason, now: Duration) {
        if self.is_open() {
            self.logout_reason = reason;
            self.log_out(LogoutCause::Initiator, now);
        }
    }

    /// The Logout Request, if one is wanted. It is immediate and so does not depend on the window (NUM-08).
    pub(super) fn begin_logout(&mut self) -> Option<Outgoing> {
        let LogoutState::Wanted(cause) = self.logout else { return None };
        if self.drain_until.is_some() && self.awaits_responses() || self.is_next_held() {
            return None;
        }
        let itt = self.requests.tag_without_slot();
        self.logout = LogoutState::Sent(cause, itt);
        let request = LogoutRequest {
            immediate: true,
            reason: self.logout_reason,
            itt,
            // That of the login. It counts only where the reason is about a connection (LGO-02).
            cid: 0,
            cmd_sn: self.window.current(),
            exp_stat_sn: self.status.expected(),
        };
        Some(request.encode().into())
    }

    /// Whether the initiator has requested the end of the session.
    pub(crate) const fn is_logging_out(&self) -> bool {
        matches!(
            self.logout,
            LogoutState::Wanted(LogoutCause::Initiator) | LogoutState::Sent(LogoutCause::Initiator, _)
        )
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

    /// Whether this is the tag of the Logout Request.
    pub(super) fn is_logout(&self, tag: InitiatorTaskTag) -> bool {
        matches!(self.logout, LogoutState::Sent(_, itt) if itt == tag)
    }

    /// Takes the answer to the Logout Request, which ends the session; false if none was sent with this tag.
    pub(super) fn logged_out(&mut self, tag: InitiatorTaskTag, code: LogoutResponseCode) -> bool {
        match self.logout {
            LogoutState::Sent(cause, _) if self.is_logout(tag) => {
                self.finish_session(End::LoggedOut(cause, code));
                true
            }
            _ => false,
        }
    }
}
