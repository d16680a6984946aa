//! NOP-Out and NOP-In (RFC 7143, 11.18 and 11.19).

use bytes::Bytes;

use crate::header::{
    Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, SerialNumber, TargetTransferTag,
};

/// A ping of ours (`itt` valid, `ttt` reserved), an echo of a NOP-In (`ttt` copied, `itt` reserved), or a mere
/// acknowledgement (both reserved).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NopOut {
    /// Outside the command order. Must be set when `itt` is reserved.
    pub immediate: bool,
    /// Copied from the NOP-In that is answered, else 0.
    pub lun: Lun,
    /// Names the ping; reserved when no answer is wanted.
    pub itt: InitiatorTaskTag,
    /// Copied from the NOP-In that is answered, else reserved.
    pub ttt: TargetTransferTag,
    /// Command sequence number; not consumed when immediate.
    pub cmd_sn: SerialNumber,
    /// The next status number expected.
    pub exp_stat_sn: SerialNumber,
    /// Ping data, at most the target's `MaxRecvDataSegmentLength`.
    pub data: Bytes,
}

impl NopOut {
    /// Reads the fields; reserved ones are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::NOP_OUT)?;
        Ok(Self {
            immediate: raw.bhs.is_immediate(),
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            ttt: TargetTransferTag(raw.bhs.u32::<20>()),
            cmd_sn: SerialNumber(raw.bhs.u32::<24>()),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
            data: raw.data,
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = self.data.clone();
        let mut bhs = Bhs::new(Opcode::NOP_OUT);
        bhs.set_immediate(self.immediate);
        bhs.set_byte::<1>(0x80);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        bhs.set_u32::<24>(self.cmd_sn.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        RawPdu::with_data(bhs, data)
    }
}

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
