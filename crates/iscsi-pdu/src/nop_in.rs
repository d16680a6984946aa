//! NOP-In (RFC 7143, 11.19): the target's ping, or its answer to ours.

use bytes::Bytes;

use crate::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, TargetTransferTag};

/// An answer to our ping (`itt` valid), or a ping (`ttt` valid) or news of the window (both reserved).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NopIn {
    /// Meaningful with a valid `ttt`; copied into the answer.
    pub lun: Lun,
    /// Tag of the NOP-Out that is answered, else reserved.
    pub itt: InitiatorTaskTag,
    /// Valid when an answer is wanted.
    pub ttt: TargetTransferTag,
    /// `stat_sn` is consumed only when `itt` is valid.
    pub numbers: SequenceNumbers,
    /// The ping data that came back.
    pub data: Bytes,
}

impl NopIn {
    /// Reads the fields; reserved ones are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::NOP_IN)?;
        Ok(Self {
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            ttt: TargetTransferTag(raw.bhs.u32::<20>()),
            numbers: SequenceNumbers::decode(&raw.bhs),
            data: raw.data,
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = self.data.clone();
        let mut bhs = Bhs::new(Opcode::NOP_IN);
        bhs.set_byte::<1>(0x80);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        self.numbers.encode(&mut bhs);
        RawPdu::with_data(bhs, data)
    }
}
