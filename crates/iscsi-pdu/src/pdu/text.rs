//! Text Request and Text Response (RFC 7143, 11.10 and 11.11).

use bytes::Bytes;

use crate::header::{
    Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, SerialNumber, TargetTransferTag,
};

/// Text keys from the initiator in full feature phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRequest {
    /// Outside the command order; the same through a whole exchange.
    pub immediate: bool,
    /// F: nothing more to say in this exchange.
    pub is_final: bool,
    /// C: the text goes on in the next request.
    pub continues: bool,
    /// Copied from the response that is continued, else 0.
    pub lun: Lun,
    /// One tag for the whole exchange.
    pub itt: InitiatorTaskTag,
    /// Copied from the response that is continued, else reserved.
    pub ttt: TargetTransferTag,
    /// Command sequence number.
    pub cmd_sn: SerialNumber,
    /// The next status number expected.
    pub exp_stat_sn: SerialNumber,
    /// Text keys.
    pub text: Bytes,
}

impl TextRequest {
    /// Reads the fields; reserved ones are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::TEXT_REQUEST)?;
        Ok(Self {
            immediate: raw.bhs.is_immediate(),
            is_final: raw.bhs.flag::<1>(0x80),
            continues: raw.bhs.flag::<1>(0x40),
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            ttt: TargetTransferTag(raw.bhs.u32::<20>()),
            cmd_sn: SerialNumber(raw.bhs.u32::<24>()),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
            text: raw.data,
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let text = self.text.clone();
        let mut bhs = Bhs::new(Opcode::TEXT_REQUEST);
        bhs.set_immediate(self.immediate);
        bhs.set_flag::<1>(0x80, self.is_final);
        bhs.set_flag::<1>(0x40, self.continues);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        bhs.set_u32::<24>(self.cmd_sn.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        RawPdu::with_data(bhs, text)
    }
}

/// Text keys from the target in full feature phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextResponse {
    /// F: the exchange is over.
    pub is_final: bool,
    /// C: the text goes on in the next response.
    pub continues: bool,
    /// Meaningful with a valid `ttt`; copied into the next request.
    pub lun: Lun,
    /// Tag of the exchange.
    pub itt: InitiatorTaskTag,
    /// Valid when the target waits for another request.
    pub ttt: TargetTransferTag,
    /// Status and window numbers.
    pub numbers: SequenceNumbers,
    /// Text keys.
    pub text: Bytes,
}

impl TextResponse {
    /// Reads the fields; reserved ones are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::TEXT_RESPONSE)?;
        Ok(Self {
            is_final: raw.bhs.flag::<1>(0x80),
            continues: raw.bhs.flag::<1>(0x40),
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            ttt: TargetTransferTag(raw.bhs.u32::<20>()),
            numbers: SequenceNumbers::decode(&raw.bhs),
            text: raw.data,
        })
    }

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let text = self.text.clone();
        let mut bhs = Bhs::new(Opcode::TEXT_RESPONSE);
        bhs.set_flag::<1>(0x80, self.is_final);
        bhs.set_flag::<1>(0x40, self.continues);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        self.numbers.encode(&mut bhs);
        RawPdu::with_data(bhs, text)
    }
}
