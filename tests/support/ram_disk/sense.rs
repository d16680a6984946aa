//! Sense data (SPC-4, 4.5).

use bytes::Bytes;

/// Sense key, additional sense code and its qualifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sense {
    /// Sense key, four bits.
    pub key: u8,
    /// Additional sense code.
    pub asc: u8,
    /// Its qualifier.
    pub ascq: u8,
}

impl Sense {
    /// Nothing to report.
    pub const NONE: Self = Self::new(0x00, 0x00, 0x00);
    /// ILLEGAL REQUEST, invalid command operation code.
    pub const INVALID_OPERATION: Self = Self::new(0x05, 0x20, 0x00);
    /// ILLEGAL REQUEST, logical block address out of range.
    pub const LBA_OUT_OF_RANGE: Self = Self::new(0x05, 0x21, 0x00);
    /// ILLEGAL REQUEST, invalid field in CDB.
    pub const INVALID_FIELD: Self = Self::new(0x05, 0x24, 0x00);
    /// ILLEGAL REQUEST, logical unit not supported.
    pub const UNIT_NOT_SUPPORTED: Self = Self::new(0x05, 0x25, 0x00);
    /// ILLEGAL REQUEST, saving parameters not supported.
    pub const SAVING_NOT_SUPPORTED: Self = Self::new(0x05, 0x39, 0x00);
    /// UNIT ATTENTION, power on, reset, or bus device reset occurred.
    pub const POWER_ON: Self = Self::new(0x06, 0x29, 0x00);
    /// UNIT ATTENTION, bus device reset function occurred.
    pub const DEVICE_RESET: Self = Self::new(0x06, 0x29, 0x03);
    /// ABORTED COMMAND, unexpected unsolicited data (RFC 7143, 11.4.7.2).
    pub const UNEXPECTED_UNSOLICITED_DATA: Self = Self::new(0x0b, 0x0c, 0x0c);
    /// ABORTED COMMAND, incorrect amount of data (RFC 7143, 11.4.7.2).
    pub const INCORRECT_AMOUNT_OF_DATA: Self = Self::new(0x0b, 0x0c, 0x0d);

    /// Any sense.
    #[must_use]
    pub const fn new(key: u8, asc: u8, ascq: u8) -> Self {
        Self { key, asc, ascq }
    }

    /// The sense data in fixed format: 18 bytes.
    #[must_use]
    pub fn to_fixed(self) -> Bytes {
        let Self { key, asc, ascq } = self;
        Bytes::copy_from_slice(&[0x70, 0, key & 0x0f, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0])
    }

    /// The sense data in descriptor format without descriptors: 8 bytes.
    #[must_use]
    pub fn to_descriptor(self) -> Bytes {
        Bytes::copy_from_slice(&[0x72, self.key & 0x0f, self.asc, self.ascq, 0, 0, 0, 0])
    }
}
