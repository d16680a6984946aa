//! One connection in full feature phase.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorPdu, InitiatorTaskTag, NopIn, NopOut, RawPdu, Reject, RejectReason, SequenceNumbers,
    SerialNumber, TargetTransferTag,
};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::Sense;
use super::fault::Fault;
use super::login_phase::{self, ChangeResponse};
use super::portal::{Portal, ServedTarget};
use super::session_state::{Admission, SessionState};
use super::text_exchange::TextExchange;
use super::wire::Wire;
use super::write_tasks::WriteTasks;

/// The time limit for an initiator to close the connection after a logout.
const CLOSING_TIME: Duration = Duration::from_secs(2);

/// Continuation or end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// There may be more requests.
    GoOn,
    /// A logout was answered.
    Close,
}

/// A logged-in connection with its session.
pub(crate) struct Connection {
    pub(crate) wire: Wire,
    pub(super) portal: Arc<Portal>,
    pub(super) session: SessionState,
    pub(super) writes: WriteTasks,
    pub(super) text: Option<TextExchange>,
    /// Transfer tag of the next R2T or unfinished text exchange.
    pub(super) next_ttt: u32,
    /// Rung to end the session from outside.
    end: Arc<Notify>,
}

impl Connection {
    /// Takes the initiator through its login.
    pub(crate) async fn log_in(stream: TcpStream, portal: Arc<Portal>) -> Result<Self, Fault> {
        Self::log_in_over(Wire::new(stream)?, portal, &|_, response| response).await
    }

    /// Logs in on a connection that may have been used before, with responses passed through a change.
    pub(crate) async fn log_in_over(
        mut wire: Wire,
        portal: Arc<Portal>,
        change: &ChangeResponse,
    ) -> Result<Self, Fault> {
        let logged_in = login_phase::log_in(&mut wire, &portal, change).await?;
        let mut session = SessionState::new(&logged_in);
        let parameters = session.parameters;
        wire.set_full_feature(parameters.digests, parameters.max_recv_data_segment_length);
        if portal.config.unit_attention
            && let Some(target) = session.target.and_then(|at| portal.targets.get(at))
        {
            target.luns().for_each(|lun| session.raise_attention(lun, Sense::POWER_ON));
        }
        count_session(&portal, &session, logged_in.completed.target_authenticated);
        let (writes, end) = (WriteTasks::default(), Arc::default());
        Ok(Self { wire, portal, session, writes, text: None, next_ttt: 0, end })
    }

    /// Serves requests until the initiator leaves, or its session is ended from outside.
    pub(crate) async fn serve(self) -> Result<(), Fault> {
        let portal = Arc::clone(&self.portal);
        let (name, end) = (self.session.name.clone(), Arc::clone(&self.end));
        let reinstated = portal.sessions.enter(name.clone(), Arc::clone(&end));
        portal.report().reinstatements += u32::from(reinstated);
        let outcome = tokio::select! {
            outcome = self.serve_requests() => outcome,
            () = end.notified() => Ok(()),
        };
        portal.sessions.leave(&name, &end);
        outcome
    }

    /// The session is over, though its connection may not be: its name is free.
    pub(super) fn leave(&self) {
        self.portal.sessions.leave(&self.session.name, &self.end);
    }

    async fn serve_requests(mut self) -> Result<(), Fault> {
        while let Some(raw) = self.wire.receive().await? {
            if self.handle(raw).await? == Flow::Close {
                let _ = tokio::time::timeout(CLOSING_TIME, self.wire.shut_down()).await;
                break;
            }
        }
        Ok(())
    }

    /// Executes one request.
    pub(crate) async fn handle(&mut self, raw: RawPdu) -> Result<Flow, Fault> {
        let header = raw.bhs;
        match InitiatorPdu::decode(raw)? {
            InitiatorPdu::NopOut(ping) => self.ping(ping).await?,
            InitiatorPdu::ScsiCommand(command) => self.command(command).await?,
            InitiatorPdu::TaskManagementRequest(request) => self.task_management(request).await?,
            InitiatorPdu::TextRequest(request) => self.text_request(request).await?,
            InitiatorPdu::DataOut(data) => self.data_out(data).await?,
            InitiatorPdu::LogoutRequest(request) => return self.logout(request).await,
            InitiatorPdu::LoginRequest(_) => {
                return Err(Fault::violation("Login Request in full feature phase (11.12)"));
            }
            _ => self.reject(RejectReason::COMMAND_NOT_SUPPORTED, header.as_bytes()).await?,
        }
        Ok(Flow::GoOn)
    }

    /// The target of a normal session.
    pub(super) fn target(&self) -> Option<&ServedTarget> {
        self.session.target.and_then(|at| self.portal.targets.get(at))
    }

    /// Takes note of a request's numbers and says whether it counts.
    pub(crate) fn admit(
        &mut self,
        immediate: bool,
        cmd_sn: SerialNumber,
        exp_stat_sn: SerialNumber,
    ) -> Result<bool, Fault> {
        self.check_exp_stat_sn(exp_stat_sn);
        let next = self.numbers().exp_cmd_sn;
        let admission = self.session.admit(immediate, cmd_sn)?;
        if admission == Admission::Ignored {
            let rule = format!("CmdSN {} outside the window from {} (4.2.2.1)", cmd_sn.0, next.0);
            self.portal.note(&Fault::ProtocolViolation(rule));
        } else if immediate && cmd_sn != next {
            let rule = format!("immediate request with CmdSN {}, {} is current (4.2.2.1)", cmd_sn.0, next.0);
            self.portal.note(&Fault::ProtocolViolation(rule));
        }
        Ok(admission == Admission::Accepted)
    }

    /// 4.2.2.2: noted and no more, since libiscsi counts the number that an R2T merely shows.
    pub(super) fn check_exp_stat_sn(&self, exp_stat_sn: SerialNumber) {
        if !self.session.is_plausible(exp_stat_sn) {
            let next = self.numbers().stat_sn.0;
            let rule = format!("ExpStatSN {} received, {next} is next (4.2.2.2)", exp_stat_sn.0);
            self.portal.note(&Fault::ProtocolViolation(rule));
        }
    }

    /// Numbers for a PDU that shows the next status number without consuming it.
    pub(crate) const fn numbers(&self) -> SequenceNumbers {
        self.session.numbers()
    }

    /// Uses up a status number for a PDU made elsewhere.
    pub(crate) const fn use_status_number(&mut self) {
        let _ = self.session.status_numbers();
    }

    /// Largest data segment the initiator takes, in bytes.
    pub(crate) const fn max_data_segment(&self) -> u32 {
        self.session.parameters.max_send_data_segment_length
    }

    pub(super) async fn reject(&mut self, reason: RejectReason, header: &[u8]) -> Result<(), Fault> {
        let numbers = self.session.status_numbers();
        let data = Bytes::copy_from_slice(header);
        self.wire.send(Reject { reason, numbers, data_sn: 0, data }.encode()).await
    }

    /// Answers a ping with its own data, as far as the initiator can take them (11.19).
    async fn ping(&mut self, ping: NopOut) -> Result<(), Fault> {
        if !ping.itt.is_valid() && !ping.immediate {
            return Err(Fault::violation("NOP-Out without task tag is not immediate (11.18.1)"));
        }
        if ping.ttt.is_valid() {
            return Err(Fault::violation("NOP-Out answers a ping that was never sent (11.18.2)"));
        }
        if !self.admit(ping.immediate, ping.cmd_sn, ping.exp_stat_sn)? || !ping.itt.is_valid() {
            return Ok(());
        }
        let mut data = ping.data;
        data.truncate(segment_limit(self.session.parameters.max_send_data_segment_length));
        let numbers = self.session.status_numbers();
        let answer = NopIn { lun: ping.lun, itt: ping.itt, ttt: TargetTransferTag::RESERVED, numbers, data };
        self.wire.send(answer.encode()).await
    }

    /// True if another task uses the tag.
    pub(super) fn is_tag_in_use(&self, itt: InitiatorTaskTag) -> bool {
        self.writes.contains(itt) || self.text.as_ref().is_some_and(|text| text.itt == itt)
    }
}

/// A length in bytes as a length in memory.
pub(super) fn segment_limit(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn count_session(portal: &Portal, session: &SessionState, mutual: bool) {
    let mut report = portal.report();
    match session.target {
        Some(_) => report.normal_sessions += 1,
        None => report.discovery_sessions += 1,
    }
    report.mutual_sessions += u32::from(mutual);
}
