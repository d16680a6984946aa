//! Command descriptor blocks (SPC-4, 4.2.5).

/// Operation codes that the target knows (SPC-4 and SBC-3).
pub(super) mod operation {
    pub(in crate::ram_disk) const TEST_UNIT_READY: u8 = 0x00;
    pub(in crate::ram_disk) const REQUEST_SENSE: u8 = 0x03;
    pub(in crate::ram_disk) const READ_6: u8 = 0x08;
    pub(in crate::ram_disk) const WRITE_6: u8 = 0x0a;
    pub(in crate::ram_disk) const INQUIRY: u8 = 0x12;
    pub(in crate::ram_disk) const MODE_SENSE_6: u8 = 0x1a;
    pub(in crate::ram_disk) const READ_CAPACITY_10: u8 = 0x25;
    pub(in crate::ram_disk) const READ_10: u8 = 0x28;
    pub(in crate::ram_disk) const WRITE_10: u8 = 0x2a;
    pub(in crate::ram_disk) const SYNCHRONIZE_CACHE_10: u8 = 0x35;
    pub(in crate::ram_disk) const MODE_SENSE_10: u8 = 0x5a;
    pub(in crate::ram_disk) const READ_16: u8 = 0x88;
    pub(in crate::ram_disk) const WRITE_16: u8 = 0x8a;
    pub(in crate::ram_disk) const SYNCHRONIZE_CACHE_16: u8 = 0x91;
    pub(in crate::ram_disk) const SERVICE_ACTION_IN_16: u8 = 0x9e;
    pub(in crate::ram_disk) const REPORT_LUNS: u8 = 0xa0;
    pub(in crate::ram_disk) const READ_12: u8 = 0xa8;
    pub(in crate::ram_disk) const WRITE_12: u8 = 0xaa;
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
}
