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
    /// NOT READY, logical unit is in process of becoming ready.
    pub const BECOMING_READY: Self = Self::new(0x02, 0x04, 0x01);
    /// NOT READY, initializing command required: the unit is stopped.
    pub const STOPPED: Self = Self::new(0x02, 0x04, 0x02);
    /// NOT READY, logical unit not accessible, target port in standby state.
    pub const STANDBY: Self = Self::new(0x02, 0x04, 0x0b);
    /// NOT READY, logical unit not accessible, target port in unavailable state.
    pub const UNAVAILABLE: Self = Self::new(0x02, 0x04, 0x0c);
    /// ILLEGAL REQUEST, invalid command operation code.
    pub const INVALID_OPERATION: Self = Self::new(0x05, 0x20, 0x00);
    /// ILLEGAL REQUEST, logical block address out of range.
    pub const LBA_OUT_OF_RANGE: Self = Self::new(0x05, 0x21, 0x00);
    /// ILLEGAL REQUEST, invalid field in CDB.
    pub const INVALID_FIELD: Self = Self::new(0x05, 0x24, 0x00);
    /// ILLEGAL REQUEST, logical unit not supported.
    pub const UNIT_NOT_SUPPORTED: Self = Self::new(0x05, 0x25, 0x00);
    /// ILLEGAL REQUEST, parameter list length error.
    pub const PARAMETER_LIST_LENGTH: Self = Self::new(0x05, 0x1a, 0x00);
    /// ILLEGAL REQUEST, invalid field in parameter list.
    pub const INVALID_FIELD_IN_LIST: Self = Self::new(0x05, 0x26, 0x00);
    /// ILLEGAL REQUEST, invalid release of persistent reservation.
    pub const INVALID_RELEASE: Self = Self::new(0x05, 0x26, 0x04);
    /// ILLEGAL REQUEST, invalid token operation, token unknown.
    pub const TOKEN_UNKNOWN: Self = Self::new(0x05, 0x23, 0x04);
    /// ILLEGAL REQUEST, too many CSCD descriptors.
    pub const TOO_MANY_CSCD_DESCRIPTORS: Self = Self::new(0x05, 0x26, 0x06);
    /// ILLEGAL REQUEST, unsupported CSCD descriptor type code.
    pub const UNSUPPORTED_CSCD_TYPE: Self = Self::new(0x05, 0x26, 0x07);
    /// ILLEGAL REQUEST, too many segment descriptors.
    pub const TOO_MANY_SEGMENTS: Self = Self::new(0x05, 0x26, 0x08);
    /// ILLEGAL REQUEST, unsupported segment descriptor type code.
    pub const UNSUPPORTED_SEGMENT_TYPE: Self = Self::new(0x05, 0x26, 0x09);
    /// ILLEGAL REQUEST, insufficient registration resources.
    pub const INSUFFICIENT_REGISTRATIONS: Self = Self::new(0x05, 0x55, 0x04);
    /// ILLEGAL REQUEST, command sequence error.
    pub const COMMAND_SEQUENCE: Self = Self::new(0x05, 0x2c, 0x00);
    /// ILLEGAL REQUEST, saving parameters not supported.
    pub const SAVING_NOT_SUPPORTED: Self = Self::new(0x05, 0x39, 0x00);
    /// UNIT ATTENTION, power on, reset, or bus device reset occurred.
    pub const POWER_ON: Self = Self::new(0x06, 0x29, 0x00);
    /// UNIT ATTENTION, bus device reset function occurred.
    pub const DEVICE_RESET: Self = Self::new(0x06, 0x29, 0x03);
    /// UNIT ATTENTION, `I_T` nexus loss occurred.
    pub const NEXUS_LOSS: Self = Self::new(0x06, 0x29, 0x07);
    /// UNIT ATTENTION, mode parameters changed.
    pub const MODE_PARAMETERS_CHANGED: Self = Self::new(0x06, 0x2a, 0x01);
    /// UNIT ATTENTION, reservations preempted.
    pub const RESERVATIONS_PREEMPTED: Self = Self::new(0x06, 0x2a, 0x03);
    /// UNIT ATTENTION, reservations released.
    pub const RESERVATIONS_RELEASED: Self = Self::new(0x06, 0x2a, 0x04);
    /// UNIT ATTENTION, registrations preempted.
    pub const REGISTRATIONS_PREEMPTED: Self = Self::new(0x06, 0x2a, 0x05);
    /// UNIT ATTENTION, asymmetric access state changed.
    pub const ACCESS_CHANGED: Self = Self::new(0x06, 0x2a, 0x06);
    /// UNIT ATTENTION, capacity data has changed.
    pub const CAPACITY_CHANGED: Self = Self::new(0x06, 0x2a, 0x09);
    /// UNIT ATTENTION, commands cleared by another initiator.
    pub const COMMANDS_CLEARED: Self = Self::new(0x06, 0x2f, 0x00);
    /// UNIT ATTENTION, INQUIRY data has changed.
    pub const INQUIRY_CHANGED: Self = Self::new(0x06, 0x3f, 0x03);
    /// UNIT ATTENTION, reported LUNs data has changed.
    pub const LUNS_CHANGED: Self = Self::new(0x06, 0x3f, 0x0e);
    /// MISCOMPARE, miscompare during verify operation.
    pub const MISCOMPARE: Self = Self::new(0x0e, 0x1d, 0x00);
    /// DATA PROTECT, logical unit software write protected.
    pub const SOFTWARE_WRITE_PROTECTED: Self = Self::new(0x07, 0x27, 0x02);
    /// COPY ABORTED, copy target device not reachable.
    pub const COPY_TARGET_NOT_REACHABLE: Self = Self::new(0x0a, 0x0d, 0x02);
    /// COPY ABORTED, no additional sense information.
    pub const COPY_ABORTED: Self = Self::new(0x0a, 0x00, 0x00);
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

    /// The sense data in fixed format with the INFORMATION field: 18 bytes.
    #[must_use]
    pub fn to_fixed_with(self, information: u32) -> Bytes {
        let Self { key, asc, ascq } = self;
        let [a, b, c, d] = information.to_be_bytes();
        Bytes::copy_from_slice(&[0xf0, 0, key & 0x0f, a, b, c, d, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0])
    }

    /// The sense data in descriptor format without descriptors: 8 bytes.
    #[must_use]
    pub fn to_descriptor(self) -> Bytes {
        Bytes::copy_from_slice(&[0x72, self.key & 0x0f, self.asc, self.ascq, 0, 0, 0, 0])
    }
}
