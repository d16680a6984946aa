//! The layouts that most commands of block devices share: 6, 10, 12 and 16 bytes (SBC-3, 5.11 to 5.13; SPC-4, 4.2.2).

use bytes::Bytes;

use super::{Protect, ShortLba};
use crate::scsi::{Cdb, CommandError};

/// The bits of a group number (SBC-4).
const GROUP: u8 = 0x3f;
const DPO: u8 = 1 << 4;
const FUA: u8 = 1 << 3;

/// This mask if the bit is set.
pub(super) const fn bit(is_set: bool, mask: u8) -> u8 {
    if is_set { mask } else { 0 }
}

/// Byte 1 of a READ or WRITE: protection, DPO, FUA.
pub(super) const fn access(protect: Protect, dpo: bool, fua: bool) -> u8 {
    protect.bits() | bit(dpo, DPO) | bit(fua, FUA)
}

/// A block of 6 bytes.
pub(super) fn cdb_6(operation_code: u8, lba: ShortLba, blocks: u8) -> Cdb {
    let [_, address @ ..] = lba.get().to_be_bytes();
    Cdb::new(operation_code).with(1, &address).with(4, &[blocks])
}

/// A block of 10 bytes.
pub(super) fn cdb_10(operation_code: u8, flags: u8, lba: u32, group: u8, blocks: u16) -> Cdb {
    let cdb = Cdb::new(operation_code).with(1, &[flags]).with(2, &lba.to_be_bytes());
    cdb.with(6, &[group & GROUP]).with(7, &blocks.to_be_bytes())
}

/// A block of 12 bytes.
pub(super) fn cdb_12(operation_code: u8, flags: u8, lba: u32, group: u8, blocks: u32) -> Cdb {
    let cdb = Cdb::new(operation_code).with(1, &[flags]).with(2, &lba.to_be_bytes());
    cdb.with(6, &blocks.to_be_bytes()).with(10, &[group & GROUP])
}

/// A block of 16 bytes.
pub(super) fn cdb_16(operation_code: u8, flags: u8, lba: u64, group: u8, blocks: u32) -> Cdb {
    let cdb = Cdb::new(operation_code).with(1, &[flags]).with(2, &lba.to_be_bytes());
    cdb.with(10, &blocks.to_be_bytes()).with(14, &[group & GROUP])
}

/// The data of a read if they are all there.
pub(super) fn whole(command: &'static str, data: Bytes, length: u32) -> Result<Bytes, CommandError> {
    if usize::try_from(length).is_ok_and(|length| length == data.len()) {
        return Ok(data);
    }
    Err(CommandError::invalid(command, format!("{} bytes instead of {length}", data.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_number_has_six_bits() {
        assert_eq!(cdb_10(0, 0, 0, 0xff, 0)[6], 0x3f);
        assert_eq!(cdb_12(0, 0, 0, 0xff, 0)[10], 0x3f);
        assert_eq!(cdb_16(0, 0, 0, 0xff, 0)[14], 0x3f);
    }

    #[test]
    fn a_short_address_does_not_reach_the_operation_code_and_the_count() {
        assert_eq!(cdb_6(0x0a, ShortLba::MAX, 0)[..6], [0x0a, 0x1f, 0xff, 0xff, 0, 0]);
        assert_eq!(cdb_6(0x0a, ShortLba::default(), 0xff)[..6], [0x0a, 0, 0, 0, 0xff, 0]);
    }
}
