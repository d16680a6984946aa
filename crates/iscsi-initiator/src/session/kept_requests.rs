//! Requests that outlive their session: kept when it is lost, and sent again in another one, in their order.

use std::ops::AddAssign;
use std::time::Duration;

use iscsi_login::initiator::CompletedLogin;
use iscsi_login::{Parameters, Tolerance};
use iscsi_pdu::{InitiatorTaskTag, Lun, ScsiStatus, SequenceNumbers, SerialNumber};

use super::request::{Kind, OldTask, Outcome, Request};
use super::state::SessionState;
use super::write_order::WriteOrder;
use crate::scsi::Replay;

/// The result of the login of another session.
#[derive(Clone, Debug)]
pub struct NextSession {
    /// The negotiated parameters.
    pub parameters: Parameters,
    /// The number of the first command.
    pub cmd_sn: SerialNumber,
    /// The number of the next status.
    pub exp_stat_sn: SerialNumber,
    /// The numbers of the last Login Response.
    pub numbers: SequenceNumbers,
    /// The target's deviations from now on.
    pub tolerance: Tolerance,
}

/// What is known about the tasks of sessions before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fencing {
    /// The target has ended them: the session was reinstated, and no other initiator writes to its units
    /// ([RFC 7143, section 6.3.5](https://www.rfc-editor.org/rfc/rfc7143#section-6.3.5)).
    Sole,
    /// The target has ended them, and other initiators may have written since.
    Shared,
    /// They may still run.
    None,
}

impl Fencing {
    /// Whether a command that may have been carried out may be sent again.
    const fn permits(self, replay: Replay) -> bool {
        match (replay, self) {
            (Replay::Repeat, _) | (Replay::IfSole, Self::Sole) => true,
            (Replay::IfSole, Self::Shared | Self::None) | (Replay::Never, _) => false,
        }
    }

    /// What is known of a command that is not sent again.
    const fn old_task(self) -> OldTask {
        match self {
            Self::Sole | Self::Shared => OldTask::Ended,
            Self::None => OldTask::MayRun,
        }
    }
}

/// What became of requests that were kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The number of those that were sent, again or for the first time.
    pub sent_again: u64,
    /// The number of those that may have been carried out, and were not sent again.
    pub ambiguous: u64,
}

impl AddAssign for Replayed {
    fn add_assign(&mut self, other: Self) {
        self.sent_again += other.sent_again;
        self.ambiguous += other.ambiguous;
    }
}

impl NextSession {
    /// The session that this login has begun.
    #[must_use]
    pub const fn new(completed: &CompletedLogin, tolerance: Tolerance) -> Self {
        let CompletedLogin { parameters, cmd_sn, exp_stat_sn, numbers, .. } = *completed;
        Self { parameters, cmd_sn, exp_stat_sn, numbers, tolerance }
    }
}

impl SessionState {
    /// Has requests outlive the session: when it ends, they wait for [`renew`](Self::renew) or [`end_kept`](Self::end_kept).
    pub const fn make_lasting(&mut self) {
        self.is_lasting = true;
    }

    /// Tells how many bytes of the stream of the connection were written: requests behind them are unknown to the target.
    pub const fn set_written(&mut self, written: u64) {
        self.written = written;
    }

    /// Tells where in the stream of the connection the next PDU begins.
    pub(crate) const fn set_position(&mut self, position: u64) {
        self.position = position;
    }

    /// Whether the session has ended, and its requests wait for another one.
    #[must_use]
    pub const fn is_between_sessions(&self) -> bool {
        self.keeps && self.end().is_some()
    }

    /// Keeps a request for the next session. Task management functions and pings are about the present one.
    pub(super) fn keep(&mut self, request: Request) -> InitiatorTaskTag {
        let is_immediate = request.is_immediate();
        let itt = self.requests.insert(request);
        if is_immediate {
            self.finish(itt, |_| Outcome::NoSession);
        }
        itt
    }

    /// Whether the request waits for the next session, and no session before has sent it.
    pub(super) fn is_kept(&self, itt: InitiatorTaskTag) -> bool {
        self.keeps && self.requests.get(itt).is_some() && !self.requests.is_touched(itt)
    }

    /// Keeps the commands and text exchanges of callers; what is about this session ends with it.
    pub(super) fn keep_all(&mut self) {
        self.keeps = true;
        let open = self.requests.open_in_order().into_iter();
        let sent_twice: Vec<_> = open.filter(|itt| self.is_text_sent_twice(*itt)).collect();
        self.requests.interrupt(self.written);
        self.write_order = WriteOrder::default();
        // Whoever submitted it learns of the end by itself.
        let ahead = self.ahead.take();
        if let Some(itt) = ahead {
            self.abandon(itt);
        }
        for itt in self.requests.open_in_order() {
            match self.requests.get(itt).map(|request| &request.0) {
                Some(Kind::Management(_)) => self.finish(itt, |_| Outcome::Managed(None)),
                Some(Kind::Ping(_)) => self.finish(itt, |_| Outcome::NoSession),
                _ if sent_twice.contains(&itt) => {
                    self.finish(itt, |_| Outcome::Ambiguous(OldTask::MayRun));
                }
                _ if Some(itt) == ahead => self.finish(itt, |_| Outcome::SessionOver),
                _ => {}
            }
        }
    }

    /// Whether a text exchange was sent in this session, and in one that was lost. The target may close the connection when it gets
    /// it, and would again.
    fn is_text_sent_twice(&self, itt: InitiatorTaskTag) -> bool {
        let is_text = matches!(self.requests.get(itt), Some(Request(Kind::Text(_))));
        is_text && self.requests.is_touched(itt) && self.requests.cmd_sn(itt).is_some()
    }

    /// Ends the requests that wait for another session: those that may have been carried out as such, the others as never sent.
    pub fn end_waiting(&mut self) {
        let ahead = self.ahead;
        for itt in self.requests.open_in_order().into_iter().filter(|itt| Some(*itt) != ahead) {
            let is_touched = self.requests.is_touched(itt);
            self.finish(itt, |_| {
                if is_touched { Outcome::Ambiguous(OldTask::MayRun) } else { Outcome::NoSession }
            });
        }
    }

    /// There will be no other session: every request ends.
    pub fn end_kept(&mut self) {
        self.keeps = false;
        self.end_all();
    }

    /// Begins another session. Requests of callers are kept back until [`send_kept`](Self::send_kept).
    pub fn renew(&mut self, next: NextSession) {
        let NextSession { parameters, cmd_sn, exp_stat_sn, numbers, tolerance } = next;
        let new = Self::new(parameters, cmd_sn, exp_stat_sn, numbers, tolerance, self.limits);
        let old = std::mem::replace(self, new);
        (self.requests, self.ended, self.events) = (old.requests, old.ended, old.events);
        self.unflushed = old.unflushed;
        (self.heard_at, self.is_lasting, self.keeps) = (old.heard_at, old.is_lasting, true);
    }

    /// Submits a request of the nexus, one at a time, while those of callers are kept back. Its outcome is taken like any other;
    /// it has none if this session is lost, too.
    pub fn submit_ahead(&mut self, request: Request, now: Duration) -> InitiatorTaskTag {
        let limit = self.limit_of(&request);
        let itt = self.queue_now(request);
        self.deadlines.add_since(itt, now, limit);
        self.ahead = Some(itt);
        itt
    }

    /// Sends the kept requests in their order, before any later one. Each gets another tag, and its limit begins anew. A command
    /// that may have been carried out, and may not be sent again, ends as [`Outcome::Ambiguous`]; so does one of a unit that
    /// is not known to be the same, and one that the last session was told to abort. What nobody waits for is not sent again.
    pub fn send_kept(&mut self, fencing: Fencing, is_same: impl Fn(Lun) -> bool, now: Duration) -> Replayed {
        (self.keeps, self.ahead) = (false, None);
        let mut replayed = Replayed::default();
        let kept = self.kept_in_order();
        self.note_replaced(&kept, |session, itt| session.is_ambiguous(itt, fencing, &is_same));
        for itt in kept {
            if self.requests.is_abandoned(itt) {
                self.finish(itt, |_| Outcome::SessionOver);
            } else if self.is_ambiguous(itt, fencing, &is_same) {
                self.finish(itt, |_| Outcome::Ambiguous(fencing.old_task()));
                replayed.ambiguous += 1;
            } else {
                self.send_again(itt, now);
                replayed.sent_again += 1;
            }
        }
        replayed
    }

    /// The units for which commands are kept.
    #[must_use]
    pub fn kept_units(&self) -> Vec<Lun> {
        self.requests.open_in_order().into_iter().filter_map(|itt| self.requests.lun(itt)).collect()
    }

    /// Whether requests that were sent again have no outcome.
    #[must_use]
    pub fn has_replayed(&self) -> bool {
        self.requests.has_renamed()
    }

    /// The unit that refused a command which was sent again, since another initiator has reserved it.
    #[must_use]
    pub const fn conflict(&self) -> Option<Lun> {
        self.conflict
    }

    /// Takes note of a reservation in the way of a command that was sent again.
    pub(super) fn note_conflict(&mut self, itt: InitiatorTaskTag, status: ScsiStatus) {
        if status == ScsiStatus::RESERVATION_CONFLICT && self.requests.is_renamed(itt) {
            self.conflict = self.requests.lun(itt);
        }
    }

    /// Takes note that a command succeeded, or a ping was answered, since this was last asked.
    pub const fn take_success(&mut self) -> bool {
        std::mem::replace(&mut self.has_succeeded, false)
    }

    /// The requests that wait for this session, in the order of submission. The others belong to it.
    fn kept_in_order(&self) -> Vec<InitiatorTaskTag> {
        let mut open = self.requests.open_in_order();
        open.retain(|itt| self.requests.cmd_sn(*itt).is_none() && !self.requests.is_immediate(*itt));
        open
    }

    fn is_ambiguous(&self, itt: InitiatorTaskTag, fencing: Fencing, is_same: impl Fn(Lun) -> bool) -> bool {
        match self.requests.get(itt).map(|request| &request.0) {
            Some(Kind::Scsi(task)) if self.requests.is_touched(itt) => {
                self.requests.is_aborting(itt)
                    || self.requests.is_replaced(itt)
                    || !fencing.permits(task.replay())
                    || !is_same(task.lun())
            }
            _ => false,
        }
    }

    /// Queues a kept request as a new one.
    fn send_again(&mut self, itt: InitiatorTaskTag, now: Duration) {
        let Some(renamed) = self.requests.rename(itt) else { return };
        if self.requests.is_touched(renamed) {
            self.write_order.repeat(renamed);
        }
        let Some(request) = self.requests.get_mut(renamed) else { return };
        match &mut request.0 {
            Kind::Scsi(task) => task.restart(),
            Kind::Text(exchange) => exchange.restart(),
            Kind::Management(_) | Kind::Ping(_) => {}
        }
        let has_data = request.has_data_out();
        self.backlog.push(renamed, has_data);
        self.deadlines.add_since(renamed, now, self.limits.command);
    }
}
