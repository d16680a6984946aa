//! Write data to be sent: immediate, unsolicited and solicited (RFC 7143, 4.2.5.2 and 13.11).

use bytes::Bytes;
use iscsi_login::{Deviation, Parameters, Tolerance};
use iscsi_pdu::{DataOut, InitiatorTaskTag, Lun, R2t, SerialNumber, TargetTransferTag};

use super::failure::ProtocolError;
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
    /// The plan for a write, by the combination of `InitialR2T` and `ImmediateData` (DAT-01 to DAT-04). It has no more than
    /// `most` bytes: otherwise all data are solicited.
    pub(super) fn new(parameters: &Parameters, length: u32, most: u32) -> Self {
        let burst = length.min(parameters.first_burst_length);
        let immediate = if parameters.immediate_data { burst.min(segment_length(parameters)) } else { 0 };
        let end = if parameters.initial_r2t { immediate } else { burst };
        if end > most { Self { immediate: 0, end: 0 } } else { Self { immediate, end } }
    }
}

/// The longest segment that the target accepts, in whole words (DAT-02, DAT-15).
const fn segment_length(parameters: &Parameters) -> u32 {
    parameters.max_send_data_segment_length & !3
}

/// The data of one write, and how far they have moved.
#[derive(Clone, Debug)]
pub(super) struct DataOutBuffer {
    data: WriteData,
    next_r2t_sn: u32,
    /// The number of R2Ts that are not yet answered completely.
    outstanding_r2ts: u16,
    /// The length of the data that are unsolicited or that the target has requested, from the start.
    asked: u32,
    /// The length of those that were sent, counted by whole bursts.
    sent: u32,
}

impl DataOutBuffer {
    pub(super) fn new(data: WriteData) -> Self {
        Self { data, next_r2t_sn: 0, outstanding_r2ts: 0, asked: 0, sent: 0 }
    }

    /// The data, which are not copied.
    pub(super) fn data(&self) -> WriteData {
        self.data.clone()
    }

    /// The length of all data in bytes.
    pub(super) fn length(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap_or(u32::MAX)
    }

    /// The length of the data that were sent, counted by whole bursts.
    pub(super) const fn sent(&self) -> u32 {
        self.sent
    }

    /// The length of the data that are unsolicited or that the target has requested, from the start.
    pub(super) const fn asked_for(&self) -> u32 {
        self.asked
    }

    /// A number that changes whenever data move, or the target requests some.
    pub(super) const fn moved(&self) -> u32 {
        self.asked.wrapping_add(self.sent)
    }

    /// The number of R2Ts so far, and of Data-In PDUs of the task.
    pub(super) const fn numbers(&self) -> u32 {
        self.next_r2t_sn
    }

    /// Counts numbers that Data-In PDUs of the task have used.
    pub(super) const fn count_numbers_to(&mut self, next: u32) {
        self.next_r2t_sn = next;
    }

    /// The immediate data, in their first piece and the further ones; `burst` gets the unsolicited burst that follows the command
    /// if there is one. Together they have no more than `most_unsolicited` bytes.
    pub(super) fn begin(
        &mut self,
        itt: InitiatorTaskTag,
        parameters: &Parameters,
        most_unsolicited: u32,
        burst: &mut Option<Burst>,
    ) -> (Bytes, Option<Box<[Bytes]>>) {
        let plan = UnsolicitedPlan::new(parameters, self.length(), most_unsolicited);
        (self.asked, self.sent) = (plan.end, plan.immediate);
        if plan.end > plan.immediate {
            *burst = Some(Burst::unsolicited(itt, self.data.clone(), plan));
        }
        self.data.part(0..plan.immediate as usize)
    }

    /// The burst that an R2T requests (DAT-08, DAT-12, DAT-13, TAG-03, TAG-06); `None` for a repeated R2T, which is
    /// dropped (RFC 7143, 7.9).
    pub(super) fn answer_r2t(
        &mut self,
        r2t: &R2t,
        lun: Lun,
        parameters: &Parameters,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Burst>, ProtocolError> {
        if r2t.r2t_sn < self.next_r2t_sn {
            return Ok(None);
        }
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
            (end > self.length().into(), "it ends within the transfer (11.8.4)", end, self.length().into()),
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
        check_lun(r2t.lun, lun, tolerance)?;
        self.next_r2t_sn = self.next_r2t_sn.wrapping_add(1);
        self.outstanding_r2ts += 1;
        // Data-Out carries the LUN of its command (11.7.4), even if the R2T lacks it.
        let burst = Burst::solicited(r2t, lun, self.data.clone());
        self.asked = self.asked.max(burst.end());
        Ok(Some(burst))
    }

    /// Records that the last PDU of a burst was sent.
    pub(super) fn note_sent(&mut self, burst: &Burst) {
        self.sent = self.sent.max(burst.end());
        // DAT-22: the unsolicited burst answers no R2T.
        self.outstanding_r2ts -= u16::from(burst.is_solicited());
    }
}

/// Checks that an R2T names the logical unit of its task (TAG-03). Some targets leave the field at 0.
fn check_lun(named: Lun, lun: Lun, tolerance: &mut Tolerance) -> Result<(), ProtocolError> {
    if named == lun {
        return Ok(());
    }
    let number = |lun: Lun| u64::from_be_bytes(lun.0);
    let (received, expected) = (number(named), number(lun));
    let rule = "its LUN is the task's (4.2.5.3)";
    let error = ProtocolError::Sequence { pdu: "R2T", rule, received, expected };
    if named != Lun::ZERO {
        return Err(error);
    }
    let detail = format!("R2T with LUN 0 for a command to LUN {lun}");
    tolerance.tolerate(&Deviation::R2T_LUN_ZERO, detail, error)
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
    const fn unsolicited(itt: InitiatorTaskTag, data: WriteData, plan: UnsolicitedPlan) -> Self {
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
    const fn solicited(r2t: &R2t, lun: Lun, data: WriteData) -> Self {
        Self {
            itt: r2t.itt,
            lun,
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
            data: Bytes::new(),
        };
        self.offset = end;
        self.data_sn += 1;
        (Outgoing { bhs: pdu.encode_bhs(), additional_headers: None, data, rest }, is_final)
    }
}

#[cfg(test)]
mod tests {
    use super::{Parameters, UnsolicitedPlan};

    /// The bytes of immediate data, and where the unsolicited data end, if there may be so many of them.
    fn plan_of_at_most(most: u32, (initial_r2t, immediate_data): (bool, bool), length: u32) -> (u32, u32) {
        let mut parameters = Parameters::default();
        (parameters.initial_r2t, parameters.immediate_data) = (initial_r2t, immediate_data);
        (parameters.first_burst_length, parameters.max_send_data_segment_length) = (65_536, 8_194);
        let plan = UnsolicitedPlan::new(&parameters, length, most);
        (plan.immediate, plan.end)
    }

    fn plan(initial_r2t: bool, immediate_data: bool, length: u32) -> (u32, u32) {
        plan_of_at_most(u32::MAX, (initial_r2t, immediate_data), length)
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

    /// Unsolicited data are sent whole or not at all (DAT-04).
    #[test]
    fn dat_04_unsolicited_data_up_to_a_number() {
        let both = (false, true);
        assert_eq!(plan_of_at_most(65_536, both, 100_000), (8_192, 65_536));
        assert_eq!(plan_of_at_most(65_535, both, 100_000), (0, 0));
        assert_eq!(plan_of_at_most(8_192, (true, true), 100_000), (8_192, 8_192));
        assert_eq!(plan_of_at_most(8_191, (true, true), 100_000), (0, 0));
        assert_eq!(plan_of_at_most(0, (true, false), 100_000), (0, 0));
    }
}
