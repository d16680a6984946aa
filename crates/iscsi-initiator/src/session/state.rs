//! The session's state: what was asked, what is under way, what is to be sent.

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

/// Pings of the target answered at a time; more than a sane target sends are not queued.
const MAX_PINGS: usize = 16;
/// Immediate requests sent again in a row because the target had no room for them (reject reason 0x06).
const MAX_REPEATS: u8 = 16;

/// A session of one connection.
#[derive(Debug)]
pub(crate) struct SessionState {
    pub(super) parameters: Parameters,
    pub(super) window: CommandWindow,
    pub(super) status: StatusNumbers,
    /// Requests that were sent and are not answered. Only these can be answered: one that still waits is not in here.
    pub(super) exchanges: BTreeMap<InitiatorTaskTag, Exchange>,
    /// Requests that were not sent, in order, each with the tag it will have.
    backlog: VecDeque<(InitiatorTaskTag, Exchange)>,
    /// Pings of the target to be answered.
    pings: VecDeque<Ping>,
    /// Bursts in the order their commands or R2Ts came (DAT-05, DAT-10).
    pub(super) bursts: VecDeque<Burst>,
    outcomes: VecDeque<(InitiatorTaskTag, Outcome)>,
    logout: LogoutState,
    /// Whether deviations of the target are tolerated, and which were.
    pub(super) tolerance: Tolerance,
    repeats_left: u8,
    pub(super) next_itt: u32,
}

/// Something the target owes an answer to, or will owe one.
#[derive(Debug)]
pub(super) enum Exchange {
    Scsi(Box<Task>),
    Text(Box<TextExchange>),
}

/// What an answer to a ping echoes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ping {
    pub(super) lun: Lun,
    pub(super) ttt: TargetTransferTag,
}

/// Who wants the session to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogoutCause {
    Initiator,
    /// By an Asynchronous Message, or by a Reject that says so.
    Target,
}

/// How far the end of the session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogoutState {
    Open,
    /// Nothing new is taken, and the Logout Request is about to leave.
    Wanted(LogoutCause),
    /// The Logout Request has left, with this tag.
    Sent(LogoutCause, InitiatorTaskTag),
    /// The session is over.
    Answered(LogoutCause, LogoutResponseCode),
}

/// A request that ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Scsi(Completion),
    /// The target could not carry the command out.
    TargetFailure(ScsiResponseCode),
    Text(Bytes),
}

impl SessionState {
    /// A session just logged in: what was agreed on, the numbers of the login, and what was tolerated so far.
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

    /// How far the end of the session has come; requests are taken only while it is open.
    pub(crate) const fn logout_state(&self) -> LogoutState {
        self.logout
    }

    /// Deviations of the target that were tolerated, in order.
    pub(crate) fn deviations(&self) -> &[ObservedDeviation] {
        self.tolerance.observed()
    }

    /// Requests not yet answered, sent or not.
    pub(crate) fn in_flight(&self) -> usize {
        self.exchanges.len() + self.backlog.len()
    }

    /// Takes a request; the tag names it until it is finished.
    pub(crate) fn submit(&mut self, request: SessionRequest) -> InitiatorTaskTag {
        let itt = self.allocate_tag();
        let exchange = match request {
            SessionRequest::Scsi(request) => Exchange::Scsi(Box::new(Task::new(request))),
            SessionRequest::Text(question) => Exchange::Text(Box::new(TextExchange::new(question))),
        };
        self.backlog.push_back((itt, exchange));
        itt
    }

    /// Ends the session by a logout, unless that has begun (ASY-08).
    pub(crate) fn log_out(&mut self, cause: LogoutCause) {
        if self.logout == LogoutState::Open {
            self.logout = LogoutState::Wanted(cause);
        }
    }

    /// The next PDU to send, if there is one the window lets through.
    pub(crate) fn poll_transmit(&mut self) -> Option<RawPdu> {
        if let Some(ping) = self.next_ping() {
            return Some(self.answer_ping(ping).encode());
        }
        if let Some(data) = self.next_data_out() {
            return Some(data);
        }
        self.begin_next()
    }

    /// The next request that ended.
    pub(crate) fn poll_outcome(&mut self) -> Option<(InitiatorTaskTag, Outcome)> {
        self.outcomes.pop_front()
    }

    /// Puts a request that was answered in part back in the queue, for another PDU of its own.
    pub(super) fn requeue(&mut self, itt: InitiatorTaskTag) {
        if let Some(exchange) = self.exchanges.remove(&itt) {
            self.backlog.push_front((itt, exchange));
        }
    }

    pub(super) fn finish(&mut self, itt: InitiatorTaskTag, outcome: Outcome) {
        // DAT-23: nothing more is sent for a task that has its status.
        self.bursts.retain(|burst| burst.itt() != itt);
        self.outcomes.push_back((itt, outcome));
    }

    /// Remembers a ping to be answered.
    pub(super) fn take_ping(&mut self, ping: Ping) {
        self.repeats_left = MAX_REPEATS;
        self.queue_ping(ping);
    }

    fn queue_ping(&mut self, ping: Ping) {
        if self.pings.len() < MAX_PINGS {
            self.pings.push_back(ping);
        }
    }

    /// NUM-19: the target had no room for the answer to its ping, which is sent again.
    pub(super) fn repeat_ping(&mut self, ping: Ping) {
        if self.take_repeat() {
            self.queue_ping(ping);
        }
    }

    /// The same for the Logout Request; false when it was repeated often enough.
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

    /// Takes the answer to the Logout Request, with which the session is over; false if none with this tag was sent.
    pub(super) fn logged_out(&mut self, tag: InitiatorTaskTag, code: LogoutResponseCode) -> bool {
        match self.logout {
            LogoutState::Sent(cause, itt) if itt == tag => {
                self.logout = LogoutState::Answered(cause, code);
                true
            }
            _ => false,
        }
    }

    /// TAG-01: never the reserved tag, never one in use.
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

    /// LGO-01: the answer to a ping is a request too, and none follows the logout.
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
            // What was asked for before the logout leaves before it, as far as the window lets it.
            LogoutState::Wanted(cause @ LogoutCause::Initiator) => {
                self.begin_request().or_else(|| Some(self.begin_logout(cause)))
            }
            // ASY-02: no new commands.
            LogoutState::Wanted(cause @ LogoutCause::Target) => Some(self.begin_logout(cause)),
            // LGO-01: nothing new after the logout.
            LogoutState::Sent(..) | LogoutState::Answered(..) => None,
        }
    }

    /// Sends the first request that waits. A number of the window is taken only together with a request to carry it.
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

    /// A logout is immediate: it leaves whatever the window says (NUM-08).
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

    /// NOP-01: tag and LUN come back, the command number is shown and not used up.
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
