//! Command descriptor blocks (SPC-4, 4.2.5).

/// Operation codes that the target knows (SPC-4 and SBC-3).
pub(super) mod operation {
    pub(in crate::ram_disk) const TEST_UNIT_READY: u8 = 0x00;
    pub(in crate::ram_disk) const REQUEST_SENSE: u8 = 0x03;
    pub(in crate::ram_disk) const READ_6: u8 = 0x08;
    pub(in crate::ram_disk) const WRITE_6: u8 = 0x0a;
    pub(in crate::ram_disk) const INQUIRY: u8 = 0x12;
    pub(in crate::ram_disk) const MODE_SELECT_6: u8 = 0x15;
    pub(in crate::ram_disk) const RESERVE_6: u8 = 0x16;
    pub(in crate::ram_disk) const RELEASE_6: u8 = 0x17;
    pub(in crate::ram_disk) const MODE_SENSE_6: u8 = 0x1a;
    pub(in crate::ram_disk) const START_STOP_UNIT: u8 = 0x1b;
    pub(in crate::ram_disk) const PREVENT_ALLOW_MEDIUM_REMOVAL: u8 = 0x1e;
    pub(in crate::ram_disk) const READ_CAPACITY_10: u8 = 0x25;
    pub(in crate::ram_disk) const READ_10: u8 = 0x28;
    pub(in crate::ram_disk) const WRITE_10: u8 = 0x2a;
    pub(in crate::ram_disk) const WRITE_AND_VERIFY_10: u8 = 0x2e;
    pub(in crate::ram_disk) const VERIFY_10: u8 = 0x2f;
    pub(in crate::ram_disk) const PRE_FETCH_10: u8 = 0x34;
    pub(in crate::ram_disk) const SYNCHRONIZE_CACHE_10: u8 = 0x35;
    pub(in crate::ram_disk) const READ_DEFECT_DATA_10: u8 = 0x37;
    pub(in crate::ram_disk) const WRITE_SAME_10: u8 = 0x41;
    pub(in crate::ram_disk) const UNMAP: u8 = 0x42;
    pub(in crate::ram_disk) const SANITIZE: u8 = 0x48;
    pub(in crate::ram_disk) const WRITE_BUFFER: u8 = 0x3b;
    pub(in crate::ram_disk) const READ_BUFFER: u8 = 0x3c;
    pub(in crate::ram_disk) const LOG_SENSE: u8 = 0x4d;
    pub(in crate::ram_disk) const XD_WRITE_READ_10: u8 = 0x53;
    pub(in crate::ram_disk) const MODE_SELECT_10: u8 = 0x55;
    pub(in crate::ram_disk) const MODE_SENSE_10: u8 = 0x5a;
    pub(in crate::ram_disk) const PERSISTENT_RESERVE_IN: u8 = 0x5e;
    pub(in crate::ram_disk) const PERSISTENT_RESERVE_OUT: u8 = 0x5f;
    pub(in crate::ram_disk) const THIRD_PARTY_COPY_OUT: u8 = 0x83;
    pub(in crate::ram_disk) const RECEIVE_COPY_RESULTS: u8 = 0x84;
    pub(in crate::ram_disk) const READ_16: u8 = 0x88;
    pub(in crate::ram_disk) const COMPARE_AND_WRITE: u8 = 0x89;
    pub(in crate::ram_disk) const WRITE_16: u8 = 0x8a;
    pub(in crate::ram_disk) const OR_WRITE_16: u8 = 0x8b;
    pub(in crate::ram_disk) const WRITE_AND_VERIFY_16: u8 = 0x8e;
    pub(in crate::ram_disk) const VERIFY_16: u8 = 0x8f;
    pub(in crate::ram_disk) const PRE_FETCH_16: u8 = 0x90;
    pub(in crate::ram_disk) const SYNCHRONIZE_CACHE_16: u8 = 0x91;
    pub(in crate::ram_disk) const WRITE_SAME_16: u8 = 0x93;
    pub(in crate::ram_disk) const WRITE_ATOMIC_16: u8 = 0x9c;
    pub(in crate::ram_disk) const SERVICE_ACTION_IN_16: u8 = 0x9e;
    pub(in crate::ram_disk) const REPORT_LUNS: u8 = 0xa0;
    pub(in crate::ram_disk) const MAINTENANCE_IN: u8 = 0xa3;
    pub(in crate::ram_disk) const MAINTENANCE_OUT: u8 = 0xa4;
    pub(in crate::ram_disk) const READ_12: u8 = 0xa8;
    pub(in crate::ram_disk) const WRITE_12: u8 = 0xaa;
    pub(in crate::ram_disk) const WRITE_AND_VERIFY_12: u8 = 0xae;
    pub(in crate::ram_disk) const VERIFY_12: u8 = 0xaf;
    pub(in crate::ram_disk) const READ_DEFECT_DATA_12: u8 = 0xb7;
}

/// The 16 bytes of a CDB as they came in a SCSI Command, read by offset.
#[derive(Clone, Copy)]
pub(super) struct Cdb([u8; 16]);

impl Cdb {
    pub(super) const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) fn operation(&self) -> u8 {
        self.byte(0)
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or(0)
    }

    /// True if any bit of `mask` is set in the byte at `at`.
    pub(super) fn flag(&self, at: usize, mask: u8) -> bool {
        self.byte(at) & mask != 0
    }

    /// The big-endian number of `count` bytes, at most eight.
    pub(super) fn number(&self, at: usize, count: usize) -> u64 {
        self.0.iter().skip(at).take(count).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// An allocation length of `count` bytes.
    pub(super) fn allocation_length(&self, at: usize, count: usize) -> usize {
        usize::try_from(self.number(at, count)).unwrap_or(usize::MAX)
    }

    /// The service action of a command that has one in byte 1.
    pub(super) fn service_action(&self) -> u8 {
        self.byte(1) & 0x1f
    }

    /// The first logical block and the number of blocks of a command that names one range (SBC-3, 5.2 to 5.45).
    pub(super) fn blocks(&self) -> Option<(u64, u64)> {
        Some(match self.operation() {
            // 0 blocks mean 256.
            operation::READ_6 | operation::WRITE_6 => (
                self.number(1, 3) & 0x1f_ffff,
                match self.byte(4) {
                    0 => 256,
                    count => count.into(),
                },
            ),
            operation::READ_10
            | operation::WRITE_10
            | operation::WRITE_AND_VERIFY_10
            | operation::VERIFY_10
            | operation::PRE_FETCH_10
            | operation::WRITE_SAME_10
            | operation::XD_WRITE_READ_10
            | operation::SYNCHRONIZE_CACHE_10 => (self.number(2, 4), self.number(7, 2)),
            operation::READ_12
            | operation::WRITE_12
            | operation::WRITE_AND_VERIFY_12
            | operation::VERIFY_12 => (self.number(2, 4), self.number(6, 4)),
            operation::READ_16
            | operation::WRITE_16
            | operation::OR_WRITE_16
            | operation::WRITE_AND_VERIFY_16
            | operation::VERIFY_16
            | operation::PRE_FETCH_16
            | operation::WRITE_SAME_16
            | operation::SYNCHRONIZE_CACHE_16 => (self.number(2, 8), self.number(10, 4)),
            operation::WRITE_ATOMIC_16 => (self.number(2, 8), self.number(12, 2)),
            operation::COMPARE_AND_WRITE => (self.number(2, 8), self.number(13, 1)),
            _ => return None,
        })
    }

    /// The bit FUA of a READ or WRITE, which has none in six bytes.
    pub(super) fn forces_unit_access(&self) -> bool {
        !matches!(self.operation(), operation::READ_6 | operation::WRITE_6) && self.flag(1, 0x08)
    }
}
