//! A SCSI command and its progress.

use bytes::{Bytes, BytesMut};
use iscsi_login::{Deviation, Parameters, Tolerance};
use iscsi_pdu::{
    AdditionalHeaders, InitiatorTaskTag, Lun, R2t, ScsiCommand, ScsiResponse, ScsiStatus, SerialNumber,
    TaskAttribute,
};

use super::data_in::DataInBuffer;
use super::data_out::{Burst, UnsolicitedPlan};
use super::failure::ProtocolError;
use super::request::Outcome;
use crate::scsi::{Command, Completion, Incomplete, Transfer, TransferLength, WriteData};
use crate::wire::Outgoing;

/// A command that is queued or in flight.
#[derive(Clone, Debug)]
pub(super) struct Task {
    lun: Lun,
    command: Command,
    pub(super) data_in: DataInBuffer,
    next_r2t_sn: u32,
    /// The number of R2Ts that are not yet answered completely.
    outstanding_r2ts: u16,
    /// The length of the write data that are unsolicited or that the target has requested, from the start.
    asked: u32,
    /// The length of those that were sent, counted by whole bursts.
    sent: u32,
}

impl Task {
    pub(super) fn new(lun: Lun, mut command: Command) -> Self {
        let (expected, buffer) = match &mut command.transfer {
            Transfer::Read(length) => (*length, BytesMut::new()),
            Transfer::ReadInto(buffer) => {
                let buffer = std::mem::take(buffer);
                (u32::try_from(buffer.len()).unwrap_or(u32::MAX), buffer)
            }
            Transfer::None | Transfer::Write(_) => (0, BytesMut::new()),
        };
        if let Transfer::ReadInto(_) = command.transfer {
            command.transfer = Transfer::Read(expected);
        }
        let data_in = DataInBuffer::new(expected, buffer);
        Self { lun, command, data_in, next_r2t_sn: 0, outstanding_r2ts: 0, asked: 0, sent: 0 }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.command.name
    }

    /// The write data; `None` for other commands.
    const fn write_data(&self) -> Option<&WriteData> {
        match &self.command.transfer {
            Transfer::Write(data) => Some(data),
            Transfer::None | Transfer::Read(_) | Transfer::ReadInto(_) => None,
        }
    }

    /// The command PDU, and the unsolicited burst that follows it if there is one (CMD-01 to CMD-04).
    pub(super) fn build_command(
        &mut self,
        itt: InitiatorTaskTag,
        numbers: (SerialNumber, SerialNumber),
        parameters: &Parameters,
    ) -> (Outgoing, Option<Burst>) {
        let data = self.write_data();
        let length = self.command.transfer.length();
        let is_write = data.is_some();
        let plan = UnsolicitedPlan::new(parameters, if is_write { length } else { 0 });
        let (immediate, rest) = data.map(|data| data.part(0..plan.immediate as usize)).unwrap_or_default();
        let has_burst = plan.end > plan.immediate;
        let burst = data.filter(|_| has_burst).map(|data| Burst::unsolicited(itt, data.clone(), plan));
        (self.asked, self.sent) = (plan.end, plan.immediate);
        let command = ScsiCommand {
            immediate: false,
            is_final: plan.end == plan.immediate,
            read: matches!(self.command.transfer, Transfer::Read(_)),
            write: is_write,
            attribute: TaskAttribute::SIMPLE,
            priority: 0,
            lun: self.lun,
            itt,
            expected_data_transfer_length: length,
            cmd_sn: numbers.0,
            exp_stat_sn: numbers.1,
            cdb: self.command.cdb,
            additional_headers: AdditionalHeaders::NONE,
            data: immediate,
        };
        (Outgoing { pdu: command.encode(), rest }, burst)
    }

    /// The burst that an R2T requests (DAT-08, DAT-12, DAT-13, TAG-03, TAG-06); `None` for a repeated R2T, which is
    /// dropped (RFC 7143, 7.9).
    pub(super) fn answer_r2t(
        &mut self,
        r2t: &R2t,
        parameters: &Parameters,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Burst>, ProtocolError> {
        if r2t.r2t_sn < self.next_r2t_sn {
            return Ok(None);
        }
        let length = self.write_data().map_or(0, WriteData::len);
        let end = u64::from(r2t.buffer_offset) + u64::from(r2t.desired_data_transfer_length);
        let limit = parameters.max_outstanding_r2t;
        let rules = [
            (!r2t.ttt.is_valid(), "its transfer tag is valid (11.8.5)", u64::from(r2t.ttt.0), 0),
            (
                r2t.r2t_sn != self.next_r2t_sn,
                "R2TSN counts up from 0 (4.2.2.4)",
                r2t.r2t_sn.into(),
                self.next_r2t_sn.into(),
            ),
            (r2t.desired_data_transfer_length == 0, "it requests at least 1 byte (11.8.4)", 0, 1),
            (end > length as u64, "it ends within the transfer (11.8.4)", end, length as u64),
            (
                r2t.buffer_offset > self.asked,
                "it leaves no gap after the data requested before (11.8)",
                r2t.buffer_offset.into(),
                self.asked.into(),
            ),
            (
                r2t.desired_data_transfer_length > parameters.max_burst_length,
                "it requests at most MaxBurstLength (13.13)",
                r2t.desired_data_transfer_length.into(),
                parameters.max_burst_length.into(),
            ),
            (
                self.outstanding_r2ts >= limit,
                "no more at a time than MaxOutstandingR2T (13.17)",
                u64::from(self.outstanding_r2ts) + 1,
                limit.into(),
            ),
        ];
        if let Some((_, rule, received, expected)) = rules.into_iter().find(|rule| rule.0) {
            return Err(ProtocolError::Sequence { pdu: "R2T", rule, received, expected });
        }
        self.check_lun(r2t.lun, tolerance)?;
        self.next_r2t_sn = self.next_r2t_sn.wrapping_add(1);
        self.outstanding_r2ts += 1;
        // Data-Out carries the LUN of its command (11.7.4), even if the R2T lacks it.
        let r2t = R2t { lun: self.lun, ..r2t.clone() };
        let burst = self.write_data().map(|data| Burst::solicited(&r2t, data.clone()));
        self.asked = self.asked.max(burst.as_ref().map_or(0, Burst::end));
        Ok(burst)
    }

    /// Checks that an R2T names the logical unit of its task (TAG-03). Some targets leave the field at 0.
    fn check_lun(&self, lun: Lun, tolerance: &mut Tolerance) -> Result<(), ProtocolError> {
        if lun == self.lun {
            return Ok(());
        }
        let number = |lun: Lun| u64::from_be_bytes(lun.0);
        let (received, expected) = (number(lun), number(self.lun));
        let rule = "its LUN is the task's (4.2.5.3)";
        let error = ProtocolError::Sequence { pdu: "R2T", rule, received, expected };
        if lun != Lun::ZERO {
            return Err(error);
        }
        let detail = format!("R2T with LUN 0 for a command to LUN {}", self.lun);
        tolerance.tolerate(&Deviation::R2T_LUN_ZERO, detail, error)
    }

    /// Records that the last PDU of a burst was sent.
    pub(super) fn note_sent(&mut self, burst: &Burst) {
        self.sent = self.sent.max(burst.end());
        // DAT-22: the unsolicited burst answers no R2T.
        self.outstanding_r2ts -= u16::from(burst.is_solicited());
    }

    /// Checks a SCSI Response whose service response is 0, and returns its residual (CMD-06, NUM-15, RES-01).
    pub(super) fn check_response(&self, response: &ScsiResponse) -> Result<Residual, ProtocolError> {
        let pdus = self.data_in.pdus();
        // The data of a failed command are not used, and tgtd leaves ExpDataSN at 0 for it.
        let counts =
            matches!(self.command.transfer, Transfer::Read(_)) && response.status == ScsiStatus::GOOD;
        if counts && response.exp_data_sn.0 != pdus {
            let rule = "ExpDataSN is the number of Data-In PDUs sent (11.4.8)";
            return Err(sequence(rule, response.exp_data_sn.0, pdus));
        }
        if response.status == ScsiStatus::CHECK_CONDITION && response.sense.is_empty() {
            return Err(sequence("CHECK CONDITION comes with sense data (11.4.7)", 0, 1));
        }
        let residual = Residual {
            overflow: response.overflow,
            underflow: response.underflow,
            count: response.residual_count,
        };
        residual.check().map(|()| residual)
    }

    /// The result, from the PDU that carried the status: SCSI Response or Data-In (RES-02, RES-03).
    pub(super) fn finish(self, status: ScsiStatus, sense: Bytes, residual: Residual) -> Outcome {
        let expected = self.command.transfer.length();
        let count = |reported| if reported { residual.count } else { 0 };
        let is_exact = self.command.transfer_length == TransferLength::Exact;
        let incomplete = if is_exact { self.incomplete(residual, expected) } else { None };
        let completion = Completion {
            status,
            sense,
            data: Bytes::new(),
            // RES-03: no more bytes can be missing than were expected.
            underflow: count(residual.underflow).min(expected),
            overflow: count(residual.overflow),
            incomplete,
        };
        Outcome::Scsi(completion, self.data_in.into_data())
    }

    /// The reason why the command is incomplete: first by the target's counts, then by the initiator's.
    fn incomplete(&self, residual: Residual, expected: u32) -> Option<Incomplete> {
        let Residual { overflow, underflow, count: residual } = residual;
        if underflow && residual > 0 {
            return Some(Incomplete::Underflow { residual, expected });
        }
        if overflow && residual > 0 {
            return Some(Incomplete::Overflow { residual, expected });
        }
        let (received, taken) = (self.data_in.received(), self.sent);
        match self.command.transfer {
            Transfer::Read(_) if received < expected => Some(Incomplete::NotSent { received, expected }),
            Transfer::Write(_) if taken < expected => Some(Incomplete::NotTaken { taken, expected }),
            _ => None,
        }
    }
}

/// The residual fields of the PDU that carried the status.
#[derive(Clone, Copy, Debug)]
pub(super) struct Residual {
    pub(super) overflow: bool,
    pub(super) underflow: bool,
    pub(super) count: u32,
}

impl Residual {
    /// Refuses a count that is both missing and surplus.
    pub(super) fn check(self) -> Result<(), ProtocolError> {
        if self.overflow && self.underflow {
            return Err(sequence("not both overflow and underflow (11.4.1)", 3, 1));
        }
        Ok(())
    }
}

fn sequence(rule: &'static str, received: u32, expected: u32) -> ProtocolError {
    ProtocolError::Sequence {
        pdu: "SCSI Response",
        rule,
        received: received.into(),
        expected: expected.into(),
    }
}
