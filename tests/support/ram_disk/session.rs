//! One session with its one connection: numbers, conditions, tasks and answers (RFC 7143, 4.2.2).

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use iscsi_login::{Parameters, target::AcceptedLogin};
use iscsi_pdu::{
    InitiatorPdu, InitiatorTaskTag, Isid, LogoutReason, LogoutRequest, LogoutResponse, LogoutResponseCode,
    Lun, NopIn, NopOut, RawPdu, Reject, RejectReason, SequenceNumbers, SerialNumber, TargetPdu,
    TargetTransferTag,
};

use super::answer::{Answer, UNNUMBERED, numbers_of};
use super::command::Task;
use super::connection::segment_limit;
use super::fault::Fault;
use super::nexus::Nexus;
use super::reservation::InitiatorPort;
use super::shared::Shared;
use super::task_management::Pending;
use super::text_exchange::TextExchange;
use super::window::CommandWindow;
use super::{Config, Sense};

/// Continuation or end of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// There may be more requests.
    GoOn,
    /// A logout was answered.
    LoggedOut,
}

/// A session in full feature phase.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) parameters: Parameters,
    /// Place of the target in the configuration; `None` in a discovery session.
    pub(super) target: Option<usize>,
    pub(super) port: InitiatorPort,
    portal_group: u16,
    /// The address that the connection arrived at.
    pub(super) local: SocketAddr,
    cid: u16,
    stat_sn: SerialNumber,
    pub(crate) window: CommandWindow,
    /// Conditions that the next commands to a unit meet, in order.
    pub(super) attentions: Vec<(Lun, Sense)>,
    pub(super) tasks: BTreeMap<InitiatorTaskTag, Task>,
    /// Tasks that were aborted or have failed, and for which late data is accepted and discarded.
    pub(super) aborted: VecDeque<(InitiatorTaskTag, Task)>,
    /// Task management responses that wait for such data.
    pub(super) pending: VecDeque<Pending>,
    pub(super) text: Option<TextExchange>,
    next_ttt: u32,
    answers: VecDeque<Answer>,
}

impl Session {
    pub(super) fn new(
        completed: &AcceptedLogin,
        cid: u16,
        isid: Isid,
        local: SocketAddr,
        config: &Config,
    ) -> Self {
        Self {
            parameters: completed.parameters,
            target: completed.account,
            port: InitiatorPort::new(completed.initiator_name.clone(), isid),
            portal_group: config.portal_group_tag,
            local,
            cid,
            stat_sn: completed.stat_sn,
            window: CommandWindow::new(completed.cmd_sn, config.window),
            attentions: Vec::new(),
            tasks: BTreeMap::new(),
            aborted: VecDeque::new(),
            pending: VecDeque::new(),
            text: None,
            next_ttt: 0,
            answers: VecDeque::new(),
        }
    }

    /// What names the session.
    pub(super) fn nexus(&self) -> Nexus {
        Nexus { target: self.target, portal_group: self.portal_group, port: self.port.clone() }
    }

    /// Executes one request. The window moves only then: a command that is not finished keeps its place.
    pub(super) fn receive(&mut self, shared: &mut Shared, raw: RawPdu) -> Result<Flow, Fault> {
        let flow = self.execute(shared, raw);
        self.window.advance();
        flow
    }

    fn execute(&mut self, shared: &mut Shared, raw: RawPdu) -> Result<Flow, Fault> {
        let header = raw.bhs;
        match InitiatorPdu::decode(raw)? {
            InitiatorPdu::NopOut(ping) => self.ping(shared, ping)?,
            InitiatorPdu::ScsiCommand(command) => self.command(shared, &command)?,
            InitiatorPdu::TaskManagementRequest(request) => self.task_management(shared, &request)?,
            InitiatorPdu::TextRequest(request) => self.text_request(shared, &request)?,
            InitiatorPdu::DataOut(data) => self.data_out(shared, &data)?,
            InitiatorPdu::LogoutRequest(request) => return self.logout(shared, &request),
            InitiatorPdu::LoginRequest(_) => {
                return Err(Fault::violation("Login Request in full feature phase (11.12)"));
            }
            _ => self.reject(RejectReason::COMMAND_NOT_SUPPORTED, header.as_bytes()),
        }
        Ok(Flow::GoOn)
    }

    /// Takes note of a request's numbers and says whether it counts (4.2.2.1).
    ///
    /// # Errors
    /// [`Fault::ProtocolViolation`] for a gap in `CmdSN`, which one connection cannot have.
    pub(crate) fn admit(
        &mut self,
        shared: &mut Shared,
        immediate: bool,
        cmd_sn: SerialNumber,
        exp_stat_sn: SerialNumber,
    ) -> Result<bool, Fault> {
        self.check_exp_stat_sn(shared, exp_stat_sn);
        let next = self.window.next();
        if immediate {
            if cmd_sn != next {
                let rule =
                    format!("immediate request with CmdSN {}, {} is current (4.2.2.1)", cmd_sn.0, next.0);
                shared.note(&Fault::ProtocolViolation(rule));
            }
            return Ok(true);
        }
        if !self.window.contains(cmd_sn) {
            let rule = format!("CmdSN {} outside the window from {} (4.2.2.1)", cmd_sn.0, next.0);
            shared.note(&Fault::ProtocolViolation(rule));
            return Ok(false);
        }
        if cmd_sn != next {
            let rule = format!("CmdSN {} received, {} expected (4.2.2.1)", cmd_sn.0, next.0);
            return Err(Fault::ProtocolViolation(rule));
        }
        self.window.take();
        Ok(true)
    }

    /// 4.2.2.2: noted and no more, since libiscsi counts the number that an R2T merely shows.
    pub(super) fn check_exp_stat_sn(&self, shared: &mut Shared, exp_stat_sn: SerialNumber) {
        if exp_stat_sn.follows(self.stat_sn) {
            let next = self.stat_sn.0;
            let rule = format!("ExpStatSN {} received, {next} is next (4.2.2.2)", exp_stat_sn.0);
            shared.note(&Fault::ProtocolViolation(rule));
        }
    }

    /// Numbers for a PDU that consumes no status number.
    pub(crate) const fn numbers(&self) -> SequenceNumbers {
        SequenceNumbers {
            stat_sn: self.stat_sn,
            exp_cmd_sn: self.window.next(),
            max_cmd_sn: self.window.last(),
        }
    }

    /// Numbers for a PDU that ends a task.
    pub(crate) const fn status_numbers(&mut self) -> SequenceNumbers {
        let numbers = self.numbers();
        self.stat_sn = numbers.stat_sn.next();
        numbers
    }

    pub(super) fn answer(&mut self, answer: Answer) {
        self.answers.push_back(answer);
    }

    /// Answers that wait to be sent.
    pub(super) const fn answers(&mut self) -> &mut VecDeque<Answer> {
        &mut self.answers
    }

    pub(super) fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// The next PDU to send.
    pub(super) fn next_pdu(&mut self) -> Option<RawPdu> {
        let mut pdu = match self.answers.pop_front()? {
            Answer::Pdu(pdu) => pdu,
            Answer::Transfer(transfer) => {
                let (pdu, rest) = transfer.send();
                if let Some(rest) = rest {
                    self.answers.push_front(rest);
                }
                pdu
            }
        };
        if let Some((numbers, uses_status)) = numbers_of(&mut pdu) {
            *numbers = if uses_status { self.status_numbers() } else { self.numbers() };
        }
        Some(pdu.encode())
    }

    /// The time at which the next task has been served.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.tasks.values().filter_map(|task| task.due).min()
    }

    /// A transfer tag for an R2T or an unfinished text exchange. All ones is reserved.
    pub(super) const fn next_ttt(&mut self) -> TargetTransferTag {
        let ttt = TargetTransferTag(self.next_ttt);
        self.next_ttt = (self.next_ttt + 1) % TargetTransferTag::RESERVED.0;
        ttt
    }

    /// True if another task uses the tag.
    pub(super) fn is_tag_in_use(&self, itt: InitiatorTaskTag) -> bool {
        self.tasks.contains_key(&itt)
            || self.text.as_ref().is_some_and(|text| text.itt == itt)
            || self.answers.iter().any(|answer| answer.command() == Some(itt))
    }

    fn reject(&mut self, reason: RejectReason, header: &[u8]) {
        let data = Bytes::copy_from_slice(header);
        self.answer(Answer::Pdu(TargetPdu::Reject(Reject { reason, numbers: UNNUMBERED, data_sn: 0, data })));
    }

    /// Answers a ping with its own data, as far as the initiator can take them (11.19).
    fn ping(&mut self, shared: &mut Shared, ping: NopOut) -> Result<(), Fault> {
        if !ping.itt.is_valid() && !ping.immediate {
            return Err(Fault::violation("NOP-Out without task tag is not immediate (11.18.1)"));
        }
        if ping.ttt.is_valid() {
            return Err(Fault::violation("NOP-Out answers a ping that was never sent (11.18.2)"));
        }
        if !self.admit(shared, ping.immediate, ping.cmd_sn, ping.exp_stat_sn)? || !ping.itt.is_valid() {
            return Ok(());
        }
        let mut data = ping.data;
        data.truncate(segment_limit(self.parameters.max_send_data_segment_length));
        self.answer(Answer::Pdu(nop_in(ping.lun, ping.itt, data)));
        Ok(())
    }

    /// Shows the initiator the current numbers, without asking for an answer (11.19).
    pub(super) fn show_numbers(&mut self) {
        self.answer(Answer::Pdu(nop_in(Lun::ZERO, InitiatorTaskTag::RESERVED, Bytes::new())));
    }

    fn logout(&mut self, shared: &mut Shared, request: &LogoutRequest) -> Result<Flow, Fault> {
        if !request.itt.is_valid() || self.is_tag_in_use(request.itt) {
            return Err(Fault::violation("Logout Request with a tag that is not free (11.2.1.8)"));
        }
        if !self.admit(shared, request.immediate, request.cmd_sn, request.exp_stat_sn)? {
            return Ok(Flow::GoOn);
        }
        let response = self.logout_response(request)?;
        self.answer(Answer::Pdu(TargetPdu::LogoutResponse(LogoutResponse {
            response,
            itt: request.itt,
            numbers: UNNUMBERED,
            time2wait: self.parameters.default_time2wait,
            time2retain: self.parameters.default_time2retain,
        })));
        if response != LogoutResponseCode::CLOSED {
            return Ok(Flow::GoOn);
        }
        match self.target {
            Some(_) => shared.report.logouts += 1,
            None => shared.report.discovery_logouts += 1,
        }
        Ok(Flow::LoggedOut)
    }

    fn logout_response(&self, request: &LogoutRequest) -> Result<LogoutResponseCode, Fault> {
        Ok(match request.reason {
            LogoutReason::CLOSE_SESSION => LogoutResponseCode::CLOSED,
            LogoutReason::CLOSE_CONNECTION if request.cid == self.cid => LogoutResponseCode::CLOSED,
            LogoutReason::CLOSE_CONNECTION => LogoutResponseCode::CID_NOT_FOUND,
            LogoutReason::REMOVE_CONNECTION_FOR_RECOVERY => LogoutResponseCode::RECOVERY_NOT_SUPPORTED,
            LogoutReason(reason) => {
                let rule = format!("Logout Request with reason {reason} (11.14.1)");
                return Err(Fault::ProtocolViolation(rule));
            }
        })
    }
}

const fn nop_in(lun: Lun, itt: InitiatorTaskTag, data: Bytes) -> TargetPdu {
    TargetPdu::NopIn(NopIn { lun, itt, ttt: TargetTransferTag::RESERVED, numbers: UNNUMBERED, data })
}
