//! CSCD descriptor: a source or destination of a copy (SPC-4, 6.4.5).

use std::fmt;

use crate::scsi::Designator;

/// The description of a logical unit that a copy reads or writes, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CscdDescriptor(pub [u8; Self::LENGTH]);

impl CscdDescriptor {
    /// Length in bytes.
    pub const LENGTH: usize = 32;
    /// The most bytes of a designator in it.
    pub const MAX_DESIGNATOR: usize = 20;

    /// Returns the descriptor of a block device by one of its designators (identification descriptor, type E4h), with blocks
    /// of `block_size` bytes. `None` for a designator of more than 20 bytes, or a block size of 2^24 bytes and more.
    ///
    /// The designator is one of [`DeviceIdentification`](crate::scsi::DeviceIdentification) that is associated with the
    /// logical unit.
    #[must_use]
    pub fn identification(designator: &Designator, block_size: u32) -> Option<Self> {
        let length = u8::try_from(designator.bytes.len()).ok()?;
        let [0, high, middle, low] = block_size.to_be_bytes() else { return None };
        let kind = designator.association << 4 & 0x30 | designator.designator_type & 0x0f;
        let head = [0xe4, 0, 0, 0, designator.code_set & 0x0f, kind, 0, length];
        let padding = Self::MAX_DESIGNATOR.checked_sub(designator.bytes.len())?;
        let bytes = [&head[..], &designator.bytes, &vec![0; padding], &[0, high, middle, low]].concat();
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Debug for CscdDescriptor {
    /// Writes the bytes in hex.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CscdDescriptor(")?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
        formatter.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn designator(length: u8) -> Designator {
        Designator {
            association: 1,
            designator_type: 3,
            code_set: 2,
            protocol: None,
            bytes: (1..=length).collect(),
        }
    }

    #[test]
    fn a_designator_of_twenty_bytes_fills_its_place() {
        let descriptor = CscdDescriptor::identification(&designator(20), 0x0012_3456).unwrap();
        let expected = [
            0xe4, 0, 0, 0, 2, 0x13, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
            20, 0, 0x12, 0x34, 0x56,
        ];
        assert_eq!(descriptor, CscdDescriptor(expected));
        assert!(format!("{descriptor:?}").starts_with("CscdDescriptor(e400000002130014"));
    }

    #[test]
    fn designators_and_block_sizes_that_fit_and_that_do_not() {
        for (length, fits) in [(0, true), (8, true), (20, true), (21, false), (255, false)] {
            let descriptor = CscdDescriptor::identification(&designator(length), 512);
            assert_eq!(
                descriptor.map(|found| (found.0[7], found.0[28..].to_vec())),
                fits.then(|| (length, vec![0, 0, 2, 0]))
            );
        }
        assert!(CscdDescriptor::identification(&designator(8), 0x00ff_ffff).is_some());
        assert!(CscdDescriptor::identification(&designator(8), 0x0100_0000).is_none());
    }
}
