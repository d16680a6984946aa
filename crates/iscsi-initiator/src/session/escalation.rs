//! The steps against a command that has no response within its limit ([RFC 7143, section
//! 7.11](https://www.rfc-editor.org/rfc/rfc7143#section-7.11)).
//!
//! Its limit begins anew while its data or those of an older command move. Then the target is pinged, the command is
//! aborted, its logical unit is reset, and at last the session is given up (TMF-09, TMF-10). Each step has a limit of its
//! own. One command at a time is dealt with, and the next one follows at once.

use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{InitiatorTaskTag, Lun};

use super::failure::Failure;
use super::logout::LogoutState;
use super::pings::Ping;
use super::request::{AbortCause, Kind, Outcome, Request};
use super::state::SessionState;
use super::task_management::TaskManagement;

/// The most times that the limit of a command begins anew.
const MOST_EXTENSIONS: u8 = 8;

/// The step that is under way, and the command that it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escalation {
    command: InitiatorTaskTag,
    lun: Lun,
    step: Step,
    /// The request of the step.
    request: InitiatorTaskTag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ping,
    Abort,
    Reset,
}

impl SessionState {
    /// Deals with a request whose limit has passed. Its deadline moves, or it ends.
    pub(super) fn overdue(&mut self, itt: InitiatorTaskTag, now: Duration) {
        match self.requests.get(itt).map(|request| &request.0) {
            Some(Kind::Scsi(_)) if self.is_open() => self.command_overdue(itt, now),
            Some(Kind::Management(_)) => self.management_overdue(itt, now),
            Some(Kind::Ping(_)) => self.ping_overdue(itt, now),
            Some(Kind::Text(_)) => self.text_overdue(itt),
            // A session that is about to end sends nothing more for a command.
            Some(Kind::Scsi(_)) => self.give_up(itt),
            None => self.deadlines.remove(itt),
        }
    }

    /// A ping without an answer is a lost connection (NOP-06), but for one that closes a gap which the target has closed
    /// itself, and so ignores as a duplicate (4.2.2.1), and one that may not be sent any more behind the logout, which has a
    /// limit of its own.
    fn ping_overdue(&mut self, itt: InitiatorTaskTag, now: Duration) {
        let gap = self.requests.sent_ping(itt).and_then(Ping::gap);
        if gap.is_some_and(|gap| self.window.has_counted(gap)) {
            self.finish(itt, |_| Outcome::Pong);
            self.stray_tags.add(itt);
            return self.answered(itt, now);
        }
        if matches!(self.logout, LogoutState::Sent(..)) {
            return self.deadlines.remove(itt);
        }
        self.give_up(itt);
    }

    /// A text exchange cannot be aborted, so the session ends. Another one would not have a better answer.
    fn text_overdue(&mut self, itt: InitiatorTaskTag) {
        let silence = self.silence(Some(itt));
        let limit = silence.limit;
        self.finish(itt, |_| Outcome::Unanswered(limit));
        self.fail(Failure::Silent(silence));
    }

    fn command_overdue(&mut self, itt: InitiatorTaskTag, now: Duration) {
        if self.requests.task(itt).is_some_and(|task| task.takes_extension(MOST_EXTENSIONS)) {
            return self.deadlines.postpone(itt, now, self.limits.command);
        }
        if self.escalation.is_some() {
            // Its turn comes when the command before it is dealt with.
            return self.deadlines.defer(itt);
        }
        if self.waits_for_older(itt) {
            return self.deadlines.postpone(itt, now, self.limits.command);
        }
        let Some(lun) = self.requests.lun(itt) else { return };
        self.deadlines.remove(itt);
        self.take_step(itt, lun, Step::Ping, now);
    }

    /// Whether data of an older command than this one, which was sent, moved, so that the older one has a later deadline.
    fn waits_for_older(&self, itt: InitiatorTaskTag) -> bool {
        let is_older = |other| self.requests.lun(other).is_some() && self.requests.is_older(other, itt);
        self.requests.cmd_sn(itt).is_some() && self.deadlines.later_than_first().any(is_older)
    }

    fn take_step(&mut self, command: InitiatorTaskTag, lun: Lun, step: Step, now: Duration) {
        let (request, limit) = match step {
            Step::Ping => (Request::ping(Bytes::new()), self.limits.ping),
            Step::Abort => (Request::management(TaskManagement::AbortTask(command)), self.limits.abort),
            Step::Reset => (Request::management(TaskManagement::LogicalUnitReset(lun)), self.limits.reset),
        };
        if step != Step::Ping {
            // In another session it would hang again.
            self.requests.note_abort(command, true);
        }
        tracing::info!(%lun, request = request.name(), "a command has no response within its limit");
        let request = self.submit_own(request, now, limit);
        self.escalation = Some(Escalation { command, lun, step, request });
    }

    /// The request of a step has its answer, or none in time: the next step follows while the command has not ended.
    pub(super) fn answered(&mut self, request: InitiatorTaskTag, now: Duration) {
        let Some(Escalation { command, lun, step, .. }) =
            self.escalation.take_if(|escalation| escalation.request == request)
        else {
            return;
        };
        if self.requests.get(command).is_none() || self.withdraw(command, AbortCause::Timeout) {
            return self.deadlines.resume();
        }
        match step {
            Step::Ping => self.take_step(command, lun, Step::Abort, now),
            Step::Abort => self.take_step(command, lun, Step::Reset, now),
            Step::Reset => {
                self.requests.note_abort(command, true);
                self.give_up(command);
            }
        }
    }

    /// A task management function without an answer in time: its line is free, and what the target did of it is not known.
    fn management_overdue(&mut self, itt: InitiatorTaskTag, now: Duration) {
        self.finish(itt, |_| Outcome::Managed(None));
        self.stray_tags.add(itt);
        self.answered(itt, now);
    }

    /// Ends the session because of this request, or of the command that it was sent for.
    fn give_up(&mut self, itt: InitiatorTaskTag) {
        let escalation = self.escalation.filter(|escalation| escalation.request == itt);
        let command = escalation.map(|escalation| escalation.command);
        // The command may have ended by itself meanwhile.
        let named = command.filter(|command| self.requests.get(*command).is_some()).unwrap_or(itt);
        let silence = self.silence(Some(named));
        self.fail(Failure::Silent(silence));
    }

    /// The cause for which this task management function ends a command. A reset ends others than the one that is overdue.
    pub(super) fn cause_of(
        &self,
        management: (InitiatorTaskTag, TaskManagement),
        itt: InitiatorTaskTag,
    ) -> AbortCause {
        match self.escalation {
            Some(Escalation { request, command, .. }) if (request, command) == (management.0, itt) => {
                AbortCause::Timeout
            }
            _ => AbortCause::Requested(management.1.name()),
        }
    }

    /// Forgets the escalation of a command that ended before this request of its step was sent.
    pub(super) fn end_escalation(&mut self, request: InitiatorTaskTag) {
        if self.escalation.take_if(|escalation| escalation.request == request).is_some() {
            self.deadlines.resume();
        }
    }

    /// Submits a request of the session's own, whose outcome nobody takes.
    pub(super) fn submit_own(
        &mut self,
        request: Request,
        now: Duration,
        limit: Duration,
    ) -> InitiatorTaskTag {
        let itt = self.queue_now(request);
        self.abandon(itt);
        if self.end().is_none() {
            self.deadlines.add_since(itt, now, limit);
        }
        itt
    }
}
