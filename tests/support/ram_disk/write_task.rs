//! The data that a command takes from the initiator (RFC 7143, 4.2.5.2).

use std::collections::VecDeque;

use iscsi_login::Parameters;
use iscsi_pdu::{DataOut, Lun, ScsiCommand, TargetTransferTag};

use super::Sense;
use super::connection::segment_limit;
use super::fault::Fault;
use super::scsi::{Plan, Rejection};

/// Largest transfer of one command in bytes.
pub(super) const LARGEST_TRANSFER: u32 = 16 << 20;

/// A sequence of Data-Out PDUs that is awaited: the unsolicited one, or the answer to an R2T.
#[derive(Clone)]
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

/// The data of a write on their way.
#[derive(Clone)]
pub(super) struct WriteTask {
    lun: Lun,
    /// The number of bytes that the initiator wants to send in total.
    pub(super) expected: u32,
    /// Why it fails once the data under way have arrived.
    pub(super) rejection: Option<Rejection>,
    /// Bytes the command takes: the smaller of `expected` and what its CDB says.
    wanted: u32,
    /// Bytes received or asked for.
    claimed: u32,
    /// The data so far, as much as the command takes.
    pub(super) data: Vec<u8>,
    next_r2t_sn: u32,
    awaited: VecDeque<Sequence>,
    max_outstanding_r2t: usize,
    max_burst_length: u32,
}

impl WriteTask {
    /// The data of a command that has the W bit, with the unsolicited ones still to come.
    pub(super) fn new(command: &ScsiCommand, plan: &Plan, parameters: &Parameters) -> Result<Self, Fault> {
        let expected = command.expected_data_transfer_length;
        let immediate = u32::try_from(command.data.len())
            .map_err(|_| Fault::violation("immediate data of 4 GiB and more"))?;
        let mut task = Self {
            lun: command.lun,
            expected,
            rejection: rejection(command, plan),
            wanted: u32::try_from(plan.length_out()).unwrap_or(u32::MAX).min(expected),
            claimed: immediate,
            data: Vec::new(),
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
        if self.rejection.is_some()
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

    /// Checks a Data-Out, and takes its data.
    ///
    /// # Errors
    /// [`Fault::ProtocolViolation`] if it is not the next one in order.
    pub(super) fn receive(&mut self, pdu: &DataOut) -> Result<(), Fault> {
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
                self.rejection = self.rejection.or(Some(Rejection::Check(Sense::INCORRECT_AMOUNT_OF_DATA)));
            }
            self.awaited.pop_front();
        }
        self.keep(&pdu.data);
        Ok(())
    }

    /// The part of `data`, which come next, that the command takes.
    pub(super) fn take<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let rest = segment_limit(self.wanted).saturating_sub(self.data.len());
        let taken = if self.rejection.is_some() { 0 } else { rest.min(data.len()) };
        data.get(..taken).unwrap_or_default()
    }

    /// Keeps the data that come next, as far as the command takes them: they arrive in order.
    pub(super) fn keep(&mut self, data: &[u8]) {
        let taken = self.take(data);
        self.data.extend_from_slice(taken);
    }

    /// The R2Ts sent.
    pub(super) const fn r2ts(&self) -> u32 {
        self.next_r2t_sn
    }

    /// True if data are under way.
    pub(super) fn awaits_data(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// True if all expected data has arrived.
    pub(super) fn is_complete(&self) -> bool {
        self.awaited.is_empty() && (self.rejection.is_some() || self.claimed >= self.wanted)
    }
}

/// The reason why a command with the W bit fails, if it does.
fn rejection(command: &ScsiCommand, plan: &Plan) -> Option<Rejection> {
    let announced = u64::from(command.expected_data_transfer_length).cmp(&plan.length_out());
    let is_too_long = command.expected_data_transfer_length > LARGEST_TRANSFER;
    match plan {
        Plan::Check(_) | Plan::Status(_) => plan.rejection(),
        _ if command.read != plan.is_bidirectional() || is_too_long => {
            Some(Rejection::Check(Sense::INVALID_FIELD))
        }
        // A parameter list that is cut off is no parameter list.
        Plan::Reserve { .. }
        | Plan::Unmap { .. }
        | Plan::Sanitize(_)
        | Plan::ModeSelect { .. }
        | Plan::WriteBuffer(_)
        | Plan::SetAccess { .. }
        | Plan::Copy { .. }
            if announced.is_lt() =>
        {
            Some(Rejection::Check(Sense::PARAMETER_LIST_LENGTH))
        }
        // Nor are blocks of another number compared, or written everywhere.
        Plan::Verify { .. }
        | Plan::CompareAndWrite { .. }
        | Plan::OrWrite { .. }
        | Plan::WriteSame { .. }
            if announced.is_ne() =>
        {
            Some(Rejection::Check(Sense::INVALID_FIELD))
        }
        Plan::Data(data) if data.is_empty() => None,
        // A command that sends data has no use for the W bit.
        Plan::Data(_) | Plan::Read(_) => Some(Rejection::Check(Sense::INVALID_FIELD)),
        _ => None,
    }
}
