//! The format of a disk: READ CAPACITY (16) (SBC-3, 5.16).

use iscsi_initiator::scsi::UnitCapacity;
use serde::Serialize;

use crate::output::sections::Sections;

/// The format of a disk.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FormatReport {
    /// Bytes of a physical block: those of a logical one if the unit does not tell.
    physical_block_size: u64,
    /// The first logical block that begins a physical one.
    lowest_aligned_lba: u16,
    /// The type of protection information, 1 to 3; null without any.
    protection_type: Option<u8>,
    /// Intervals with protection information of their own in each block.
    protection_intervals: u32,
    /// Whether blocks can be unmapped (LBPME).
    is_provisioned: bool,
    /// Whether unmapped blocks read as zeros (LBPRZ).
    reads_zeros: bool,
}

impl From<UnitCapacity> for FormatReport {
    /// The exponents have four bits each.
    fn from(unit: UnitCapacity) -> Self {
        Self {
            physical_block_size: u64::from(unit.capacity.block_size) << (unit.physical_block_exponent & 0x0f),
            lowest_aligned_lba: unit.lowest_aligned_lba,
            protection_type: unit.protection_type,
            protection_intervals: 1 << (unit.protection_interval_exponent & 0x0f),
            is_provisioned: unit.is_provisioned,
            reads_zeros: unit.reads_zeros,
        }
    }
}

impl FormatReport {
    pub(super) fn rows(&self, sections: &mut Sections) {
        sections.heading("Format");
        sections.row("physical block", format!("{} bytes", self.physical_block_size));
        sections.row("first aligned block", self.lowest_aligned_lba.to_string());
        let protection = self.protection_type.map(|kind| match self.protection_intervals {
            1 => format!("type {kind}"),
            intervals => format!("type {kind}, {intervals} intervals per block"),
        });
        sections.row("protection information", protection.unwrap_or_else(|| "none".to_owned()));
        sections.flag("can unmap (LBPME)", self.is_provisioned);
        sections.flag("unmapped reads zeros (LBPRZ)", self.reads_zeros);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use iscsi_initiator::scsi::{Command as _, ReadCapacity16};

    use super::*;

    #[test]
    fn exponents_become_sizes_and_flags_words() {
        let mut data = [0; 32];
        data[7] = 99;
        data[10] = 2;
        // Protection type 2, two intervals per block; physical blocks of 4096 bytes, the first from block 7 on.
        data[12..16].copy_from_slice(&[0b11, 0x13, 0xc0, 7]);
        let unit = ReadCapacity16.parse(Bytes::copy_from_slice(&data)).unwrap();
        let FormatReport {
            physical_block_size,
            lowest_aligned_lba,
            protection_type,
            protection_intervals,
            is_provisioned,
            reads_zeros,
        } = unit.into();
        assert_eq!((physical_block_size, lowest_aligned_lba, protection_type), (4096, 7, Some(2)));
        assert!(protection_intervals == 2 && is_provisioned && reads_zeros);
    }
}
