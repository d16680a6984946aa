//! The logical block address of a command descriptor block of 6 bytes (SPC-4, 4.2.2).

/// A logical block address below 2^21, as [`Read6`](super::Read6) and [`Write6`](super::Write6) have it.
///
/// ```
/// use iscsi_initiator::scsi::ShortLba;
/// assert_eq!(ShortLba::new(0x1f_ffff).map(ShortLba::get), Some(0x1f_ffff));
/// assert_eq!(ShortLba::new(0x20_0000), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortLba(u32);

impl ShortLba {
    /// The largest one, 2^21 - 1.
    pub const MAX: Self = Self(0x1f_ffff);

    /// Returns the address of this block; `None` from 2^21 on.
    #[must_use]
    pub const fn new(lba: u32) -> Option<Self> {
        if lba <= Self::MAX.0 { Some(Self(lba)) } else { None }
    }

    /// Returns the number of the block.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}
