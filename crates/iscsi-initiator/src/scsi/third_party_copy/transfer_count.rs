//! The amount that a copy has moved so far (SPC-4, 6.18.2 and 6.18.4).

/// An amount of data, in a unit that the target chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransferCount {
    /// The number of units.
    pub count: u64,
    /// The unit: 0 bytes, 1 KiB, 2 MiB, 3 GiB, 4 TiB, 5 PiB, 6 EiB, 0xf1 logical blocks; others are reserved.
    pub unit: u8,
}

impl TransferCount {
    /// Returns the number of bytes; `None` for logical blocks, an unknown unit, and a number beyond 2^64.
    ///
    /// ```
    /// use iscsi_initiator::scsi::TransferCount;
    /// assert_eq!(TransferCount { count: 3, unit: 1 }.bytes(), Some(3072));
    /// ```
    #[must_use]
    pub fn bytes(self) -> Option<u64> {
        let unit = 1_u64.checked_shl(u32::from(self.unit) * 10).filter(|_| self.unit <= 6)?;
        self.count.checked_mul(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024_up_to_exbibytes() {
        for unit in 0..=u8::MAX {
            let expected = (unit <= 6).then(|| 1024_u64.pow(unit.into()));
            assert_eq!(TransferCount { count: 1, unit }.bytes(), expected, "{unit}");
        }
        assert_eq!(TransferCount { count: 15, unit: 6 }.bytes(), Some(15 << 60));
        assert_eq!(TransferCount { count: 16, unit: 6 }.bytes(), None);
        assert_eq!(TransferCount { count: u64::MAX, unit: 0 }.bytes(), Some(u64::MAX));
    }
}
