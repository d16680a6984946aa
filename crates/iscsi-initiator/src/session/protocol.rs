//! The session's state: what was asked, what is under way, what is to be sent.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use iscsi_login::initiator::Completed;
use iscsi_login::{ObservedDeviation, Parameters, Tolerance};
use iscsi_pdu::{
    AsyncEvent, InitiatorTaskTag, LogoutReason, LogoutRequest, LogoutResponseCode, NopIn, NopOut, RawPdu,
    ScsiResponseCode, TargetTransferTag,
};

use super::command_window::CommandWindow;
use super::data_out::Burst;
use super::request::{Completion, SessionRequest};
use super::status_numbers::StatusNumbers;
use super::task::Task;
use super::text_exchange::TextExchange;
use crate::Error;

/// Pings of the target answered at a time; more than a sane target sends are not queued.
const MAX_PINGS: usize = 16;

/// A session of one connection.
#[derive(Debug)]
pub(crate) struct Protocol {
    pub(super) parameters: Parameters,
    pub(super) window: CommandWindow,
    pub(super) status: StatusNumbers,
    pub(super) under_way: HashMap<InitiatorTaskTag, Activity>,
    /// Requests that wait for the window, in order.
    waiting: VecDeque<InitiatorTaskTag>,
    /// Answers to pings of the target.
    pub(super) pings: VecDeque<NopIn>,
    /// Bursts in the order their commands or R2Ts came (DAT-05, DAT-10).
    pub(super) bursts: VecDeque<Burst>,
    pub(super) finished: VecDeque<(InitiatorTaskTag, Finished)>,
    pub(super) logout: LogoutState,
    /// Whether deviations of the target are tolerated, and which were.
    pub(super) tolerance: Tolerance,
    /// The asynchronous event by which the target asked for the logout.
    pub(super) logout_requested: Option<AsyncEvent>,
    next_itt: u32,
}

/// Something the target owes an answer to.
#[derive(Debug)]
pub(super) enum Activity {
    Scsi(Box<Task>),
    Text(TextExchange),
    Logout,
}

/// How far the end of the session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogoutState {
    Open,
    /// Asked for by us or by the target; nothing new is taken.
    Wanted,
    Sent,
}

/// A request that ended.
#[derive(Debug)]
pub(crate) enum Finished {
    Scsi(Completion),
    /// The target could not carry the command out.
    TargetFailure(ScsiResponseCode),
    Text(Bytes),
    Logout(LogoutResponseCode),
}

impl Protocol {
    /// A session just logged in, with what was tolerated so far.
    pub(crate) fn new(completed: &Completed, tolerance: Tolerance) -> Self {
        Self {
            parameters: completed.parameters,
            window: CommandWindow::new(completed.cmd_sn, completed.numbers),
            status: StatusNumbers::new(completed.exp_stat_sn),
            under_way: HashMap::new(),
            waiting: VecDeque::new(),
            pings: VecDeque::new(),
            bursts: VecDeque::new(),
            finished: VecDeque::new(),
            logout: LogoutState::Open,
            tolerance,
            logout_requested: None,
            next_itt: 1,
        }
    }

    /// May more be asked of the session?
    pub(crate) fn is_open(&self) -> bool {
        self.logout == LogoutState::Open
    }

    /// Deviations of the target that were tolerated, in order.
    pub(crate) fn deviations(&self) -> &[ObservedDeviation] {
        self.tolerance.observed()
    }

    /// Why the session is over once it is logged out: at the target's request, or at the caller's.
    pub(crate) fn logged_out(&self) -> Error {
        self.logout_requested.map_or(Error::LoggedOut, |event| Error::LogoutRequested { event: event.0 })
    }

    /// Requests not yet answered.
    pub(crate) fn load(&self) -> usize {
        self.under_way.len()
    }

    /// Takes a request; the tag names it until it is finished.
    pub(crate) fn submit(&mut self, request: SessionRequest) -> InitiatorTaskTag {
        let itt = self.allocate_tag();
        let activity = match request {
            SessionRequest::Scsi(request) => Activity::Scsi(Box::new(Task::new(request))),
            SessionRequest::Text(question) => Activity::Text(TextExchange::new(question)),
            SessionRequest::Logout => {
                self.logout = LogoutState::Wanted;
                Activity::Logout
            }
        };
        self.under_way.insert(itt, activity);
        self.waiting.push_back(itt);
        itt
    }

    /// The target wants the session to end: the logout goes before everything that waits.
    pub(super) fn log_out_now(&mut self) {
        let itt = self.submit(SessionRequest::Logout);
        self.waiting.retain(|waiting| *waiting != itt);
        self.waiting.push_front(itt);
    }

    /// The next PDU to send, if there is one the window lets through.
    pub(crate) fn poll_transmit(&mut self) -> Option<RawPdu> {
        if let Some(ping) = self.pings.pop_front() {
            return Some(self.answer_ping(&ping).encode());
        }
        if let Some(data) = self.next_data_out() {
            return Some(data);
        }
        self.begin_next()
    }

    /// The next request that ended.
    pub(crate) fn poll_finished(&mut self) -> Option<(InitiatorTaskTag, Finished)> {
        self.finished.pop_front()
    }

    /// Puts a request back in the queue for another PDU of its own.
    pub(super) fn go_on(&mut self, itt: InitiatorTaskTag) {
        self.waiting.push_front(itt);
    }

    pub(super) fn finish(&mut self, itt: InitiatorTaskTag, finished: Finished) {
        self.under_way.remove(&itt);
        // DAT-23: nothing more is sent for a task that has its status.
        self.bursts.retain(|burst| burst.itt() != itt);
        self.finished.push_back((itt, finished));
    }

    /// Remembers a ping to be answered.
    pub(super) fn remember_ping(&mut self, ping: NopIn) {
        if self.pings.len() < MAX_PINGS {
            self.pings.push_back(ping);
        }
    }

    /// TAG-01: never the reserved tag, never one in use.
    fn allocate_tag(&mut self) -> InitiatorTaskTag {
        loop {
            let itt = InitiatorTaskTag(self.next_itt);
            self.next_itt = self.next_itt.wrapping_add(1);
            if itt.is_valid() && !self.under_way.contains_key(&itt) {
                return itt;
            }
        }
    }

    fn next_data_out(&mut self) -> Option<RawPdu> {
        let burst = self.bursts.front_mut()?;
        let (pdu, is_final) = burst.next_pdu(&self.parameters, self.status.expected());
        if is_final {
            let (itt, solicited) = (burst.itt(), burst.is_solicited());
            self.bursts.pop_front();
            if let (true, Some(Activity::Scsi(task))) = (solicited, self.under_way.get_mut(&itt)) {
                task.outstanding_r2ts -= 1;
            }
        }
        Some(pdu.encode())
    }

    fn begin_next(&mut self) -> Option<RawPdu> {
        // LGO-01: nothing new after the logout.
        if self.logout == LogoutState::Sent {
            return None;
        }
        let itt = *self.waiting.front()?;
        let is_logout = matches!(self.under_way.get(&itt), Some(Activity::Logout));
        // A logout is immediate: it leaves whatever the window says (NUM-08).
        let cmd_sn = if is_logout { self.window.current() } else { self.window.take()? };
        self.waiting.pop_front();
        let numbers = (cmd_sn, self.status.expected());
        match self.under_way.get(&itt)? {
            Activity::Scsi(task) => {
                let (command, burst) = task.begin(itt, numbers, &self.parameters);
                self.bursts.extend(burst);
                Some(command.encode())
            }
            Activity::Text(exchange) => Some(exchange.request(itt, numbers).encode()),
            Activity::Logout => {
                self.logout = LogoutState::Sent;
                Some(close_session(itt, numbers).encode())
            }
        }
    }

    /// NOP-01: tag and LUN come back, the command number is shown and not used up.
    fn answer_ping(&self, ping: &NopIn) -> NopOut {
        NopOut {
            immediate: true,
            lun: ping.lun,
            itt: InitiatorTaskTag::RESERVED,
            ttt: if ping.ttt.is_valid() { ping.ttt } else { TargetTransferTag::RESERVED },
            cmd_sn: self.window.current(),
            exp_stat_sn: self.status.expected(),
            data: Bytes::new(),
        }
    }
}

fn close_session(
    itt: InitiatorTaskTag,
    (cmd_sn, exp_stat_sn): (iscsi_pdu::SerialNumber, iscsi_pdu::SerialNumber),
) -> LogoutRequest {
    LogoutRequest { immediate: true, reason: LogoutReason::CLOSE_SESSION, itt, cid: 0, cmd_sn, exp_stat_sn }
}
