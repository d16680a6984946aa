//! A SCSI command and its progress.

use bytes::Bytes;
use iscsi_login::{Parameters, Tolerance};
use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, DataIn, InitiatorTaskTag, Lun, R2t, ScsiCommand,
    ScsiResponse, ScsiStatus, SerialNumber, TaskAttribute,
};

use super::data_in::DataInBuffer;
use super::data_out::{Burst, DataOutBuffer};
use super::direction::{Direction, Expected};
use super::failure::ProtocolError;
use super::request::{Ended, Outcome};
use crate::scsi::{BlockSpan, CacheEffect, Cdb, Completion, Incomplete, RawCommand, Replay, TransferLength};
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

impl Task {
    #[inline]
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

    /// Takes the data of one PDU (NUM-13, DAT-16, DAT-17).
    #[inline]
    pub(super) fn accept_data_in(&mut self, pdu: &DataIn, data: &[u8]) -> Result<(), ProtocolError> {
        self.direction.accept(pdu, data)
    }

    /// The place of read data, into which those of a PDU may be read; `None` for commands that do not only read.
    pub(super) const fn place(&mut self) -> Option<&mut DataInBuffer> {
        match &mut self.direction {
            Direction::In(input) => Some(input),
            _ => None,
        }
    }

    /// Whether it has data for the target.
    pub(super) fn has_data_out(&self) -> bool {
        self.direction.output().is_some()
    }

    /// The length of the data that were sent unasked, and of those that the target has requested since.
    pub(super) fn asked_for(&self) -> u32 {
        self.direction.output().map_or(0, DataOutBuffer::asked_for)
    }

    /// The command PDU; `burst`, which is empty, gets the unsolicited burst that follows it if there is one (CMD-01 to CMD-04).
    /// Together they have no more than `most_unsolicited` bytes of data.
    #[inline]
    pub(super) fn build_command(
        &mut self,
        itt: InitiatorTaskTag,
        numbers: (SerialNumber, SerialNumber),
        parameters: &Parameters,
        most_unsolicited: u32,
        burst: &mut Option<Burst>,
    ) -> Outgoing {
        let expected = self.direction.expected();
        let (data, rest) = match self.direction.output_mut() {
            Some(output) => output.begin(itt, parameters, most_unsolicited, burst),
            None => (Bytes::new(), None),
        };
        let command = ScsiCommand {
            immediate: false,
            is_final: burst.is_none(),
            read: expected.read,
            write: expected.write,
            attribute: TaskAttribute::SIMPLE,
            priority: 0,
            lun: self.lun,
            itt,
            expected_data_transfer_length: expected.length,
            cmd_sn: numbers.0,
            exp_stat_sn: numbers.1,
            cdb: self.cdb.head(),
            additional_headers: AdditionalHeaders::NONE,
            data: Bytes::new(),
        };
        // What does not fit the basic header (PDU-14, PDU-15).
        let additional_headers = match (self.cdb.rest(), expected.bidirectional_read_length) {
            ([], None) => None,
            (rest, read_length) => Some(Box::new(long_command(rest, read_length))),
        };
        Outgoing { bhs: command.encode_bhs(), additional_headers, data, rest }
    }

    /// The burst that an R2T requests; `None` for a repeated R2T, which is dropped (RFC 7143, 7.9).
    pub(super) fn answer_r2t(
        &mut self,
        r2t: &R2t,
        parameters: &Parameters,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Burst>, ProtocolError> {
        self.direction.answer_r2t(r2t, self.lun, parameters, tolerance)
    }

    /// Records that the last PDU of a burst was sent.
    pub(super) fn note_sent(&mut self, burst: &Burst) {
        if let Some(output) = self.direction.output_mut() {
            output.note_sent(burst);
        }
    }

    /// Checks a SCSI Response whose service response is 0, and returns its residual (CMD-06, NUM-15, RES-01).
    pub(super) fn check_response(&self, response: &ScsiResponse) -> Result<Residual, ProtocolError> {
        // The data of a failed command are not used, and tgtd leaves ExpDataSN at 0 for it.
        if let (Some(input), ScsiStatus::GOOD) = (self.direction.input(), response.status)
            // RFC 3720 counted the R2Ts of a bidirectional command too.
            && ![input.pdus(), input.next_data_sn()].contains(&response.exp_data_sn.0)
        {
            let rule = "ExpDataSN is the number of Data-In PDUs sent (11.4.8)";
            return Err(sequence(rule, response.exp_data_sn.0, input.pdus()));
        }
        if response.status == ScsiStatus::CHECK_CONDITION && response.sense.is_empty() {
            return Err(sequence("CHECK CONDITION comes with sense data (11.4.7)", 0, 1));
        }
        let residual = Residual {
            overflow: response.overflow,
            underflow: response.underflow,
            count: response.residual_count,
            read_overflow: response.read_overflow,
            read_underflow: response.read_underflow,
            read_count: response.bidirectional_read_residual_count,
        };
        residual.check().map(|()| residual)
    }

    /// The result, from the PDU that carried the status: SCSI Response or Data-In (RES-02, RES-03). The data leave the
    /// task.
    #[inline]
    pub(super) fn finish(&mut self, status: ScsiStatus, sense: &[u8], residual: Residual) -> Outcome {
        let data = self.direction.input_mut().map(DataInBuffer::take).unwrap_or_default();
        let is_complete = self.required == TransferLength::UpTo || self.shortfall().is_none();
        if status == ScsiStatus::GOOD && sense.is_empty() && residual.is_none() && is_complete {
            return Outcome::Good(data);
        }
        Outcome::Scsi(self.ended(status, sense, residual), data)
    }

    /// The result that is more than GOOD, apart from its data.
    #[cold]
    fn ended(&self, status: ScsiStatus, sense: &[u8], residual: Residual) -> Box<Ended> {
        let Expected { length, bidirectional_read_length: read_length, .. } = self.direction.expected();
        let count = |reported| if reported { residual.count } else { 0 };
        let read_count = |reported| if reported && read_length.is_some() { residual.read_count } else { 0 };
        let is_exact = self.required == TransferLength::Exact;
        let completion = Completion {
            status,
            sense: Bytes::copy_from_slice(sense),
            data: Bytes::new(),
            // RES-03: no more bytes can be missing than were expected.
            underflow: count(residual.underflow).min(length),
            overflow: count(residual.overflow),
            read_underflow: read_count(residual.read_underflow).min(read_length.unwrap_or(0)),
            read_overflow: read_count(residual.read_overflow),
            incomplete: if is_exact { self.incomplete(residual) } else { None },
        };
        Box::new(Ended { completion, command: self.command() })
    }

    /// What it does to a volatile cache.
    #[inline]
    pub(super) fn cache_effect(&self) -> CacheEffect {
        CacheEffect::of(&self.cdb)
    }

    /// The blocks that it may change.
    #[inline]
    pub(super) fn written_blocks(&self) -> Option<BlockSpan> {
        match self.direction {
            // No command that only reads changes any, and most commands read.
            Direction::In(_) => None,
            _ => BlockSpan::written_by(&self.cdb),
        }
    }

    /// The blocks that it reads or may change.
    pub(super) fn blocks(&self) -> Option<BlockSpan> {
        self.written_blocks().or_else(|| BlockSpan::read_by(&self.cdb))
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
        self.direction.restart();
    }

    /// The command as it was submitted, but for the memory of a read.
    fn command(&self) -> RawCommand {
        let transfer = self.direction.transfer();
        let Self { name, required: transfer_length, replay, is_repeated, .. } = *self;
        RawCommand { name, cdb: self.cdb.clone(), transfer, transfer_length, replay, is_repeated }
    }

    /// The reason why the command is incomplete: first by the target's counts, then by the initiator's.
    fn incomplete(&self, residual: Residual) -> Option<Incomplete> {
        let (Residual { overflow, underflow, count: residual, .. }, expected) =
            (residual, self.direction.expected().length);
        if underflow && residual > 0 {
            return Some(Incomplete::Underflow { residual, expected });
        }
        if overflow && residual > 0 {
            return Some(Incomplete::Overflow { residual, expected });
        }
        self.shortfall()
    }

    /// The reason why the command is incomplete by the initiator's counts.
    #[inline]
    fn shortfall(&self) -> Option<Incomplete> {
        if let Some(output) = self.direction.output().filter(|output| output.sent() < output.length()) {
            return Some(Incomplete::NotTaken { taken: output.sent(), expected: output.length() });
        }
        let input = self.direction.input().filter(|input| input.received() < input.expected())?;
        Some(Incomplete::NotSent { received: input.received(), expected: input.expected() })
    }
}

/// The residual fields of the PDU that carried the status.
#[derive(Clone, Copy, Debug)]
pub(super) struct Residual {
    pub(super) overflow: bool,
    pub(super) underflow: bool,
    pub(super) count: u32,
    /// Those of the data that a bidirectional command reads.
    pub(super) read_overflow: bool,
    pub(super) read_underflow: bool,
    pub(super) read_count: u32,
}

impl Residual {
    /// Whether the target counts neither missing nor surplus bytes.
    fn is_none(self) -> bool {
        let is_none = |overflow: bool, underflow: bool, count| !overflow && !underflow || count == 0;
        is_none(self.overflow, self.underflow, self.count)
            && is_none(self.read_overflow, self.read_underflow, self.read_count)
    }

    /// The fields of a Data-In PDU with status.
    pub(super) const fn of_data_in(pdu: &DataIn) -> Self {
        let DataIn { overflow, underflow, residual_count: count, .. } = *pdu;
        Self { overflow, underflow, count, read_overflow: false, read_underflow: false, read_count: 0 }
    }

    /// Refuses a count that is both missing and surplus.
    pub(super) fn check(self) -> Result<(), ProtocolError> {
        if self.overflow && self.underflow || self.read_overflow && self.read_underflow {
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

/// The additional headers of a command with these bytes behind the first 16 of its descriptor block, and this read length.
#[cold]
fn long_command(rest: &[u8], read_length: Option<u32>) -> AdditionalHeaders {
    let header = |ahs_type, body: Vec<u8>| AdditionalHeader { ahs_type, body: body.into() };
    // The byte in front is reserved.
    let cdb = (!rest.is_empty()).then(|| header(AhsType::EXTENDED_CDB, [&[0], rest].concat()));
    let read = read_length
        .map(|length| header(AhsType::BIDIRECTIONAL_READ_LENGTH, [&[0][..], &length.to_be_bytes()].concat()));
    // They always fit: a descriptor block has at most 260 bytes.
    AdditionalHeaders::from_headers(&cdb.into_iter().chain(read).collect::<Vec<_>>()).unwrap_or_default()
}
