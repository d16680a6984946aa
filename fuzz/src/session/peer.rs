//! The target of a session, whose PDUs are nearly right.

use arbitrary::{Result, Unstructured};
use bytes::BytesMut;
use iscsi_pdu::{Digests, EncodedPdu, InitiatorTaskTag, RawPdu, SequenceNumbers, SerialNumber, TargetPdu};

use super::LUN;
use super::sent::Sent;
use crate::any_target_pdu;

/// The numbers of a target that answers.
pub(super) struct Peer {
    stat_sn: SerialNumber,
    digests: Digests,
}

impl Peer {
    pub(super) const fn new(numbers: SequenceNumbers, digests: Digests) -> Self {
        Self { stat_sn: numbers.stat_sn, digests }
    }

    /// The bytes of a PDU of any kind, with those of its fields put right that the input chooses. `open` are the tags of the
    /// requests without an outcome.
    pub(super) fn next_pdu(
        &mut self,
        source: &mut Unstructured<'_>,
        open: &[u32],
        sent: &mut Sent,
    ) -> Result<BytesMut> {
        let mut pdu = any_target_pdu(source)?;
        let right: u8 = source.arbitrary()?;
        if right & 1 != 0
            && let Some(numbers) = numbers_of(&mut pdu)
        {
            let exp_cmd_sn = sent.next_cmd_sn();
            let max_cmd_sn = exp_cmd_sn.plus(source.int_in_range(0..=40)?).minus(1);
            *numbers = SequenceNumbers { stat_sn: self.stat_sn, exp_cmd_sn, max_cmd_sn };
            if right & 2 != 0 {
                self.stat_sn = self.stat_sn.next();
            }
        }
        let itt = open.get(usize::from(right >> 4)).copied().map(InitiatorTaskTag);
        if let (true, Some(itt)) = (right & 4 != 0, itt) {
            put_right(&mut pdu, itt, source)?;
        }
        sent.note_window(pdu.numbers());
        let mut bytes = self.encode(pdu.encode());
        if source.ratio(1, 32)? && !bytes.is_empty() {
            let at = source.choose_index(bytes.len())?;
            bytes[at] ^= 1 << source.int_in_range(0..=7)?;
            sent.forget_the_window();
        }
        Ok(bytes)
    }

    fn encode(&self, raw: RawPdu) -> BytesMut {
        let mut bytes = BytesMut::new();
        EncodedPdu::new(raw, self.digests).expect("a segment of at most 600 bytes").append_to(&mut bytes);
        bytes
    }
}

/// The numbers of a PDU, to be changed.
const fn numbers_of(pdu: &mut TargetPdu) -> Option<&mut SequenceNumbers> {
    Some(match pdu {
        TargetPdu::NopIn(pdu) => &mut pdu.numbers,
        TargetPdu::ScsiResponse(pdu) => &mut pdu.numbers,
        TargetPdu::TaskManagementResponse(pdu) => &mut pdu.numbers,
        TargetPdu::TextResponse(pdu) => &mut pdu.numbers,
        TargetPdu::DataIn(pdu) => &mut pdu.numbers,
        TargetPdu::LogoutResponse(pdu) => &mut pdu.numbers,
        TargetPdu::R2t(pdu) => &mut pdu.numbers,
        TargetPdu::AsyncMessage(pdu) => &mut pdu.numbers,
        TargetPdu::Reject(pdu) => &mut pdu.numbers,
        _ => return None,
    })
}

/// Makes a PDU one that a request with this tag may get, first or second.
fn put_right(pdu: &mut TargetPdu, itt: InitiatorTaskTag, source: &mut Unstructured<'_>) -> Result<()> {
    let second = source.ratio(1, 4)?;
    match pdu {
        TargetPdu::ScsiResponse(pdu) => {
            pdu.itt = itt;
            pdu.response = iscsi_pdu::ScsiResponseCode::COMPLETED;
            pdu.exp_data_sn = SerialNumber(source.int_in_range(0..=2)?);
        }
        TargetPdu::TextResponse(pdu) => pdu.itt = itt,
        TargetPdu::TaskManagementResponse(pdu) => {
            (pdu.itt, pdu.response) =
                (itt, iscsi_pdu::TaskManagementResponseCode(source.int_in_range(0..=2)?));
        }
        TargetPdu::NopIn(pdu) if second => (pdu.itt, pdu.data) = (itt, bytes::Bytes::new()),
        TargetPdu::LogoutResponse(pdu) => pdu.itt = itt,
        TargetPdu::DataIn(pdu) => {
            pdu.itt = itt;
            (pdu.data_sn, pdu.buffer_offset) = (second.into(), if second { 600 } else { 0 });
            pdu.status = iscsi_pdu::ScsiStatus::GOOD;
            pdu.is_final |= pdu.has_status;
            pdu.underflow &= !pdu.overflow;
        }
        TargetPdu::R2t(pdu) => {
            (pdu.itt, pdu.lun, pdu.r2t_sn) = (itt, LUN, second.into());
            pdu.buffer_offset = source.int_in_range(0..=2048)?;
            pdu.desired_data_transfer_length = source.int_in_range(1..=2048)?;
        }
        TargetPdu::NopIn(pdu) => {
            pdu.itt = InitiatorTaskTag::RESERVED;
            pdu.data.clear();
        }
        _ => {}
    }
    Ok(())
}
