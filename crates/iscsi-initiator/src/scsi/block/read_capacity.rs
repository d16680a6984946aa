//! READ CAPACITY (10), (16) (SBC-3, 5.15 and 5.16).

use bytes::Bytes;

use super::Capacity;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// READ CAPACITY (10): the size of a unit of fewer than 2^32 blocks. The answer is `None` for a larger one, which READ CAPACITY
/// (16) reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCapacity10;

/// READ CAPACITY (16): size and format of a unit of any size.
///
/// Of the answer, the first 12 bytes have to be there; each field behind them is 0 or false if it is cut off.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{Lun, scsi::{Read16, ReadCapacity16, WriteSame16}};
/// let unit = session.send(Lun::ZERO, &ReadCapacity16).await?;
/// let block_size = unit.capacity.block_size;
/// let blocks = Read16 { lba: 2048, blocks: 8, block_size, fua: true, ..Default::default() };
/// let data = session.send(Lun::ZERO, &blocks).await?;
/// if unit.is_provisioned && data.iter().all(|byte| *byte == 0) {
///     let unmap = WriteSame16 { lba: 2048, blocks: 8, unmap: true, ..Default::default() };
///     session.send(Lun::ZERO, &unmap).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCapacity16;

/// Size and format of a logical unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnitCapacity {
    /// The size.
    pub capacity: Capacity,
    /// `P_TYPE`: the type of protection of a unit that is formatted with protection information (`PROT_EN`), from 1 on.
    pub protection_type: Option<u8>,
    /// `P_I_EXPONENT`: each block has two to the power of this many intervals with protection information of their own.
    pub protection_interval_exponent: u8,
    /// A physical block consists of two to the power of this many logical blocks, or it is not known.
    pub physical_block_exponent: u8,
    /// The first block that begins a physical block.
    pub lowest_aligned_lba: u16,
    /// LBPME: blocks can be unmapped; the unit is provisioned thinly or by resources.
    pub is_provisioned: bool,
    /// LBPRZ: blocks that are unmapped read as zeros.
    pub reads_zeros: bool,
    /// RC BASIS: what the size is of; 1 for the whole medium of a zoned unit, 0 for its conventional zones or any other unit.
    pub basis: u8,
}

/// The length of the data of READ CAPACITY (16).
const LENGTH: u32 = 32;

impl Command for ReadCapacity10 {
    type Answer = Option<Capacity>;
    const NAME: &'static str = "READ CAPACITY (10)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x25)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(8)
    }

    fn parse(&self, data: Bytes) -> Result<Option<Capacity>, CommandError> {
        let (last, rest) = data.split_first_chunk().ok_or_else(|| too_short(Self::NAME, 8, &data))?;
        match u32::from_be_bytes(*last) {
            u32::MAX => Ok(None),
            last => {
                let size = rest.first_chunk().ok_or_else(|| too_short(Self::NAME, 8, &data))?;
                Capacity::checked(Self::NAME, last.into(), u32::from_be_bytes(*size)).map(Some)
            }
        }
    }
}

impl Command for ReadCapacity16 {
    type Answer = UnitCapacity;
    const NAME: &'static str = "READ CAPACITY (16)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x9e).with(1, &[0x10]).with(10, &LENGTH.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(LENGTH)
    }

    fn parse(&self, data: Bytes) -> Result<UnitCapacity, CommandError> {
        let too_short = || too_short(Self::NAME, 12, &data);
        let (last, rest) = data.split_first_chunk().ok_or_else(too_short)?;
        let (size, format) = rest.split_first_chunk().ok_or_else(too_short)?;
        let capacity = Capacity::checked(Self::NAME, u64::from_be_bytes(*last), u32::from_be_bytes(*size))?;
        Ok(UnitCapacity::new(capacity, format))
    }
}

impl UnitCapacity {
    /// The size with the bytes behind it, each of which may be missing.
    fn new(capacity: Capacity, format: &[u8]) -> Self {
        let mut bytes = [0; 4];
        bytes.iter_mut().zip(format).for_each(|(place, byte)| *place = *byte);
        let [protection, exponents, high, low] = bytes;
        Self {
            capacity,
            protection_type: (protection & 1 != 0).then_some((protection >> 1 & 0x07) + 1),
            protection_interval_exponent: exponents >> 4,
            physical_block_exponent: exponents & 0x0f,
            lowest_aligned_lba: u16::from_be_bytes([high & 0x3f, low]),
            is_provisioned: high & 0x80 != 0,
            reads_zeros: high & 0x40 != 0,
            basis: protection >> 4 & 0x03,
        }
    }
}

fn too_short(command: &'static str, length: usize, data: &[u8]) -> CommandError {
    CommandError::invalid(command, format!("{} bytes instead of {length}", data.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: [u8; 8] = [0x01, 0x02, 0x03, 0x04, 0, 0, 0x10, 0];
    const SIXTEEN: [u8; 16] = [0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 2, 0, 0x15, 0x53, 0xc1, 0x02];

    #[test]
    fn the_commands() {
        assert_eq!(ReadCapacity10.cdb(), Cdb::new(0x25));
        assert_eq!(ReadCapacity10.transfer(), Transfer::Read(8));
        let expected = [0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0];
        assert_eq!(ReadCapacity16.cdb().head(), expected);
        assert_eq!(ReadCapacity16.transfer(), Transfer::Read(32));
    }

    #[test]
    fn a_short_answer_at_every_length() {
        let capacity = Capacity { blocks: 0x0102_0305, block_size: 4096 };
        for length in 0..TEN.len() {
            let error = CommandError::invalid("READ CAPACITY (10)", format!("{length} bytes instead of 8"));
            assert_eq!(ReadCapacity10.parse(Bytes::copy_from_slice(&TEN[..length])), Err(error));
        }
        assert_eq!(ReadCapacity10.parse(Bytes::from_static(&TEN)), Ok(Some(capacity)));
        let longer = [&TEN[..], &[0xff; 8]].concat();
        assert_eq!(ReadCapacity10.parse(longer.into()), Ok(Some(capacity)));
    }

    #[test]
    fn a_unit_that_is_too_large_for_the_short_form_needs_no_block_size() {
        for length in 4..=8 {
            assert_eq!(ReadCapacity10.parse(vec![0xff; length].into()), Ok(None));
        }
        let almost = [0xff, 0xff, 0xff, 0xfe, 0, 0, 2, 0];
        let capacity = Capacity { blocks: u32::MAX.into(), block_size: 512 };
        assert_eq!(ReadCapacity10.parse(almost.to_vec().into()), Ok(Some(capacity)));
    }

    #[test]
    fn a_long_answer_at_every_length() {
        let capacity = Capacity { blocks: 0x01_0203_0406, block_size: 512 };
        let whole = UnitCapacity {
            capacity,
            protection_type: Some(3),
            protection_interval_exponent: 5,
            physical_block_exponent: 3,
            lowest_aligned_lba: 0x0102,
            is_provisioned: true,
            reads_zeros: true,
            basis: 1,
        };
        for length in 0..12 {
            let error = CommandError::invalid("READ CAPACITY (16)", format!("{length} bytes instead of 12"));
            assert_eq!(ReadCapacity16.parse(Bytes::copy_from_slice(&SIXTEEN[..length])), Err(error));
        }
        let at = |length| ReadCapacity16.parse(Bytes::copy_from_slice(&SIXTEEN[..length])).unwrap();
        let no_format = UnitCapacity::new(capacity, &[]);
        assert_eq!((at(12), no_format.protection_type, no_format.reads_zeros), (no_format, None, false));
        assert_eq!(at(13), UnitCapacity { protection_type: Some(3), basis: 1, ..no_format });
        assert_eq!(
            at(14),
            UnitCapacity { lowest_aligned_lba: 0, is_provisioned: false, reads_zeros: false, ..whole }
        );
        assert_eq!(at(15), UnitCapacity { lowest_aligned_lba: 0x0100, ..whole });
        assert_eq!(at(16), whole);
        let longer = [&SIXTEEN[..], &[0xff; 20]].concat();
        assert_eq!(ReadCapacity16.parse(longer.into()), Ok(whole));
    }

    #[test]
    fn protection_counts_only_if_it_is_enabled() {
        let capacity = Capacity { blocks: 1, block_size: 512 };
        let kind = |byte| UnitCapacity::new(capacity, &[byte]).protection_type;
        assert_eq!([kind(0x0e), kind(0x01), kind(0x0f)], [None, Some(1), Some(8)]);
    }
}
