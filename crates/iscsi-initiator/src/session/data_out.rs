//! Write data to be sent: immediate, unsolicited and solicited (RFC 7143, 4.2.5.2 and 13.11).

use iscsi_login::Parameters;
use iscsi_pdu::{DataOut, InitiatorTaskTag, Lun, R2t, SerialNumber, TargetTransferTag};

use crate::scsi::WriteData;
use crate::wire::Outgoing;

/// The unsolicited part of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnsolicitedPlan {
    /// Bytes inside the command PDU.
    pub(super) immediate: u32,
    /// Bytes that are sent without an R2T, including immediate data.
    pub(super) end: u32,
}

impl UnsolicitedPlan {
    /// The plan for a write, by the combination of `InitialR2T` and `ImmediateData` (DAT-01 to DAT-04).
    pub(super) fn new(parameters: &Parameters, length: u32) -> Self {
        let burst = length.min(parameters.first_burst_length);
        let immediate = if parameters.immediate_data { burst.min(segment_length(parameters)) } else { 0 };
        let end = if parameters.initial_r2t { immediate } else { burst };
        Self { immediate, end }
    }
}

/// The longest segment that the target accepts, in whole words (DAT-02, DAT-15).
const fn segment_length(parameters: &Parameters) -> u32 {
    parameters.max_send_data_segment_length & !3
}

/// One burst of Data-Out PDUs: unsolicited data, or the answer to an R2T.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    itt: InitiatorTaskTag,
    lun: Lun,
    ttt: TargetTransferTag,
    data: WriteData,
    /// Offset of the next byte to send, from the start of the transfer.
    offset: u32,
    end: u32,
    data_sn: u32,
}

impl Burst {
    /// The burst of unsolicited data that follows a command.
    pub(super) const fn unsolicited(itt: InitiatorTaskTag, data: WriteData, plan: UnsolicitedPlan) -> Self {
        // TAG-04: a Data-Out without a transfer tag has no LUN.
        Self {
            itt,
            lun: Lun::ZERO,
            ttt: TargetTransferTag::RESERVED,
            data,
            offset: plan.immediate,
            end: plan.end,
            data_sn: 0,
        }
    }

    /// The burst that answers an R2T, after its range was checked.
    pub(super) const fn solicited(r2t: &R2t, data: WriteData) -> Self {
        Self {
            itt: r2t.itt,
            lun: r2t.lun,
            ttt: r2t.ttt,
            data,
            offset: r2t.buffer_offset,
            end: r2t.buffer_offset + r2t.desired_data_transfer_length,
            data_sn: 0,
        }
    }

    pub(super) const fn itt(&self) -> InitiatorTaskTag {
        self.itt
    }

    /// Offset in the transfer at which the burst ends.
    pub(super) const fn end(&self) -> u32 {
        self.end
    }

    /// Whether the burst answers an R2T.
    pub(super) fn is_solicited(&self) -> bool {
        self.ttt.is_valid()
    }

    /// Returns the next PDU, and whether it is the last of the burst (DAT-06, DAT-07, NUM-14).
    pub(super) fn next_pdu(
        &mut self,
        parameters: &Parameters,
        exp_stat_sn: SerialNumber,
    ) -> (Outgoing, bool) {
        let end = self.end.min(self.offset.saturating_add(segment_length(parameters)));
        let is_final = end == self.end;
        let (data, rest) = self.data.part(self.offset as usize..end as usize);
        let pdu = DataOut {
            is_final,
            lun: self.lun,
            itt: self.itt,
            ttt: self.ttt,
            exp_stat_sn,
            data_sn: self.data_sn,
            buffer_offset: self.offset,
            data,
        };
        self.offset = end;
        self.data_sn += 1;
        (Outgoing { pdu: pdu.encode(), rest }, is_final)
    }
}

#[cfg(test)]
mod tests {
    use super::{Parameters, UnsolicitedPlan};

    fn plan(initial_r2t: bool, immediate_data: bool, length: u32) -> (u32, u32) {
        let mut parameters = Parameters::default();
        (parameters.initial_r2t, parameters.immediate_data) = (initial_r2t, immediate_data);
        (parameters.first_burst_length, parameters.max_send_data_segment_length) = (65_536, 8_194);
        let plan = UnsolicitedPlan::new(&parameters, length);
        (plan.immediate, plan.end)
    }

    /// The unsolicited data in each combination (DAT-01).
    #[test]
    fn dat_01_unsolicited_data() {
        assert_eq!(plan(true, true, 100_000), (8_192, 8_192));
        assert_eq!(plan(true, false, 100_000), (0, 0));
        assert_eq!(plan(false, true, 100_000), (8_192, 65_536));
        assert_eq!(plan(false, false, 100_000), (0, 65_536));
        assert_eq!(plan(false, true, 512), (512, 512));
        assert_eq!(plan(false, false, 512), (0, 512));
    }
}
