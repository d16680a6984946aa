//! A command that takes data from the initiator (RFC 7143, 4.2.5.2).

use std::collections::VecDeque;

use iscsi_login::Parameters;
use iscsi_pdu::{DataOut, InitiatorTaskTag, Lun, ScsiCommand, TargetTransferTag};

use super::Sense;
use super::disk::Extent;
use super::fault::Fault;
use super::scsi::Outcome;

/// Largest transfer of one command in bytes.
const LARGEST_TRANSFER: u32 = 16 << 20;

/// A sequence of Data-Out PDUs that is awaited: the unsolicited one, or the answer to an R2T.
struct Sequence {
    ttt: TargetTransferTag,
    next_data_sn: u32,
    next_offset: u32,
    end: u32,
}

/// An R2T to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Solicitation {
    pub(super) ttt: TargetTransferTag,
    pub(super) r2t_sn: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
}

/// A write on its way.
pub(super) struct WriteTask {
    pub(super) itt: InitiatorTaskTag,
    pub(super) lun: Lun,
    /// True if the command takes a place in the command window.
    pub(super) holds_window: bool,
    /// The number of bytes that the initiator wants to send in total.
    pub(super) expected: u32,
    /// The extent that the data is written to; `None` discards it.
    pub(super) extent: Option<Extent>,
    /// Why it fails once the data under way have arrived.
    pub(super) check: Option<Sense>,
    /// Bytes the command takes: the smaller of `expected` and what its CDB says.
    wanted: u32,
    /// Bytes received or asked for.
    claimed: u32,
    next_r2t_sn: u32,
    awaited: VecDeque<Sequence>,
    max_outstanding_r2t: usize,
    max_burst_length: u32,
}

impl WriteTask {
    /// The task of a command that has the W bit, with its unsolicited data still to come.
    pub(super) fn new(
        command: &ScsiCommand,
        outcome: Outcome,
        parameters: &Parameters,
    ) -> Result<Self, Fault> {
        let expected = command.expected_data_transfer_length;
        let (extent, check) = destination(command, outcome);
        let wanted =
            extent.map_or(0, |extent| u32::try_from(extent.length).unwrap_or(u32::MAX)).min(expected);
        let immediate = u32::try_from(command.data.len())
            .map_err(|_| Fault::violation("immediate data of 4 GiB and more"))?;
        let mut task = Self {
            itt: command.itt,
            lun: command.lun,
            holds_window: !command.immediate,
            expected,
            extent,
            check,
            wanted,
            claimed: immediate,
            next_r2t_sn: 0,
            awaited: VecDeque::new(),
            max_outstanding_r2t: usize::from(parameters.max_outstanding_r2t),
            max_burst_length: parameters.max_burst_length,
        };
        if !command.is_final {
            let end = expected.min(parameters.first_burst_length);
            task.await_sequence(TargetTransferTag::RESERVED, end);
        }
        Ok(task)
    }

    fn await_sequence(&mut self, ttt: TargetTransferTag, end: u32) {
        self.awaited.push_back(Sequence { ttt, next_data_sn: 0, next_offset: self.claimed, end });
        self.claimed = end;
    }

    /// The next R2T, if one may be sent now. `ttt` is used only then.
    pub(super) fn solicit(&mut self, ttt: TargetTransferTag) -> Option<Solicitation> {
        let unsolicited_under_way = self.awaited.front().is_some_and(|sequence| !sequence.ttt.is_valid());
        if self.check.is_some()
            || self.claimed >= self.wanted
            || unsolicited_under_way
            || self.awaited.len() >= self.max_outstanding_r2t
        {
            return None;
        }
        let (offset, r2t_sn) = (self.claimed, self.next_r2t_sn);
        let length = self.max_burst_length.min(self.wanted - offset);
        self.await_sequence(ttt, offset + length);
        self.next_r2t_sn += 1;
        Some(Solicitation { ttt, r2t_sn, offset, length })
    }

    /// Checks a Data-Out and returns the offset of its data in the transfer.
    ///
    /// # Errors
    /// [`Fault::ProtocolViolation`] if it is not the next one in order.
    pub(super) fn receive(&mut self, pdu: &DataOut) -> Result<u32, Fault> {
        let Some(sequence) = self.awaited.front_mut() else {
            return Err(Fault::violation("Data-Out that nobody asked for (11.7)"));
        };
        let length = u32::try_from(pdu.data.len()).unwrap_or(u32::MAX);
        let end = pdu.buffer_offset.checked_add(length);
        if pdu.ttt != sequence.ttt {
            return Err(Fault::ProtocolViolation(format!(
                "Data-Out with {:?}, {:?} awaited (11.7.4)",
                pdu.ttt, sequence.ttt
            )));
        }
        if pdu.ttt.is_valid() && pdu.lun != self.lun {
            return Err(Fault::violation("Data-Out without the LUN of its R2T (11.7.4)"));
        }
        if pdu.data_sn != sequence.next_data_sn {
            let rule =
                format!("DataSN {} received, {} expected (11.7.5)", pdu.data_sn, sequence.next_data_sn);
            return Err(Fault::ProtocolViolation(rule));
        }
        let Some(end) = end.filter(|end| pdu.buffer_offset == sequence.next_offset && *end <= sequence.end)
        else {
            let rule = format!(
                "Data-Out of {length} bytes at {}, {} to {} awaited (11.7.6)",
                pdu.buffer_offset, sequence.next_offset, sequence.end
            );
            return Err(Fault::ProtocolViolation(rule));
        };
        sequence.next_data_sn += 1;
        sequence.next_offset = end;
        if end == sequence.end && !pdu.is_final {
            return Err(Fault::violation("last Data-Out of a sequence without F (11.7.1)"));
        }
        if pdu.is_final {
            // F before the end: what is missing will not come (4.2.5.2).
            if end < sequence.end {
                self.check = self.check.or(Some(Sense::INCORRECT_AMOUNT_OF_DATA));
            }
            self.awaited.pop_front();
        }
        Ok(pdu.buffer_offset)
    }

    /// The part of `data` at `offset` of the transfer that the command takes, with its place on the medium.
    pub(super) fn place<'a>(&self, offset: u32, data: &'a [u8]) -> Option<(u64, &'a [u8])> {
        let rest = usize::try_from(self.wanted.saturating_sub(offset)).unwrap_or(usize::MAX);
        let taken = data.get(..rest.min(data.len()))?;
        if self.check.is_some() || taken.is_empty() {
            return None;
        }
        Some((self.extent?.offset + u64::from(offset), taken))
    }

    /// True if all expected data has arrived.
    pub(super) fn is_complete(&self) -> bool {
        self.awaited.is_empty() && (self.check.is_some() || self.claimed >= self.wanted)
    }
}

/// The extent that the data of the command is written to, and the sense data if the command fails.
fn destination(command: &ScsiCommand, outcome: Outcome) -> (Option<Extent>, Option<Sense>) {
    match outcome {
        Outcome::Check(sense) => (None, Some(sense)),
        _ if command.read || command.expected_data_transfer_length > LARGEST_TRANSFER => {
            (None, Some(Sense::INVALID_FIELD))
        }
        Outcome::Write(extent) => (Some(extent), None),
        Outcome::Data(data) if data.is_empty() => (None, None),
        // A command that sends data has no use for the W bit.
        Outcome::Data(_) | Outcome::Read(_) => (None, Some(Sense::INVALID_FIELD)),
    }
}
