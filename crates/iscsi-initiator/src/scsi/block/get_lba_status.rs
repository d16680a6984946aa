//! GET LBA STATUS (16) (SBC-4; SBC-3, 5.4).

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// The length of the header of the answer.
const HEADER_LENGTH: u32 = 8;
/// The length of a descriptor.
const DESCRIPTOR_LENGTH: u32 = 16;

/// GET LBA STATUS (16): which blocks are mapped, from a block on. A long list is cut off by the unit: the next command begins
/// behind the last range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetLbaStatus {
    /// The block with which the list begins.
    pub lba: u64,
    /// The most ranges of the answer.
    pub ranges: u32,
    /// The ranges of which kind are listed (SBC-4).
    pub report_type: LbaReportType,
}

/// The ranges that GET LBA STATUS lists (REPORT TYPE; SBC-4). Units of SBC-3 list all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LbaReportType(pub u8);

impl LbaReportType {
    /// All ranges.
    pub const ALL: Self = Self(0x00);
    /// Those with another status than [`ProvisioningStatus::MAPPED_OR_UNKNOWN`].
    pub const KNOWN: Self = Self(0x01);
    /// Mapped ones.
    pub const MAPPED: Self = Self(0x02);
    /// Deallocated ones.
    pub const DEALLOCATED: Self = Self(0x03);
    /// Anchored ones.
    pub const ANCHORED: Self = Self(0x04);
    /// Those of which a read may end in an unrecovered error.
    pub const UNREADABLE: Self = Self(0x10);
}

/// The answer to [`GetLbaStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LbaStatus {
    /// The ranges, in the order of the unit. A range that is cut off is left out.
    pub ranges: Vec<LbaRange>,
    /// The reason why the list ends: 0 none given, 1 the allocation length, 2 the scan length, 3 the end of the unit; other
    /// values as received (COMPLETION CONDITION; SBC-4).
    pub completion_condition: u8,
    /// RTP: the unit took the report type into account.
    pub is_report_type_processed: bool,
}

/// Consecutive blocks of the same status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LbaRange {
    /// First block.
    pub lba: u64,
    /// Number of blocks.
    pub blocks: u32,
    /// Whether they are mapped.
    pub status: ProvisioningStatus,
    /// 1 if a read of the blocks may end in an unrecovered error, 0 otherwise; other values as received (ADDITIONAL STATUS;
    /// SBC-4).
    pub additional_status: u8,
}

/// Whether blocks are mapped (PROVISIONING STATUS; SBC-4). Unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProvisioningStatus(pub u8);

impl ProvisioningStatus {
    /// Mapped, or the unit does not know.
    pub const MAPPED_OR_UNKNOWN: Self = Self(0);
    /// Not mapped, without a place on the medium.
    pub const DEALLOCATED: Self = Self(1);
    /// Not mapped, with a place on the medium that is reserved.
    pub const ANCHORED: Self = Self(2);
    /// Mapped.
    pub const MAPPED: Self = Self(3);
    /// The unit does not know.
    pub const UNKNOWN: Self = Self(4);
}

impl GetLbaStatus {
    const fn allocation_length(self) -> u32 {
        self.ranges.saturating_mul(DESCRIPTOR_LENGTH).saturating_add(HEADER_LENGTH)
    }
}

impl Command for GetLbaStatus {
    type Answer = LbaStatus;
    const NAME: &'static str = "GET LBA STATUS";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x9e)
            .with(1, &[0x12])
            .with(2, &self.lba.to_be_bytes())
            .with(10, &self.allocation_length().to_be_bytes())
            .with(14, &[self.report_type.0])
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length())
    }

    fn parse(&self, data: Bytes) -> Result<LbaStatus, CommandError> {
        let Some((&[a, b, c, d, _, _, _, flags], list)) = data.split_first_chunk::<8>() else {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 8", data.len())));
        };
        // The length does not count itself.
        let length = u32::from_be_bytes([a, b, c, d]).saturating_sub(4);
        let list = usize::try_from(length).ok().and_then(|length| list.get(..length)).unwrap_or(list);
        let (descriptors, _) = list.as_chunks();
        Ok(LbaStatus {
            ranges: descriptors.iter().filter_map(LbaRange::parse).collect(),
            completion_condition: flags >> 1 & 0x07,
            is_report_type_processed: flags & 1 != 0,
        })
    }
}

impl LbaRange {
    fn parse(descriptor: &[u8; DESCRIPTOR_LENGTH as usize]) -> Option<Self> {
        let (lba, rest) = descriptor.split_first_chunk()?;
        let (blocks, rest) = rest.split_first_chunk()?;
        let [status, additional_status] = *rest.first_chunk()?;
        Some(Self {
            lba: u64::from_be_bytes(*lba),
            blocks: u32::from_be_bytes(*blocks),
            status: ProvisioningStatus(status & 0x0f),
            additional_status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xf1, 1, 0, 0];
    const SECOND: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 7, 2, 0, 0];

    fn answer(length: u32, flags: u8) -> Vec<u8> {
        [&length.to_be_bytes()[..], &[0, 0, 0, flags], &FIRST, &SECOND].concat()
    }

    fn expected() -> [LbaRange; 2] {
        let (status, additional_status) = (ProvisioningStatus::DEALLOCATED, 1);
        let first = LbaRange { lba: 0x0102_0304_0506_0708, blocks: 0x090a_0b0c, status, additional_status };
        let second = LbaRange { lba: 9, blocks: 1, status: ProvisioningStatus(7), additional_status: 2 };
        [first, second]
    }

    #[test]
    fn every_field_has_its_place() {
        let command =
            GetLbaStatus { lba: 0x0102_0304_0506_0708, ranges: 2, report_type: LbaReportType::UNREADABLE };
        let expected = [0x9e, 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 40, 0x10, 0];
        assert_eq!((command.cdb().head(), command.transfer()), (expected, Transfer::Read(40)));
        let most = GetLbaStatus { ranges: u32::MAX, ..command };
        assert_eq!((&most.cdb()[10..14], most.transfer()), (&[0xff; 4][..], Transfer::Read(u32::MAX)));
    }

    #[test]
    fn an_answer_at_every_length_has_the_whole_descriptors() {
        let data = answer(36, 0xf5);
        for length in 0..=data.len() {
            let status = GetLbaStatus::default().parse(Bytes::copy_from_slice(&data[..length]));
            if length < 8 {
                let reason = format!("{length} bytes instead of 8");
                assert_eq!(status, Err(CommandError::invalid("GET LBA STATUS", reason)));
                continue;
            }
            let status = status.unwrap();
            assert_eq!(status.ranges, expected()[..(length - 8) / 16]);
            assert_eq!((status.completion_condition, status.is_report_type_processed), (2, true));
        }
    }

    #[test]
    fn the_length_in_the_header_bounds_the_list() {
        for (length, count) in [(0, 0), (3, 0), (4, 0), (19, 0), (20, 1), (35, 1), (36, 2), (u32::MAX, 2)] {
            let status = GetLbaStatus::default().parse(answer(length, 0x06).into()).unwrap();
            assert_eq!(status.ranges.len(), count, "{length}");
            assert_eq!((status.completion_condition, status.is_report_type_processed), (3, false));
        }
    }
}
