//! Text Request and Text Response (RFC 7143, 11.10 and 11.11).

use bytes::Bytes;

use crate::header::{
    Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, SerialNumber, TargetTransferTag,
};

/// Text Request: text keys of the initiator in full feature phase
/// ([RFC 7143, section 11.10](https://www.rfc-editor.org/rfc/rfc7143#section-11.10)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRequest {
    /// Immediate delivery, outside the command order. It does not change within an exchange.
    pub immediate: bool,
    /// F: the initiator has no more keys to send in this exchange.
    pub is_final: bool,
    /// C: the text continues in the next request.
    pub continues: bool,
    /// Logical unit, copied from the response that is continued, otherwise 0.
    pub lun: Lun,
    /// Initiator Task Tag, one for the whole exchange.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag, copied from the response that is continued, otherwise reserved.
    pub ttt: TargetTransferTag,
    /// Command sequence number (`CmdSN`).
    pub cmd_sn: SerialNumber,
    /// The next `StatSN` expected.
    pub exp_stat_sn: SerialNumber,
    /// Text keys (`key=value` pairs).
    pub text: Bytes,
}

impl TextRequest {
    /// Decodes the fields; reserved fields are ignored.
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

    /// Encodes the PDU.
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

/// Text Response: text keys of the target in full feature phase
/// ([RFC 7143, section 11.11](https://www.rfc-editor.org/rfc/rfc7143#section-11.11)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextResponse {
    /// F: the exchange is complete.
    pub is_final: bool,
    /// C: the text continues in the next response.
    pub continues: bool,
    /// Logical unit; valid if `ttt` is. Copied into the next request.
    pub lun: Lun,
    /// Initiator Task Tag of the exchange.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag; valid if the target waits for another request.
    pub ttt: TargetTransferTag,
    /// Status and command window numbers.
    pub numbers: SequenceNumbers,
    /// Text keys (`key=value` pairs).
    pub text: Bytes,
}

impl TextResponse {
    /// Decodes the fields; reserved fields are ignored.
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

    /// Encodes the PDU.
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
