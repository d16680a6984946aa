//! State of a session: queued requests, requests in flight, and data to be sent.

use std::collections::VecDeque;
use std::time::Duration;

use iscsi_login::{ObservedDeviation, Parameters, Tolerance};
use iscsi_pdu::{InitiatorTaskTag, RawPdu, SequenceNumbers, SerialNumber};

use super::command_window::CommandWindow;
use super::data_out::Burst;
use super::deadlines::{Deadlines, Limits};
use super::failure::{Action, End, Failure};
use super::logout::{LogoutCause, LogoutState};
use super::ping::Pings;
use super::request::{Kind, Outcome, Pending, Request, SentRequests};
use super::status_numbers::StatusNumbers;

/// A session of one connection.
#[derive(Clone, Debug)]
pub struct SessionState {
    pub(super) parameters: Parameters,
    pub(super) window: CommandWindow,
    pub(super) status: StatusNumbers,
    /// Requests that were sent and not answered. Queued requests are kept apart, so that no response can name them.
    pub(super) sent: SentRequests,
    /// Queued requests in order, each with the tag that it will have.
    backlog: VecDeque<(InitiatorTaskTag, Pending)>,
    pub(super) pings: Pings,
    /// Bursts in the order of their commands or R2Ts (DAT-05, DAT-10).
    pub(super) bursts: VecDeque<Burst>,
    outcomes: VecDeque<(InitiatorTaskTag, Outcome)>,
    pub(super) logout: LogoutState,
    /// The deadline of a logout that began, whichever side requested it.
    pub(super) logout_deadline: Option<Duration>,
    pub(super) deadlines: Deadlines,
    pub(super) limits: Limits,
    /// Tolerance of the target's deviations, with those observed.
    pub(super) tolerance: Tolerance,
    pub(super) next_itt: u32,
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
            sent: SentRequests::default(),
            backlog: VecDeque::new(),
            pings: Pings::new(),
            bursts: VecDeque::new(),
            outcomes: VecDeque::new(),
            logout: LogoutState::Open,
            logout_deadline: None,
            deadlines: Deadlines::default(),
            limits,
            tolerance,
            next_itt: 1,
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

    /// Deviations of the target that were tolerated, in order.
    #[must_use]
    pub fn deviations(&self) -> &[ObservedDeviation] {
        self.tolerance.observed()
    }

    /// The number of requests not yet answered, sent or queued.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.sent.len() + self.backlog.len()
    }

    /// Accepts a request, which has to end before the deadline; the tag names it until its outcome. A request that
    /// comes after the end of the session ends at once.
    pub fn submit(&mut self, request: Request, deadline: Duration) -> InitiatorTaskTag {
        let itt = self.allocate_tag();
        if self.end.is_some() {
            self.outcomes.push_back((itt, Outcome::SessionOver));
        } else {
            self.deadlines.add(deadline, itt);
            self.backlog.push_back((itt, Pending { request, deadline }));
        }
        itt
    }

    /// The next PDU to send, if the window permits one.
    pub fn poll_transmit(&mut self) -> Option<RawPdu> {
        if self.end.is_some() {
            return None;
        }
        if let Some(answer) = self.next_ping_answer() {
            return Some(answer.encode());
        }
        if let Some(data) = self.next_data_out() {
            return Some(data);
        }
        self.begin_next()
    }

    /// The next outcome, with the tag of its request.
    pub fn poll_outcome(&mut self) -> Option<(InitiatorTaskTag, Outcome)> {
        self.outcomes.pop_front()
    }

    /// Takes a failure, wherever it was noticed.
    pub fn fail(&mut self, failure: Failure) {
        match failure.action() {
            Action::EndSession => self.finish_session(End::Failed(failure)),
        }
    }

    /// Ends the session. Every request without an outcome ends, in the order of submission, which for commands is that
    /// of `CmdSN` (LGO-08).
    pub(super) fn finish_session(&mut self, end: End) {
        if self.end.is_some() {
            return;
        }
        self.end = Some(end);
        // Write data are released; nothing else is sent either.
        self.bursts.clear();
        self.deadlines.clear();
        self.logout_deadline = None;
        let sent = self.sent.take_tags();
        let queued = std::mem::take(&mut self.backlog).into_iter().map(|queued| queued.0);
        let mut open: Vec<_> = sent.chain(queued).collect();
        // Tags are given in order. The one that follows the newest is the oldest possible.
        open.sort_unstable_by_key(|itt| itt.0.wrapping_sub(self.next_itt));
        self.outcomes.extend(open.into_iter().map(|itt| (itt, Outcome::SessionOver)));
    }

    /// A request without an outcome.
    pub(super) fn request(&self, itt: InitiatorTaskTag) -> Option<&Request> {
        let queued = || self.backlog.iter().find(|queued| queued.0 == itt).map(|queued| &queued.1);
        self.sent.get(itt).or_else(queued).map(|pending| &pending.request)
    }

    /// Queues a partly answered request again, for another PDU of its own.
    pub(super) fn requeue(&mut self, itt: InitiatorTaskTag) {
        if let Some(pending) = self.sent.remove(itt) {
            self.backlog.push_front((itt, pending));
        }
    }

    /// Removes a request that was sent, because it has ended.
    pub(super) fn remove(&mut self, itt: InitiatorTaskTag) -> Option<Request> {
        let Pending { request, deadline } = self.sent.remove(itt)?;
        self.deadlines.remove(deadline, itt);
        Some(request)
    }

    pub(super) fn finish(&mut self, itt: InitiatorTaskTag, outcome: Outcome) {
        // DAT-23: no data are sent for a task after its status.
        self.bursts.retain(|burst| burst.itt() != itt);
        self.outcomes.push_back((itt, outcome));
    }

    /// A task tag that is neither reserved nor in use (TAG-01).
    pub(super) fn allocate_tag(&mut self) -> InitiatorTaskTag {
        loop {
            let itt = InitiatorTaskTag(self.next_itt);
            self.next_itt = self.next_itt.wrapping_add(1);
            if itt.is_valid() && self.request(itt).is_none() {
                return itt;
            }
        }
    }

    fn next_data_out(&mut self) -> Option<RawPdu> {
        let burst = self.bursts.front_mut()?;
        let (pdu, is_final) = burst.next_pdu(&self.parameters, self.status.expected());
        if is_final
            && let Some(burst) = self.bursts.pop_front()
            && let Some(task) = self.sent.task(burst.itt())
        {
            task.note_sent(&burst);
        }
        Some(pdu.encode())
    }

    fn begin_next(&mut self) -> Option<RawPdu> {
        match self.logout {
            LogoutState::Open => self.begin_request(),
            // Requests from before the logout are sent before it, as far as the window permits.
            LogoutState::Wanted(cause @ LogoutCause::Initiator) => {
                self.begin_request().or_else(|| Some(self.begin_logout(cause)))
            }
            // ASY-02: no new commands after the target has requested a logout.
            LogoutState::Wanted(cause @ LogoutCause::Target) => Some(self.begin_logout(cause)),
            // LGO-01: no request after the Logout Request.
            LogoutState::Sent(..) => None,
        }
    }

    /// Sends the first queued request. A command number is taken only together with a request that carries it.
    fn begin_request(&mut self) -> Option<RawPdu> {
        if self.backlog.is_empty() {
            return None;
        }
        let cmd_sn = self.window.take()?;
        let (itt, mut pending) = self.backlog.pop_front()?;
        let numbers = (cmd_sn, self.status.expected());
        let pdu = match &mut pending.request.0 {
            Kind::Scsi(task) => {
                let (command, burst) = task.build_command(itt, numbers, &self.parameters);
                self.bursts.extend(burst);
                command.encode()
            }
            Kind::Text(exchange) => exchange.request(itt, numbers).encode(),
        };
        self.sent.insert(itt, pending);
        Some(pdu)
    }
}
