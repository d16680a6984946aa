//! A SCSI command and its progress.

use bytes::{Bytes, BytesMut};
use iscsi_login::{Parameters, Tolerance};
use iscsi_pdu::{
    AdditionalHeaders, InitiatorTaskTag, Lun, R2t, ScsiCommand, ScsiResponse, ScsiStatus, SerialNumber,
    TaskAttribute,
};

use super::data_in::DataInBuffer;
use super::data_out::{Burst, DataOutBuffer};
use super::failure::ProtocolError;
use super::request::{Ended, Outcome};
use crate::scsi::{
    BlockRange, CacheEffect, Cdb, Completion, Incomplete, RawCommand, Replay, Transfer, TransferLength,
};
use crate::wire::Outgoing;

/// A command that is queued or in flight.
#[derive(Clone, Debug)]
pub(super) struct Task {
    lun: Lun,
    name: &'static str,
    cdb: Cdb,
    required: TransferLength,
    direction: Direction,
    replay: Replay,
    /// Whether it is sent again where the policy says so.
    is_repeated: bool,
    /// What had moved when its limit was last checked, and how often the limit has begun anew.
    moved_before: u32,
    extensions: u8,
    /// For a flush, the number of acknowledged writes that it covers.
    covers: u64,
}

/// The data of a task, and how far they have moved.
#[derive(Clone, Debug)]
enum Direction {
    /// No data.
    None,
    /// To the initiator.
    In(DataInBuffer),
    /// To the target.
    Out(DataOutBuffer),
}

impl Task {
    pub(super) fn new(lun: Lun, command: RawCommand) -> Self {
        let RawCommand { name, cdb, transfer, transfer_length: required, replay, is_repeated } = command;
        let direction = Direction::new(transfer);
        let (moved_before, extensions, covers) = (0, 0, 0);
        Self { lun, name, cdb, required, direction, replay, is_repeated, moved_before, extensions, covers }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn lun(&self) -> Lun {
        self.lun
    }

    /// Whether data have moved since this was last asked, at most so many times.
    pub(super) const fn takes_extension(&mut self, most: u8) -> bool {
        let moved = self.direction.moved();
        let has_moved = moved != self.moved_before && self.extensions < most;
        if has_moved {
            (self.moved_before, self.extensions) = (moved, self.extensions + 1);
        }
        has_moved
    }

    /// The place of the read data; `None` for other commands.
    pub(super) const fn data_in(&mut self) -> Option<&mut DataInBuffer> {
        match &mut self.direction {
            Direction::In(buffer) => Some(buffer),
            Direction::None | Direction::Out(_) => None,
        }
    }

    /// Whether it has data for the target.
    pub(super) const fn has_data_out(&self) -> bool {
        matches!(self.direction, Direction::Out(_))
    }

    /// The length of the data that were sent unasked, and of those that the target has requested since.
    pub(super) const fn asked_for(&self) -> u32 {
        match &self.direction {
            Direction::Out(data) => data.asked_for(),
            Direction::None | Direction::In(_) => 0,
        }
    }

    /// The command PDU, and the unsolicited burst that follows it if there is one (CMD-01 to CMD-04): together no more
    /// than `most_unsolicited` bytes of data.
    #[inline]
    pub(super) fn build_command(
        &mut self,
        itt: InitiatorTaskTag,
        numbers: (SerialNumber, SerialNumber),
        parameters: &Parameters,
        most_unsolicited: u32,
    ) -> (Outgoing, Option<Burst>) {
        let expected = self.direction.length();
        let (mut is_final, mut burst) = (true, None);
        let (mut data, mut rest) = (Bytes::new(), Vec::new());
        if let Direction::Out(out) = &mut self.direction {
            ((data, rest), burst) = out.begin(itt, parameters, most_unsolicited);
            is_final = burst.is_none();
        }
        let command = ScsiCommand {
            immediate: false,
            is_final,
            read: matches!(self.direction, Direction::In(_)),
            write: self.has_data_out(),
            attribute: TaskAttribute::SIMPLE,
            priority: 0,
            lun: self.lun,
            itt,
            expected_data_transfer_length: expected,
            cmd_sn: numbers.0,
            exp_stat_sn: numbers.1,
            cdb: self.cdb.head(),
            additional_headers: AdditionalHeaders::NONE,
            data: Bytes::new(),
        };
        (Outgoing { bhs: command.encode_bhs(), data, rest }, burst)
    }

    /// The burst that an R2T requests; `None` for a repeated R2T, which is dropped (RFC 7143, 7.9).
    pub(super) fn answer_r2t(
        &mut self,
        r2t: &R2t,
        parameters: &Parameters,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Burst>, ProtocolError> {
        match &mut self.direction {
            Direction::Out(data) => data.answer_r2t(r2t, self.lun, parameters, tolerance),
            // DAT-13: there is nothing that it can request.
            Direction::None | Direction::In(_) => {
                DataOutBuffer::new(Bytes::new().into()).answer_r2t(r2t, self.lun, parameters, tolerance)
            }
        }
    }

    /// Records that the last PDU of a burst was sent.
    pub(super) fn note_sent(&mut self, burst: &Burst) {
        if let Direction::Out(data) = &mut self.direction {
            data.note_sent(burst);
        }
    }

    /// Checks a SCSI Response whose service response is 0, and returns its residual (CMD-06, NUM-15, RES-01).
    pub(super) fn check_response(&self, response: &ScsiResponse) -> Result<Residual, ProtocolError> {
        // The data of a failed command are not used, and tgtd leaves ExpDataSN at 0 for it.
        if let (Direction::In(data), ScsiStatus::GOOD) = (&self.direction, response.status)
            && response.exp_data_sn.0 != data.pdus()
        {
            let rule = "ExpDataSN is the number of Data-In PDUs sent (11.4.8)";
            return Err(sequence(rule, response.exp_data_sn.0, data.pdus()));
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

    /// The result, from the PDU that carried the status: SCSI Response or Data-In (RES-02, RES-03). The data leave the
    /// task.
    pub(super) fn finish(&mut self, status: ScsiStatus, sense: Bytes, residual: Residual) -> Outcome {
        let is_exact = self.required == TransferLength::Exact;
        let incomplete = if is_exact { self.incomplete(residual) } else { None };
        let data = self.data_in().map(DataInBuffer::take).unwrap_or_default();
        if status == ScsiStatus::GOOD && residual.is_none() && sense.is_empty() && incomplete.is_none() {
            return Outcome::Good(data);
        }
        let count = |reported| if reported { residual.count } else { 0 };
        let completion = Completion {
            status,
            sense,
            data: Bytes::new(),
            // RES-03: no more bytes can be missing than were expected.
            underflow: count(residual.underflow).min(self.direction.length()),
            overflow: count(residual.overflow),
            incomplete,
        };
        Outcome::Scsi(Box::new(Ended { completion, command: self.command() }), data)
    }

    /// What it does to a volatile cache.
    pub(super) fn cache_effect(&self) -> CacheEffect {
        CacheEffect::of(&self.cdb)
    }

    /// The blocks that it may change.
    pub(super) fn written_blocks(&self) -> Option<BlockRange> {
        BlockRange::written_by(&self.cdb)
    }

    /// The blocks that it reads or may change.
    pub(super) fn blocks(&self) -> Option<BlockRange> {
        self.written_blocks().or_else(|| BlockRange::read_by(&self.cdb))
    }

    /// For a flush, the number of acknowledged writes that it covers.
    pub(super) const fn covers(&mut self) -> &mut u64 {
        &mut self.covers
    }

    /// What may be done with it when it may have been carried out.
    pub(super) const fn replay(&self) -> Replay {
        self.replay
    }

    /// Begins anew: nothing of it has moved in another session.
    pub(super) fn restart(&mut self) {
        (self.moved_before, self.extensions) = (0, 0);
        match &mut self.direction {
            Direction::None => {}
            Direction::In(data) => data.restart(),
            Direction::Out(data) => *data = DataOutBuffer::new(data.data()),
        }
    }

    /// The command as it was submitted, but for the memory of a read.
    fn command(&self) -> RawCommand {
        let transfer = match &self.direction {
            Direction::None => Transfer::None,
            Direction::In(data) => Transfer::Read(data.expected()),
            Direction::Out(data) => Transfer::Write(data.data()),
        };
        let Self { name, required: transfer_length, replay, is_repeated, .. } = *self;
        RawCommand { name, cdb: self.cdb.clone(), transfer, transfer_length, replay, is_repeated }
    }

    /// The reason why the command is incomplete: first by the target's counts, then by the initiator's.
    fn incomplete(&self, residual: Residual) -> Option<Incomplete> {
        let (Residual { overflow, underflow, count: residual }, expected) =
            (residual, self.direction.length());
        if underflow && residual > 0 {
            return Some(Incomplete::Underflow { residual, expected });
        }
        if overflow && residual > 0 {
            return Some(Incomplete::Overflow { residual, expected });
        }
        match &self.direction {
            Direction::In(data) if data.received() < expected => {
                Some(Incomplete::NotSent { received: data.received(), expected })
            }
            Direction::Out(data) if data.sent() < expected => {
                Some(Incomplete::NotTaken { taken: data.sent(), expected })
            }
            _ => None,
        }
    }
}

impl Direction {
    fn new(transfer: Transfer) -> Self {
        match transfer {
            Transfer::None => Self::None,
            Transfer::Read(length) => Self::In(DataInBuffer::new(length, BytesMut::new())),
            Transfer::ReadInto(buffer) => {
                let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
                Self::In(DataInBuffer::new(length, buffer))
            }
            Transfer::Write(data) => Self::Out(DataOutBuffer::new(data)),
        }
    }

    /// A number that changes whenever data move, or the target requests some.
    const fn moved(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::In(data) => data.received(),
            Self::Out(data) => data.asked_for().wrapping_add(data.sent()),
        }
    }

    /// Expected Data Transfer Length in bytes (RFC 7143, 11.3.4).
    const fn length(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::In(data) => data.expected(),
            Self::Out(data) => data.length(),
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
    /// Whether the target counts neither missing nor surplus bytes.
    const fn is_none(self) -> bool {
        !self.overflow && !self.underflow || self.count == 0
    }

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
