//! State of a session: queued requests, requests in flight, and data to be sent.

use std::collections::VecDeque;
use std::time::Duration;

use iscsi_login::{ObservedDeviation, Parameters, Strictness, Tolerance};
use iscsi_pdu::{InitiatorTaskTag, LogoutReason, Lun, SequenceNumbers, SerialNumber};

use super::backlog::Backlog;
use super::command_window::CommandWindow;
use super::data_out::Burst;
use super::deadlines::{Deadlines, Limits};
use super::escalation::Escalation;
use super::events::Events;
use super::failure::{End, Failure};
use super::immediate_requests::ImmediateRequests;
use super::logout::LogoutState;
use super::ping_answers::PingAnswers;
use super::request::{Kind, Outcome, Request};
use super::requests::{Awaited, Requests};
use super::status_numbers::StatusNumbers;
use super::stray_tags::StrayTags;
use super::unflushed_writes::UnflushedWrites;
use super::unit_queues::UnitQueues;
use super::write_order::WriteOrder;

/// A session of one connection.
#[derive(Clone, Debug)]
pub struct SessionState {
    pub(super) parameters: Parameters,
    pub(super) window: CommandWindow,
    pub(super) status: StatusNumbers,
    pub(super) requests: Requests,
    pub(super) backlog: Backlog,
    /// The depths of units that take few commands at a time.
    pub(super) unit_queues: UnitQueues,
    pub(super) ping_answers: PingAnswers,
    pub(super) immediate: ImmediateRequests,
    pub(super) events: Events,
    /// The tags of requests that ended without their answer.
    pub(super) stray_tags: StrayTags,
    /// The steps against a command that has no response in time.
    pub(super) escalation: Option<Escalation>,
    /// The time at which something was last received.
    pub(super) heard_at: Duration,
    /// The unsolicited data behind the last command, until they are sent: nothing comes between (DAT-05).
    pub(super) unsolicited: Option<Burst>,
    /// Bursts in the order of their R2Ts (DAT-10).
    pub(super) solicited: VecDeque<Burst>,
    /// Whether a command comes before the next solicited data.
    pub(super) is_commands_turn: bool,
    /// Requests with an outcome for which somebody waits.
    pub(super) ended: VecDeque<InitiatorTaskTag>,
    pub(super) logout: LogoutState,
    pub(super) logout_reason: LogoutReason,
    /// The deadline of a logout that began, whichever side requested it.
    pub(super) logout_deadline: Option<Duration>,
    /// The time until which a logout waits for the commands that were sent.
    pub(super) drain_until: Option<Duration>,
    pub(super) deadlines: Deadlines,
    pub(super) limits: Limits,
    /// Tolerance of the target's deviations, with those observed.
    pub(super) tolerance: Tolerance,
    /// The place in the stream of the connection at which the next PDU begins.
    pub(super) position: u64,
    /// The number of its bytes that were written.
    pub(super) written: u64,
    /// Whether requests outlive the session.
    pub(super) is_lasting: bool,
    /// Whether requests are kept back, since there is no session for them.
    pub(super) keeps: bool,
    pub(super) unflushed: UnflushedWrites,
    pub(super) write_order: WriteOrder,
    /// Whether a command succeeded, or a ping was answered.
    pub(super) has_succeeded: bool,
    /// The request that goes ahead of those that are kept back.
    pub(super) ahead: Option<InitiatorTaskTag>,
    /// The unit that another initiator has reserved since the last session.
    pub(super) conflict: Option<Lun>,
    end: Option<End>,
}

impl SessionState {
    /// A session after login: the negotiated parameters, the sequence numbers of the login, and the deviations so far.
    #[must_use]
    pub fn new(
        parameters: Parameters,
        cmd_sn: SerialNumber,
        exp_stat_sn: SerialNumber,
        numbers: SequenceNumbers,
        tolerance: Tolerance,
        limits: Limits,
    ) -> Self {
        Self {
            parameters,
            window: CommandWindow::new(cmd_sn, numbers),
            status: StatusNumbers::new(exp_stat_sn),
            requests: Requests::default(),
            backlog: Backlog::default(),
            unit_queues: UnitQueues::default(),
            ping_answers: PingAnswers::new(),
            immediate: ImmediateRequests::default(),
            events: Events::default(),
            stray_tags: StrayTags::default(),
            escalation: None,
            heard_at: Duration::ZERO,
            unsolicited: None,
            solicited: VecDeque::new(),
            is_commands_turn: true,
            ended: VecDeque::new(),
            logout: LogoutState::Open,
            logout_reason: LogoutReason::CLOSE_SESSION,
            logout_deadline: None,
            drain_until: None,
            deadlines: Deadlines::default(),
            limits,
            tolerance,
            position: 0,
            written: u64::MAX,
            is_lasting: false,
            keeps: false,
            unflushed: UnflushedWrites::default(),
            write_order: WriteOrder::default(),
            has_succeeded: false,
            ahead: None,
            conflict: None,
            end: None,
        }
    }

    /// Whether requests are accepted: until a logout begins or the session ends.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.logout == LogoutState::Open && self.end.is_none()
    }

    /// The end of the session, once it is over.
    #[must_use]
    pub const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Whether no deviation of the target is tolerated.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.tolerance.strictness() == Strictness::Strict
    }

    /// Deviations of the target that were tolerated, in order.
    #[must_use]
    pub fn deviations(&self) -> &[ObservedDeviation] {
        self.tolerance.observed()
    }

    /// The number of requests not yet answered, sent or queued.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.requests.open()
    }

    /// Whether requests were sent that have no outcome.
    #[must_use]
    pub fn awaits_responses(&self) -> bool {
        self.requests.open() > self.backlog.len() + self.immediate.waiting()
    }

    /// Whether outcomes wait to be taken, by callers who may have another request then.
    #[must_use]
    pub const fn has_outcomes(&self) -> bool {
        self.requests.has_outcomes()
    }

    /// Whether the target takes another command than those that are queued.
    #[must_use]
    pub fn is_window_open(&self) -> bool {
        self.window.remaining() as usize > self.backlog.len()
    }

    /// Whether there is space for another request among those without an outcome and the outcomes that were not taken.
    #[must_use]
    pub const fn has_space(&self) -> bool {
        self.requests.has_space()
    }

    /// Accepts a request; the tag names it until its outcome is taken. Its limit begins with the next
    /// [`advance`](Self::advance). A request that comes after the end of the session ends at once.
    #[inline]
    pub fn submit(&mut self, request: Request) -> InitiatorTaskTag {
        let itt = self.queue(request);
        if self.end.is_none() && !self.keeps {
            self.deadlines.add(itt);
        }
        itt
    }

    /// Accepts a request like [`submit`](Self::submit), whose limit began at a time before. An immediate request needs that
    /// time.
    pub fn submit_since(&mut self, request: Request, since: Duration) -> InitiatorTaskTag {
        let limit = self.limit_of(&request);
        let itt = self.queue(request);
        if self.end.is_none() && !self.keeps {
            self.deadlines.add_since(itt, since, limit);
        }
        itt
    }

    #[inline]
    fn queue(&mut self, request: Request) -> InitiatorTaskTag {
        if let Kind::Management(function) = request.0 {
            self.note_aborts(function, true);
        }
        if self.keeps {
            return self.keep(request);
        }
        self.queue_now(request)
    }

    /// Queues a request for the session, though others may be kept back.
    #[inline]
    pub(super) fn queue_now(&mut self, request: Request) -> InitiatorTaskTag {
        let (has_data, is_immediate) = (request.has_data_out(), request.is_immediate());
        let is_ping = matches!(request.0, Kind::Ping(_));
        let itt = self.requests.insert(request);
        if self.end.is_some() {
            self.finish(itt, |_| Outcome::SessionOver);
        } else if is_immediate {
            self.immediate.push(itt, is_ping);
        } else {
            self.backlog.push(itt, has_data);
        }
        itt
    }

    /// The tag of the next request that has ended, while its outcome is not taken.
    pub fn poll_ended(&mut self) -> Option<InitiatorTaskTag> {
        self.ended.pop_front()
    }

    /// The next outcome, with the tag of its request, and with the read data in the completion.
    pub fn poll_outcome(&mut self) -> Option<(InitiatorTaskTag, Outcome)> {
        let (itt, outcome) = std::iter::from_fn(|| self.ended.pop_front())
            .find_map(|itt| Some((itt, self.requests.take_outcome(itt)?)))?;
        Some((itt, outcome.with_data()))
    }

    /// The outcome of this request, while it is not taken.
    #[must_use]
    pub fn outcome(&self, itt: InitiatorTaskTag) -> Option<&Outcome> {
        self.requests.outcome(itt)
    }

    /// Takes the outcome of a request that has ended. The tag names nothing from then on.
    pub fn take_outcome(&mut self, itt: InitiatorTaskTag) -> Option<Outcome> {
        self.requests.take_outcome(itt)
    }

    /// Drops the outcome of this request, now or when it comes.
    pub fn abandon(&mut self, itt: InitiatorTaskTag) {
        self.requests.abandon(itt);
    }

    /// Whether nothing is under way: idle sessions need no buffers.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.in_flight() == 0 && self.logout_deadline.is_none()
    }

    /// Notes that something was received.
    pub(crate) const fn heard(&mut self, now: Duration) {
        self.heard_at = now;
    }

    /// Gives memory back that an idle session does not need.
    pub fn release(&mut self) {
        self.requests.release();
        self.deadlines.release();
        self.backlog.release();
        self.write_order.release();
        if self.ended.is_empty() {
            self.ended = VecDeque::new();
        }
        if self.solicited.is_empty() {
            self.solicited = VecDeque::new();
        }
    }

    /// Whether [`release`](Self::release) may give something back.
    #[must_use]
    pub const fn has_buffers(&self) -> bool {
        self.requests.has_slots()
    }

    /// Takes a failure, wherever it was noticed.
    pub fn fail(&mut self, failure: Failure) {
        self.finish_session(End::Failed(failure));
    }

    /// Ends the session. Every request without an outcome ends, in the order of submission, which for commands is that
    /// of `CmdSN` (LGO-08).
    pub(super) fn finish_session(&mut self, end: End) {
        if self.end.is_some() {
            return;
        }
        self.end = Some(end);
        // Write data are released; nothing else is sent either.
        self.unsolicited = None;
        self.solicited.clear();
        self.backlog.clear();
        self.immediate.clear();
        self.escalation = None;
        self.deadlines.clear();
        (self.logout_deadline, self.drain_until) = (None, None);
        if self.is_lasting {
            self.keep_all();
        } else {
            self.end_all();
        }
    }

    /// Ends every request without an outcome.
    pub(super) fn end_all(&mut self) {
        for itt in self.requests.open_in_order() {
            self.finish(itt, |_| Outcome::SessionOver);
        }
    }

    /// Queues a partly answered text request again, for another PDU of its own.
    pub(super) fn requeue(&mut self, itt: InitiatorTaskTag) {
        self.requests.take_back(itt);
        self.backlog.push_front(itt);
    }

    /// Ends a request.
    pub(super) fn finish(&mut self, itt: InitiatorTaskTag, outcome: impl FnOnce(&mut Request) -> Outcome) {
        if !self.unit_queues.is_empty()
            && let (Some(lun), Some(_)) = (self.requests.lun(itt), self.requests.cmd_sn(itt))
        {
            self.unit_queues.ended(lun);
        }
        self.end_write(itt);
        let Some(awaited) = self.requests.end(itt, outcome) else { return };
        if !self.immediate.is_empty() {
            self.immediate.remove(itt);
        }
        // DAT-23: no data are sent for a task after its status.
        self.unsolicited.take_if(|burst| burst.itt() == itt);
        if !self.solicited.is_empty() {
            self.solicited.retain(|burst| burst.itt() != itt);
        }
        let requests = &self.requests;
        self.deadlines.forget_ended(requests.open(), |itt| requests.get(itt).is_some());
        if let Awaited::By(tag) = awaited {
            self.ended.push_back(tag);
        }
    }
}
