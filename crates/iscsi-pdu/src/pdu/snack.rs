//! SNACK Request (RFC 7143, 11.16).

use core::fmt;

use crate::header::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SerialNumber};

/// What is asked for again, four bits (11.16.1). Unknown values are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SnackType(pub u8);

impl SnackType {
    /// Data-In or R2T PDUs of a task.
    pub const DATA_OR_R2T: Self = Self(0);
    /// Status PDUs.
    pub const STATUS: Self = Self(1);
    /// Nothing: it acknowledges Data-In.
    pub const DATA_ACK: Self = Self(2);
    /// Data-In in new segment sizes.
    pub const R_DATA: Self = Self(3);
}

impl fmt::Debug for SnackType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SnackType({})", self.0)
    }
}

/// A request for PDUs that did not arrive (error recovery level 1 and up). Carries no `CmdSN`, is never immediate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snack {
    /// What is asked for.
    pub snack_type: SnackType,
    /// Copied from the Data-In for a data acknowledgement, else 0.
    pub lun: Lun,
    /// The task, or reserved.
    pub itt: InitiatorTaskTag,
    /// Target transfer tag or SNACK tag, by type; 0xffffffff when unused.
    pub transfer_or_snack_tag: u32,
    /// The next status number expected.
    pub exp_stat_sn: SerialNumber,
    /// First number missing.
    pub beg_run: u32,
    /// How many are missing; 0 for all from `beg_run` on.
    pub run_length: u32,
}

impl Snack {
    /// Reads the fields; reserved ones are ignored, and so is a data segment.
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

    /// The PDU as sent.
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
