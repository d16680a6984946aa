//! NOP-Out and NOP-In (RFC 7143, 11.18 and 11.19).

use bytes::Bytes;

use crate::header::{
    Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, SerialNumber, TargetTransferTag,
};

/// NOP-Out ([RFC 7143, section 11.18](https://www.rfc-editor.org/rfc/rfc7143#section-11.18)): a ping by the
/// initiator (`itt` valid, `ttt` reserved), the answer to a ping by the target (`ttt` copied, `itt` reserved), or only
/// an acknowledgement of status (both reserved).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NopOut {
    /// Immediate delivery, outside the command order. Must be set if `itt` is reserved.
    pub immediate: bool,
    /// Logical unit, copied from the NOP-In that is answered, otherwise 0.
    pub lun: Lun,
    /// Initiator Task Tag of the ping; reserved if no answer is expected.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag, copied from the NOP-In that is answered, otherwise reserved.
    pub ttt: TargetTransferTag,
    /// Command sequence number (`CmdSN`), which an immediate NOP-Out does not use up.
    pub cmd_sn: SerialNumber,
    /// The next `StatSN` expected.
    pub exp_stat_sn: SerialNumber,
    /// Ping data, at most the target's `MaxRecvDataSegmentLength`.
    pub data: Bytes,
}

impl NopOut {
    /// Decodes the fields; reserved fields are ignored.
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

    /// Encodes the PDU.
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

/// NOP-In ([RFC 7143, section 11.19](https://www.rfc-editor.org/rfc/rfc7143#section-11.19)): the answer to a ping
/// by the initiator (`itt` valid), a ping by the target (`ttt` valid), or only an update of the command window (both
/// reserved).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NopIn {
    /// Logical unit; valid if `ttt` is. Copied into the answer.
    pub lun: Lun,
    /// Initiator Task Tag of the NOP-Out that is answered, otherwise reserved.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag; valid if the target expects an answer.
    pub ttt: TargetTransferTag,
    /// Status and command window numbers; `stat_sn` is used up only if `itt` is valid.
    pub numbers: SequenceNumbers,
    /// The ping data of the NOP-Out.
    pub data: Bytes,
}

impl NopIn {
    /// Decodes the fields; reserved fields are ignored.
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

    /// Encodes the PDU.
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
