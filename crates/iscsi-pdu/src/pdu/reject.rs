//! Reject (RFC 7143, 11.17).

use core::fmt;

use bytes::Bytes;

use crate::header::{BHS_LENGTH, Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers};

/// Reason of a Reject ([RFC 7143, section 11.17.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.17.1)).
/// Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RejectReason(pub u8);

impl RejectReason {
    /// The data digest did not match.
    pub const DATA_DIGEST_ERROR: Self = Self(0x02);
    /// The target cannot serve the SNACK.
    pub const SNACK_REJECT: Self = Self(0x03);
    /// Protocol error.
    pub const PROTOCOL_ERROR: Self = Self(0x04);
    /// Command not supported.
    pub const COMMAND_NOT_SUPPORTED: Self = Self(0x05);
    /// Too many immediate commands.
    pub const TOO_MANY_IMMEDIATE_COMMANDS: Self = Self(0x06);
    /// The task is in progress.
    pub const TASK_IN_PROGRESS: Self = Self(0x07);
    /// Invalid data acknowledgement.
    pub const INVALID_DATA_ACK: Self = Self(0x08);
    /// A field is invalid.
    pub const INVALID_PDU_FIELD: Self = Self(0x09);
    /// No Target Transfer Tag is left.
    pub const LONG_OPERATION: Self = Self(0x0a);
    /// Restart of the negotiation (deprecated).
    pub const NEGOTIATION_RESET: Self = Self(0x0b);
    /// The target waits for a logout.
    pub const WAITING_FOR_LOGOUT: Self = Self(0x0c);

    /// Returns the meaning of the code.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::DATA_DIGEST_ERROR => "data digest error",
            Self::SNACK_REJECT => "SNACK rejected",
            Self::PROTOCOL_ERROR => "protocol error",
            Self::COMMAND_NOT_SUPPORTED => "command not supported",
            Self::TOO_MANY_IMMEDIATE_COMMANDS => "too many immediate commands",
            Self::TASK_IN_PROGRESS => "task in progress",
            Self::INVALID_DATA_ACK => "invalid data acknowledgement",
            Self::INVALID_PDU_FIELD => "invalid PDU field",
            Self::LONG_OPERATION => "no transfer tag left",
            Self::NEGOTIATION_RESET => "negotiation reset",
            Self::WAITING_FOR_LOGOUT => "waiting for logout",
            _ => "reason unknown",
        }
    }
}

impl fmt::Debug for RejectReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RejectReason(0x{:02x})", self.0)
    }
}

/// Reject: the target refuses a PDU of the initiator
/// ([RFC 7143, section 11.17](https://www.rfc-editor.org/rfc/rfc7143#section-11.17)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The reason.
    pub reason: RejectReason,
    /// Status and command window numbers.
    pub numbers: SequenceNumbers,
    /// `DataSN` or `R2TSN`; valid only for a rejected SNACK (11.17.2).
    pub data_sn: u32,
    /// The header of the rejected PDU as the target returned it; see [`Self::rejected_header`].
    pub data: Bytes,
}

impl Reject {
    /// Decodes the fields; reserved fields are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::REJECT)?;
        Ok(Self {
            reason: RejectReason(raw.bhs.byte::<2>()),
            numbers: SequenceNumbers::decode(&raw.bhs),
            data_sn: raw.bhs.u32::<36>(),
            data: raw.data,
        })
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = self.data.clone();
        let mut bhs = Bhs::new(Opcode::REJECT);
        bhs.set_byte::<1>(0x80);
        bhs.set_byte::<2>(self.reason.0);
        bhs.set_u32::<16>(InitiatorTaskTag::RESERVED.0);
        self.numbers.encode(&mut bhs);
        bhs.set_u32::<36>(self.data_sn);
        RawPdu::with_data(bhs, data)
    }

    /// Returns the header of the rejected PDU, if the target returned a complete one.
    #[must_use]
    pub fn rejected_header(&self) -> Option<Bhs> {
        let bytes: [u8; BHS_LENGTH] = self.data.get(..BHS_LENGTH)?.try_into().ok()?;
        Some(Bhs::from_bytes(bytes))
    }

    /// Returns the Initiator Task Tag in the header of the rejected PDU.
    #[must_use]
    pub fn rejected_task_tag(&self) -> Option<InitiatorTaskTag> {
        self.rejected_header().map(|bhs| InitiatorTaskTag(bhs.u32::<16>()))
    }
}
