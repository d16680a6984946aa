//! SCSI Command and SCSI Response (RFC 7143, 11.3 and 11.4).

use iscsi_pdu::{
    InitiatorTaskTag, Lun, ScsiCommand, ScsiResponse, ScsiResponseCode, ScsiStatus, SerialNumber,
};

use super::cdb::{Cdb, operation};
use super::connection::{Connection, segment_limit};
use super::fault::Fault;
use super::scsi::{self, Outcome};
use super::write_task::WriteTask;
use super::{Sense, data_in::DataSource};

/// The residual count: the difference between transferred and expected bytes (11.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Residual {
    pub(super) overflow: bool,
    pub(super) underflow: bool,
    pub(super) count: u32,
}

impl Residual {
    /// `available` bytes on the target's side, `expected` on the initiator's.
    pub(super) fn new(available: u64, expected: u32) -> Self {
        let expected = u64::from(expected);
        let count = u32::try_from(available.abs_diff(expected)).unwrap_or(u32::MAX);
        Self { overflow: available > expected, underflow: available < expected, count }
    }
}

/// The end of a command.
pub(super) struct Ending {
    pub(super) itt: InitiatorTaskTag,
    pub(super) check: Option<Sense>,
    pub(super) residual: Residual,
    /// Data-In PDUs sent before.
    pub(super) data_ins: u32,
}

impl Connection {
    pub(super) async fn command(&mut self, command: ScsiCommand) -> Result<(), Fault> {
        self.check_command(&command)?;
        if !self.admit(command.immediate, command.cmd_sn, command.exp_stat_sn)? {
            return Ok(());
        }
        let outcome = self.outcome(&command);
        if command.write {
            return self
                .begin_write(WriteTask::new(&command, outcome, &self.session.parameters)?, &command)
                .await;
        }
        let expected = if command.read { command.expected_data_transfer_length } else { 0 };
        let source = match outcome {
            Outcome::Data(data) => DataSource::Parameters(data),
            Outcome::Read(extent) => DataSource::Medium(extent),
            // Without the W bit there is nothing to write from.
            Outcome::Write(extent) if extent.length > 0 => {
                return self.check_condition(&command, Sense::INCORRECT_AMOUNT_OF_DATA).await;
            }
            Outcome::Write(_) => DataSource::Parameters(bytes::Bytes::new()),
            Outcome::Check(sense) => return self.check_condition(&command, sense).await,
        };
        self.send_data_in(command.itt, command.lun, &source, expected).await
    }

    /// Checks everything that does not depend on the logical unit (11.3.1, 13.10, 13.11, 13.14).
    fn check_command(&self, command: &ScsiCommand) -> Result<(), Fault> {
        let parameters = &self.session.parameters;
        let immediate = command.data.len();
        let expected = segment_limit(command.expected_data_transfer_length);
        let rule = if self.session.target.is_none() {
            "SCSI Command in a discovery session (4.3)"
        } else if !command.itt.is_valid() {
            "SCSI Command with the reserved task tag (11.2.1.8)"
        } else if self.is_tag_in_use(command.itt) {
            "SCSI Command with the tag of a live task (11.2.1.8)"
        } else if !command.write && !command.is_final {
            "neither W nor F set in a SCSI Command (11.3.1)"
        } else if immediate > 0 && (!command.write || !parameters.immediate_data) {
            "immediate data where there may be none (13.11)"
        } else if immediate > expected || immediate > segment_limit(parameters.first_burst_length) {
            "more immediate data than the command or the first burst has (13.14)"
        } else if !command.is_final && parameters.initial_r2t {
            "unsolicited data announced under InitialR2T=Yes (13.10)"
        } else if !command.is_final && immediate >= expected.min(segment_limit(parameters.first_burst_length))
        {
            "unsolicited data announced beyond the first burst (11.3.1)"
        } else {
            return Ok(());
        };
        Err(Fault::violation(rule))
    }

    fn outcome(&mut self, command: &ScsiCommand) -> Outcome {
        let cdb = Cdb::new(command.cdb);
        if !scsi::passes_unit_attention(cdb.operation())
            && let Some(sense) = self.session.take_attention(command.lun)
        {
            return match cdb.operation() {
                operation::REQUEST_SENSE => scsi::request_sense(sense, &cdb),
                _ => Outcome::Check(sense),
            };
        }
        match self.target() {
            Some(target) => scsi::execute(target, command.lun, &cdb),
            None => Outcome::Check(Sense::UNIT_NOT_SUPPORTED),
        }
    }

    async fn check_condition(&mut self, command: &ScsiCommand, sense: Sense) -> Result<(), Fault> {
        let expected = if command.read { command.expected_data_transfer_length } else { 0 };
        let residual = Residual::new(0, expected);
        self.respond(Ending { itt: command.itt, check: Some(sense), residual, data_ins: 0 }).await
    }

    /// Ends a command with a SCSI Response.
    pub(super) async fn respond(&mut self, ending: Ending) -> Result<(), Fault> {
        let Ending { itt, check, residual, data_ins } = ending;
        let response = ScsiResponse {
            read_overflow: false,
            read_underflow: false,
            overflow: residual.overflow,
            underflow: residual.underflow,
            response: ScsiResponseCode::COMPLETED,
            status: if check.is_some() { ScsiStatus::CHECK_CONDITION } else { ScsiStatus::GOOD },
            status_qualifier: 0,
            itt,
            snack_tag: 0,
            numbers: self.session.status_numbers(),
            exp_data_sn: SerialNumber(data_ins),
            bidirectional_read_residual_count: 0,
            residual_count: residual.count,
            sense: check.map(Sense::to_fixed).unwrap_or_default(),
            response_data: bytes::Bytes::new(),
        };
        self.wire.send(response.encode()).await
    }

    /// The LUNs of the session's target.
    pub(super) fn luns(&self) -> Vec<Lun> {
        self.target().map(|target| target.luns().collect()).unwrap_or_default()
    }
}
