//! SNACK Request (RFC 7143, 11.16).

use core::fmt;

use crate::header::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SerialNumber};

/// Type of a SNACK Request, four bits
/// ([RFC 7143, section 11.16.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.16.1)). Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SnackType(pub u8);

impl SnackType {
    /// Requests Data-In or R2T PDUs of a task.
    pub const DATA_OR_R2T: Self = Self(0);
    /// Requests PDUs that carry status.
    pub const STATUS: Self = Self(1);
    /// Acknowledges Data-In PDUs and requests none.
    pub const DATA_ACK: Self = Self(2);
    /// Requests Data-In PDUs, which the target may split differently.
    pub const R_DATA: Self = Self(3);
}

impl fmt::Debug for SnackType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SnackType({})", self.0)
    }
}

/// SNACK Request: a request to send PDUs again that did not arrive (error recovery level 1 and above;
/// [RFC 7143, section 11.16](https://www.rfc-editor.org/rfc/rfc7143#section-11.16)).
///
/// It carries no `CmdSN` and is never immediate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snack {
    /// The type of the request.
    pub snack_type: SnackType,
    /// Logical unit, copied from the Data-In for a data acknowledgement, otherwise 0.
    pub lun: Lun,
    /// Initiator Task Tag of the task, or reserved.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag or SNACK Tag, depending on the type; 0xffffffff if unused.
    pub transfer_or_snack_tag: u32,
    /// The next `StatSN` expected.
    pub exp_stat_sn: SerialNumber,
    /// `BegRun`: first number requested.
    pub beg_run: u32,
    /// `RunLength`: number of PDUs requested; 0 for all from `beg_run` on.
    pub run_length: u32,
}

impl Snack {
    /// Decodes the fields; reserved fields and a data segment are ignored.
    #[inline]
    #[allow(clippy::needless_pass_by_value, reason = "every PDU is decoded by the same call")]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::SNACK)?;
        Ok(Self {
            snack_type: SnackType(raw.bhs.byte::<1>() & 0x0f),
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            transfer_or_snack_tag: raw.bhs.u32::<20>(),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
            beg_run: raw.bhs.u32::<40>(),
            run_length: raw.bhs.u32::<44>(),
        })
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let mut bhs = Bhs::new(Opcode::SNACK);
        bhs.set_byte::<1>(0x80 | self.snack_type.0 & 0x0f);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.transfer_or_snack_tag);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        bhs.set_u32::<40>(self.beg_run);
        bhs.set_u32::<44>(self.run_length);
        RawPdu::header(bhs)
    }
}
