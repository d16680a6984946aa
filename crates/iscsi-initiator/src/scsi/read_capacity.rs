//! READ CAPACITY (10) and (16) (SBC-3, 5.15 and 5.16).

use super::{CommandError, RawCommand, Transfer};

/// Size of a logical unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The number of blocks.
    pub blocks: u64,
    /// Bytes per block.
    pub block_size: u32,
}

impl Capacity {
    /// Returns the size in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.blocks.saturating_mul(self.block_size as u64)
    }

    /// Checks that the size can be used for calculations.
    fn checked(command: &'static str, last: u64, block_size: u32) -> Result<Self, CommandError> {
        let wrong = |reason: String| CommandError::InvalidResponse { command, reason };
        if !(block_size.is_power_of_two() && (256..=1 << 20).contains(&block_size)) {
            return Err(wrong(format!("block size of {block_size} bytes")));
        }
        let blocks = last.checked_add(1).filter(|blocks| blocks.checked_mul(block_size.into()).is_some());
        let blocks = blocks.ok_or_else(|| wrong(format!("last block {last} of {block_size} bytes")))?;
        Ok(Self { blocks, block_size })
    }
}

const NAME_10: &str = "READ CAPACITY (10)";
const NAME_16: &str = "READ CAPACITY (16)";

/// READ CAPACITY (10), for units of fewer than 2^32 blocks.
#[must_use]
pub fn read_capacity_10() -> RawCommand {
    RawCommand::new(NAME_10, 0x25, Transfer::Read(8))
}

/// READ CAPACITY (16), for units of any size.
#[must_use]
pub fn read_capacity_16() -> RawCommand {
    const LENGTH: u32 = 32;
    RawCommand::new(NAME_16, 0x9e, Transfer::Read(LENGTH)).with(1, &[0x10]).with(10, &LENGTH.to_be_bytes())
}

/// Parses the data of READ CAPACITY (10); `None` when the unit is too large for it.
pub(crate) fn parse_10(bytes: &[u8]) -> Result<Option<Capacity>, CommandError> {
    let (last, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| too_short(NAME_10, bytes))?;
    match u32::from_be_bytes(*last) {
        u32::MAX => Ok(None),
        last => Capacity::checked(NAME_10, last.into(), block_size(NAME_10, rest)?).map(Some),
    }
}

/// Parses the data of READ CAPACITY (16).
pub(crate) fn parse_16(bytes: &[u8]) -> Result<Capacity, CommandError> {
    let (last, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| too_short(NAME_16, bytes))?;
    Capacity::checked(NAME_16, u64::from_be_bytes(*last), block_size(NAME_16, rest)?)
}

fn block_size(command: &'static str, bytes: &[u8]) -> Result<u32, CommandError> {
    bytes.first_chunk().map(|size| u32::from_be_bytes(*size)).ok_or_else(|| too_short(command, bytes))
}

fn too_short(command: &'static str, bytes: &[u8]) -> CommandError {
    CommandError::InvalidResponse { command, reason: format!("{} bytes are too few", bytes.len()) }
}
