//! The session's rules without a network: each test is the target of one session.

mod any_order;
mod backlog;
mod command_limits;
mod commands;
mod covered_tasks;
mod escalation;
mod events;
mod failures;
mod flushes;
mod kept_aborts;
mod kept_requests;
mod logouts;
mod long_commands;
mod lost_caches;
mod numbers;
mod pings;
mod read_data;
mod rejects;
mod replays;
mod residuals;
mod task_management;
mod unasked;
mod unit_queues;
mod write_data;
mod write_order;

use bytes::Bytes;
use iscsi_login::{Parameters, Strictness, Tolerance};
use iscsi_pdu::{
    AdditionalHeaders, DataIn, DataOut, InitiatorPdu, InitiatorTaskTag, LogoutRequest, LogoutResponse,
    LogoutResponseCode, Lun, NopIn, NopOut, R2t, RawPdu, ScsiCommand, ScsiResponse, ScsiResponseCode,
    ScsiStatus, SequenceNumbers, SerialNumber, TargetPdu, TargetTransferTag, TaskManagementRequest,
    TaskManagementResponse, TaskManagementResponseCode,
};

use std::time::Duration;

use super::{
    Abort, AbortCause, End, Extent, Failure, Limits, LogoutCause, Outcome, Request, SessionState,
    TaskManagement,
};
use crate::scsi::{Completion, RawCommand, Transfer, TransferLength};

const LUN: Lun = Lun([0, 3, 0, 0, 0, 0, 0, 0]);
/// `CmdSN` of the first command, and the status number of the first answer.
const FIRST_CMD_SN: u32 = 100;
const FIRST_STAT_SN: u32 = 500;
/// The present, for tests in which no time passes.
const NOW: Duration = Duration::ZERO;
const MINUTE: Duration = Duration::from_mins(1);
const LIMITS: Limits = Limits::new(MINUTE, Duration::from_secs(30));
/// Sense data: ILLEGAL REQUEST, invalid field in CDB.
const SENSE: &[u8] = &[0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0, 0, 0, 0, 0];

/// Large segments, so that a transfer of a test is one PDU unless the test says otherwise.
fn parameters() -> Parameters {
    let mut parameters = Parameters::default();
    parameters.max_send_data_segment_length = 65_536;
    parameters
}

/// Parameters under which all write data are solicited.
fn solicited_only() -> Parameters {
    let mut parameters = parameters();
    (parameters.initial_r2t, parameters.immediate_data) = (true, false);
    parameters
}

/// The target of one session, and the session.
#[derive(Clone)]
struct Target {
    session: SessionState,
    /// Numbers of the next PDU: the target takes 32 commands beyond those it has seen.
    numbers: SequenceNumbers,
    window: u32,
    now: Duration,
}

impl Target {
    fn new(parameters: Parameters) -> Self {
        Self::with_window(parameters, 32)
    }

    /// A session that tolerates no deviation.
    fn strict(parameters: Parameters) -> Self {
        let mut target = Self::new(parameters);
        target.session.tolerance = Tolerance::new(Strictness::Strict);
        target
    }

    fn with_window(parameters: Parameters, window: u32) -> Self {
        let (cmd_sn, stat_sn) = (SerialNumber(FIRST_CMD_SN), SerialNumber(FIRST_STAT_SN));
        let max_cmd_sn = cmd_sn.plus(window).minus(1);
        let numbers = SequenceNumbers { stat_sn, exp_cmd_sn: cmd_sn, max_cmd_sn };
        Self {
            session: SessionState::new(parameters, cmd_sn, stat_sn, numbers, Tolerance::default(), LIMITS),
            numbers,
            window,
            now: NOW,
        }
    }

    /// Lets it be this time. From then on the session has something to do later, if at all.
    fn pass(&mut self, now: Duration) {
        self.now = now;
        self.session.advance(now);
        assert!(self.session.next_deadline().is_none_or(|next| next > now), "it would be due for ever");
    }

    fn submit(&mut self, transfer: Transfer, exact: bool) -> InitiatorTaskTag {
        let transfer_length = if exact { TransferLength::Exact } else { TransferLength::UpTo };
        let command = RawCommand { transfer_length, ..RawCommand::new("TEST", 0, transfer) };
        self.begin(Request::command(LUN, command))
    }

    fn begin(&mut self, request: Request) -> InitiatorTaskTag {
        let itt = self.session.submit_since(request, self.now);
        self.session.advance(self.now);
        itt
    }

    /// Submits a text exchange.
    fn ask(&mut self, question: &'static [u8]) -> InitiatorTaskTag {
        self.begin(Request::text("SendTargets", Bytes::from_static(question)))
    }

    /// Submits a READ of this many bytes, and takes the command if the window is open.
    fn read(&mut self, length: u32) -> InitiatorTaskTag {
        let itt = self.submit(Transfer::Read(length), true);
        self.sent();
        itt
    }

    /// Submits a WRITE, and takes the command with its unsolicited data.
    fn write(&mut self, length: usize) -> InitiatorTaskTag {
        let itt = self.submit(Transfer::Write(pattern(length).into()), true);
        self.sent();
        itt
    }

    /// Everything that the session sends now. Requests that are not immediate are counted.
    fn sent(&mut self) -> Vec<InitiatorPdu> {
        let mut sent = Vec::new();
        while let Some(outgoing) = self.session.poll_transmit() {
            assert!(outgoing.rest.is_none());
            let immediate = outgoing.bhs.is_immediate();
            let ahs = outgoing.additional_headers.as_deref().and_then(AdditionalHeaders::as_bytes).cloned();
            let pdu = RawPdu { ahs, ..RawPdu::with_data(outgoing.bhs, outgoing.data) };
            let pdu = InitiatorPdu::decode(pdu).unwrap();
            let counts = matches!(pdu, InitiatorPdu::ScsiCommand(_) | InitiatorPdu::TextRequest(_));
            if counts && !immediate {
                self.numbers.exp_cmd_sn = self.numbers.exp_cmd_sn.next();
                self.numbers.max_cmd_sn = self.numbers.exp_cmd_sn.plus(self.window).minus(1);
            }
            sent.push(pdu);
        }
        sent
    }

    fn commands(&mut self) -> Vec<ScsiCommand> {
        let sent = self.sent().into_iter();
        sent.filter_map(|pdu| if let InitiatorPdu::ScsiCommand(pdu) = pdu { Some(pdu) } else { None })
            .collect()
    }

    fn data_outs(&mut self) -> Vec<DataOut> {
        let sent = self.sent().into_iter();
        sent.filter_map(|pdu| if let InitiatorPdu::DataOut(pdu) = pdu { Some(pdu) } else { None }).collect()
    }

    fn nop_outs(&mut self) -> Vec<NopOut> {
        let sent = self.sent().into_iter();
        sent.filter_map(|pdu| if let InitiatorPdu::NopOut(pdu) = pdu { Some(pdu) } else { None }).collect()
    }

    fn logouts(&mut self) -> Vec<LogoutRequest> {
        let sent = self.sent().into_iter();
        sent.filter_map(|pdu| if let InitiatorPdu::LogoutRequest(pdu) = pdu { Some(pdu) } else { None })
            .collect()
    }

    fn managements(&mut self) -> Vec<TaskManagementRequest> {
        let sent = self.sent().into_iter();
        sent.filter_map(
            |pdu| if let InitiatorPdu::TaskManagementRequest(pdu) = pdu { Some(pdu) } else { None },
        )
        .collect()
    }

    /// Submits a task management function, and takes its request.
    fn manage(&mut self, function: TaskManagement) -> TaskManagementRequest {
        self.begin(Request::management(function));
        self.managements().remove(0)
    }

    /// Answers a task management function.
    fn managed(&mut self, itt: InitiatorTaskTag, response: u8) -> Result<(), Failure> {
        let response = TaskManagementResponseCode(response);
        let numbers = self.status_numbers();
        let pdu = TaskManagementResponse { response, additional_information: [0; 3], itt, numbers };
        self.receive(TargetPdu::TaskManagementResponse(pdu))
    }

    /// Answers a ping.
    fn pong(&mut self, ping: &NopOut) -> Result<(), Failure> {
        let (ttt, numbers) = (TargetTransferTag::RESERVED, self.status_numbers());
        let (lun, itt, data) = (Lun::ZERO, ping.itt, ping.data.clone());
        self.receive(TargetPdu::NopIn(NopIn { lun, itt, ttt, numbers, data }))
    }

    /// All outcomes, in the order in which the requests ended.
    fn outcomes(&mut self) -> Vec<(InitiatorTaskTag, Outcome)> {
        std::iter::from_fn(|| self.session.poll_outcome()).collect()
    }

    /// Numbers of a PDU that uses up a status number.
    fn status_numbers(&mut self) -> SequenceNumbers {
        let numbers = self.numbers;
        self.numbers.stat_sn = numbers.stat_sn.next();
        numbers
    }

    fn receive(&mut self, pdu: TargetPdu) -> Result<(), Failure> {
        self.session.receive(pdu, self.now);
        match self.session.end() {
            Some(End::Failed(failure)) => Err(failure.clone()),
            Some(End::LoggedOut(..)) | None => Ok(()),
        }
    }

    /// The SCSI Response that ends a command, its fields to be changed by the test.
    fn response(&mut self, itt: InitiatorTaskTag, status: ScsiStatus) -> ScsiResponse {
        ScsiResponse {
            read_overflow: false,
            read_underflow: false,
            overflow: false,
            underflow: false,
            response: ScsiResponseCode::COMPLETED,
            status,
            status_qualifier: 0,
            itt,
            snack_tag: 0,
            numbers: self.status_numbers(),
            exp_data_sn: SerialNumber(0),
            bidirectional_read_residual_count: 0,
            residual_count: 0,
            sense: Bytes::from_static(if status == ScsiStatus::CHECK_CONDITION { SENSE } else { &[] }),
            response_data: Bytes::new(),
        }
    }

    fn respond(&mut self, response: ScsiResponse) -> Result<(), Failure> {
        self.receive(TargetPdu::ScsiResponse(response))
    }

    fn good(&mut self, itt: InitiatorTaskTag) -> Result<(), Failure> {
        let response = self.response(itt, ScsiStatus::GOOD);
        self.respond(response)
    }

    /// A Data-In without status, its fields to be changed by the test.
    fn data_in(&self, itt: InitiatorTaskTag, data_sn: u32, offset: u32, length: usize) -> DataIn {
        DataIn {
            is_final: false,
            acknowledge: false,
            overflow: false,
            underflow: false,
            has_status: false,
            status: ScsiStatus::GOOD,
            lun: Lun::ZERO,
            itt,
            ttt: TargetTransferTag::RESERVED,
            numbers: self.numbers,
            data_sn,
            buffer_offset: offset,
            residual_count: 0,
            data: pattern(offset as usize + length).slice(offset as usize..),
        }
    }

    /// A Data-In with status, as the last PDU of a command.
    fn last_data_in(&mut self, itt: InitiatorTaskTag, data_sn: u32, offset: u32, length: usize) -> DataIn {
        let numbers = self.status_numbers();
        DataIn { is_final: true, has_status: true, numbers, ..self.data_in(itt, data_sn, offset, length) }
    }

    fn r2t(&self, itt: InitiatorTaskTag, r2t_sn: u32, offset: u32, length: u32) -> R2t {
        R2t {
            lun: LUN,
            itt,
            ttt: TargetTransferTag(0x700 + r2t_sn),
            numbers: self.numbers,
            r2t_sn,
            buffer_offset: offset,
            desired_data_transfer_length: length,
        }
    }

    /// Requests data by an R2T, and takes them.
    fn solicit(&mut self, itt: InitiatorTaskTag, r2t_sn: u32, offset: u32, length: u32) -> Vec<DataOut> {
        let r2t = self.r2t(itt, r2t_sn, offset, length);
        self.receive(TargetPdu::R2t(r2t)).unwrap();
        self.data_outs()
    }

    fn logout_response(&mut self, itt: InitiatorTaskTag, response: LogoutResponseCode) -> TargetPdu {
        let numbers = self.status_numbers();
        TargetPdu::LogoutResponse(LogoutResponse { response, itt, numbers, time2wait: 2, time2retain: 20 })
    }

    /// Requests the logout, and takes the PDUs that the session sends.
    fn log_out(&mut self) -> Vec<InitiatorPdu> {
        self.session.log_out(LogoutCause::Initiator, NOW);
        self.sent()
    }

    /// The only request that ended.
    fn completion(&mut self, itt: InitiatorTaskTag) -> Completion {
        match (self.session.poll_outcome(), self.session.poll_outcome()) {
            (Some((tag, Outcome::Good(data))), None) if tag == itt => {
                Completion { data: data.freeze(), ..Completion::good() }
            }
            (Some((tag, Outcome::Scsi(ended, _))), None) if tag == itt => ended.completion,
            other => panic!("not one completion of {itt:?}: {other:?}"),
        }
    }
}

/// The last moment before a time.
const fn just_before(time: Duration) -> Duration {
    time.saturating_sub(Duration::from_nanos(1))
}

/// The outcome of a command that did not end by itself.
const fn aborted(cause: AbortCause, extent: Extent) -> Outcome {
    Outcome::Aborted(Abort { cause, extent })
}

/// Bytes with a period that is not that of a block.
fn pattern(length: usize) -> Bytes {
    (0..=250).cycle().take(length).collect()
}

/// The numbers of the broken rule: received and expected, which is 0 where no single value is valid.
#[track_caller]
fn broken_rule(outcome: Result<(), Failure>) -> (u64, u64) {
    match outcome {
        Err(Failure::Gap(error) | Failure::Format(error)) => numbers_of(&error),
        other => panic!("no rule broken: {other:?}"),
    }
}

fn numbers_of(error: &crate::ProtocolError) -> (u64, u64) {
    match error {
        crate::ProtocolError::Sequence { received, expected, .. } => (*received, *expected),
        crate::ProtocolError::Value { received, .. } => (*received, 0),
        other => panic!("no rule broken: {other:?}"),
    }
}
