//! State of a session: queued requests, requests in flight, and data to be sent.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use iscsi_login::{ObservedDeviation, Parameters, Tolerance};
use iscsi_pdu::{
    InitiatorTaskTag, LogoutReason, LogoutRequest, LogoutResponseCode, Lun, NopOut, RawPdu, ScsiResponseCode,
    SequenceNumbers, SerialNumber, TargetTransferTag,
};

use super::command_window::CommandWindow;
use super::data_out::Burst;
use super::request::SessionRequest;
use super::status_numbers::StatusNumbers;
use super::task::Task;
use super::text_exchange::TextExchange;
use crate::scsi::Completion;

/// The most pings of the target that wait for their answer; further ones are dropped.
const MAX_PINGS: usize = 16;
/// The most immediate requests in a row that are repeated because the target is out of resources (reject reason 0x06).
const MAX_REPEATS: u8 = 16;

/// A session of one connection.
#[derive(Debug)]
pub(crate) struct SessionState {
    pub(super) parameters: Parameters,
    pub(super) window: CommandWindow,
    pub(super) status: StatusNumbers,
    /// Requests that were sent and not answered. Queued requests are kept apart, so that no response can name them.
    pub(super) exchanges: BTreeMap<InitiatorTaskTag, Exchange>,
    /// Queued requests in order, each with the tag that it will have.
    backlog: VecDeque<(InitiatorTaskTag, Exchange)>,
    /// Pings of the target to be answered.
    pings: VecDeque<Ping>,
    /// Bursts in the order of their commands or R2Ts (DAT-05, DAT-10).
    pub(super) bursts: VecDeque<Burst>,
    outcomes: VecDeque<(InitiatorTaskTag, Outcome)>,
    logout: LogoutState,
    /// Tolerance of the target's deviations, with those observed.
    pub(super) tolerance: Tolerance,
    repeats_left: u8,
    pub(super) next_itt: u32,
}

/// A request that the target has to answer.
#[derive(Debug)]
pub(super) enum Exchange {
    Scsi(Box<Task>),
    Text(Box<TextExchange>),
}

/// The fields that the answer to a ping echoes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ping {
    pub(super) lun: Lun,
    pub(super) ttt: TargetTransferTag,
}

/// The side that requested the logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogoutCause {
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
    /// The target answered the Logout Request, and the session has ended.
    Answered(LogoutCause, LogoutResponseCode),
}

/// The outcome of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Scsi(Completion),
    /// The target could not carry the command out.
    TargetFailure(ScsiResponseCode),
    Text(Bytes),
}

impl SessionState {
    /// A session after login: the negotiated parameters, the sequence numbers of the login, and the deviations so far.
    pub(crate) fn new(
        parameters: Parameters,
        cmd_sn: SerialNumber,
        exp_stat_sn: SerialNumber,
        numbers: SequenceNumbers,
        tolerance: Tolerance,
    ) -> Self {
        Self {
            parameters,
            window: CommandWindow::new(cmd_sn, numbers),
            status: StatusNumbers::new(exp_stat_sn),
            exchanges: BTreeMap::new(),
            backlog: VecDeque::new(),
            pings: VecDeque::new(),
            bursts: VecDeque::new(),
            outcomes: VecDeque::new(),
            logout: LogoutState::Open,
            tolerance,
            repeats_left: MAX_REPEATS,
            next_itt: 1,
        }
    }

    /// The progress of the logout; requests are accepted only while it is `Open`.
    pub(crate) const fn logout_state(&self) -> LogoutState {
        self.logout
    }

    /// Deviations of the target that were tolerated, in order.
    pub(crate) fn deviations(&self) -> &[ObservedDeviation] {
        self.tolerance.observed()
    }

    /// The number of requests not yet answered, sent or queued.
    pub(crate) fn in_flight(&self) -> usize {
        self.exchanges.len() + self.backlog.len()
    }

    /// Accepts a request; the tag names it until its outcome.
    pub(crate) fn submit(&mut self, request: SessionRequest) -> InitiatorTaskTag {
        let itt = self.allocate_tag();
        let exchange = match request {
            SessionRequest::Scsi(request) => Exchange::Scsi(Box::new(Task::new(request))),
            SessionRequest::Text(question) => Exchange::Text(Box::new(TextExchange::new(question))),
        };
        self.backlog.push_back((itt, exchange));
        itt
    }

    /// Starts the logout, unless it has begun (ASY-08).
    pub(crate) fn log_out(&mut self, cause: LogoutCause) {
        if self.logout == LogoutState::Open {
            self.logout = LogoutState::Wanted(cause);
        }
    }

    /// The next PDU to send, if the window permits one.
    pub(crate) fn poll_transmit(&mut self) -> Option<RawPdu> {
        if let Some(ping) = self.next_ping() {
            return Some(self.answer_ping(ping).encode());
        }
        if let Some(data) = self.next_data_out() {
            return Some(data);
        }
        self.begin_next()
    }

    /// The next outcome, with the tag of its request.
    pub(crate) fn poll_outcome(&mut self) -> Option<(InitiatorTaskTag, Outcome)> {
        self.outcomes.pop_front()
    }

    /// Queues a partly answered request again, for another PDU of its own.
    pub(super) fn requeue(&mut self, itt: InitiatorTaskTag) {
        if let Some(exchange) = self.exchanges.remove(&itt) {
            self.backlog.push_front((itt, exchange));
        }
    }

    pub(super) fn finish(&mut self, itt: InitiatorTaskTag, outcome: Outcome) {
        // DAT-23: no data are sent for a task after its status.
        self.bursts.retain(|burst| burst.itt() != itt);
        self.outcomes.push_back((itt, outcome));
    }

    /// Queues the answer to a ping.
    pub(super) fn take_ping(&mut self, ping: Ping) {
        self.repeats_left = MAX_REPEATS;
        self.queue_ping(ping);
    }

    fn queue_ping(&mut self, ping: Ping) {
        if self.pings.len() < MAX_PINGS {
            self.pings.push_back(ping);
        }
    }

    /// Queues the answer to a ping again, for which the target had no resources (NUM-19).
    pub(super) fn repeat_ping(&mut self, ping: Ping) {
        if self.take_repeat() {
            self.queue_ping(ping);
        }
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

    const fn take_repeat(&mut self) -> bool {
        let Some(left) = self.repeats_left.checked_sub(1) else { return false };
        self.repeats_left = left;
        true
    }

    /// Takes the answer to the Logout Request, which ends the session; false if none was sent with this tag.
    pub(super) fn logged_out(&mut self, tag: InitiatorTaskTag, code: LogoutResponseCode) -> bool {
        match self.logout {
            LogoutState::Sent(cause, itt) if itt == tag => {
                self.logout = LogoutState::Answered(cause, code);
                true
            }
            _ => false,
        }
    }

    /// A task tag that is neither reserved nor in use (TAG-01).
    fn allocate_tag(&mut self) -> InitiatorTaskTag {
        loop {
            let itt = InitiatorTaskTag(self.next_itt);
            self.next_itt = self.next_itt.wrapping_add(1);
            let in_use =
                self.exchanges.contains_key(&itt) || self.backlog.iter().any(|queued| queued.0 == itt);
            if itt.is_valid() && !in_use {
                return itt;
            }
        }
    }

    /// The next answer to a ping; none after the logout, because it is a request too (LGO-01).
    fn next_ping(&mut self) -> Option<Ping> {
        match self.logout {
            LogoutState::Open | LogoutState::Wanted(_) => self.pings.pop_front(),
            LogoutState::Sent(..) | LogoutState::Answered(..) => None,
        }
    }

    fn next_data_out(&mut self) -> Option<RawPdu> {
        let burst = self.bursts.front_mut()?;
        let (pdu, is_final) = burst.next_pdu(&self.parameters, self.status.expected());
        if is_final
            && let Some(burst) = self.bursts.pop_front()
            && let Some(Exchange::Scsi(task)) = self.exchanges.get_mut(&burst.itt())
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
            LogoutState::Sent(..) | LogoutState::Answered(..) => None,
        }
    }

    /// Sends the first queued request. A command number is taken only together with a request that carries it.
    fn begin_request(&mut self) -> Option<RawPdu> {
        if self.backlog.is_empty() {
            return None;
        }
        let cmd_sn = self.window.take()?;
        let (itt, mut exchange) = self.backlog.pop_front()?;
        let numbers = (cmd_sn, self.status.expected());
        let pdu = match &mut exchange {
            Exchange::Scsi(task) => {
                let (command, burst) = task.build_command(itt, numbers, &self.parameters);
                self.bursts.extend(burst);
                command.encode()
            }
            Exchange::Text(exchange) => exchange.request(itt, numbers).encode(),
        };
        self.exchanges.insert(itt, exchange);
        Some(pdu)
    }

    /// The Logout Request, which is immediate and so does not depend on the window (NUM-08).
    fn begin_logout(&mut self, cause: LogoutCause) -> RawPdu {
        let itt = self.allocate_tag();
        self.logout = LogoutState::Sent(cause, itt);
        let request = LogoutRequest {
            immediate: true,
            reason: LogoutReason::CLOSE_SESSION,
            itt,
            cid: 0,
            cmd_sn: self.window.current(),
            exp_stat_sn: self.status.expected(),
        };
        request.encode()
    }

    /// The answer to a ping. It echoes tag and LUN, and carries the command number without using it up (NOP-01).
    fn answer_ping(&self, ping: Ping) -> NopOut {
        NopOut {
            immediate: true,
            lun: ping.lun,
            itt: InitiatorTaskTag::RESERVED,
            ttt: ping.ttt,
            cmd_sn: self.window.current(),
            exp_stat_sn: self.status.expected(),
            data: Bytes::new(),
        }
    }
}
