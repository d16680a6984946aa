//! Page 0xb2: logical block provisioning (SBC-4, 6.6.7).

use super::{Designator, VpdPage};
use crate::scsi::CommandError;
use crate::scsi::parameter_data::ParameterData;

/// How the unit provides memory for its blocks, and which commands release it. A page that ends early states less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockProvisioning {
    /// Thresholds count in sets of 2 to the power of this many blocks; 0 if the unit has no thresholds.
    pub threshold_exponent: u8,
    /// UNMAP (LBPU).
    pub unmap: bool,
    /// WRITE SAME (16) with the UNMAP bit (LBPWS).
    pub write_same_16: bool,
    /// WRITE SAME (10) with the UNMAP bit (LBPWS10).
    pub write_same_10: bool,
    /// What an unmapped block reads as (LBPRZ).
    pub unmapped_data: UnmappedData,
    /// Blocks can be anchored: their memory is kept, their data are not (`ANC_SUP`).
    pub anchor: bool,
    /// The least part of the memory that is provided, in percent; 0 if the unit does not say (MINIMUM PERCENTAGE).
    pub minimum_percentage: u8,
    /// The kind of provisioning.
    pub provisioning_type: ProvisioningType,
    /// The part of the memory whose use is reported when it is reached, in percent; 0 for none (THRESHOLD PERCENTAGE).
    pub threshold_percentage: u8,
    /// The group of units that share the memory (DP); `None` if the unit does not name it, or its name was cut off.
    pub group: Option<Designator>,
}

/// The kind of provisioning (PROVISIONING TYPE).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProvisioningType(pub u8);

impl ProvisioningType {
    /// Full provisioning, or the unit does not say.
    pub const NOT_REPORTED: Self = Self(0);
    /// There is memory for all blocks.
    pub const RESOURCE: Self = Self(1);
    /// There may be less memory than blocks.
    pub const THIN: Self = Self(2);
}

/// What an unmapped block reads as (LBPRZ): three bits of SBC-4, of which SBC-3 has the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UnmappedData(pub u8);

impl UnmappedData {
    /// Anything, or the unit does not say.
    pub const ANY: Self = Self(0);
    /// The pattern with which the unit initializes its provisioning.
    pub const PATTERN: Self = Self(2);

    /// Returns whether the block reads as zeros.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 & 0x01 != 0
    }
}

impl VpdPage for BlockProvisioning {
    const CODE: u8 = 0xb2;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        let data = ParameterData(content);
        let group = content.get(4..).filter(|_| data.flag(1, 0x01)).and_then(Designator::split_from);
        Ok(Self {
            threshold_exponent: data.byte(0),
            unmap: data.flag(1, 0x80),
            write_same_16: data.flag(1, 0x40),
            write_same_10: data.flag(1, 0x20),
            unmapped_data: UnmappedData(data.byte(1) >> 2 & 0x07),
            anchor: data.flag(1, 0x02),
            minimum_percentage: data.byte(2) >> 3,
            provisioning_type: ProvisioningType(data.byte(2) & 0x07),
            threshold_percentage: data.byte(3),
            group: group.map(|(group, _)| group),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: [u8; 10] = [11, 0b1110_0111, 0b0101_1010, 90, 1, 3, 0, 2, 0x60, 0x01];

    fn parse(content: &[u8]) -> BlockProvisioning {
        BlockProvisioning::parse(content).unwrap()
    }

    #[test]
    fn all_fields_of_the_page() {
        let found = parse(&CONTENT);
        let expected = BlockProvisioning {
            threshold_exponent: 11,
            unmap: true,
            write_same_16: true,
            write_same_10: true,
            unmapped_data: UnmappedData(1),
            anchor: true,
            minimum_percentage: 11,
            provisioning_type: ProvisioningType::THIN,
            threshold_percentage: 90,
            group: found.group.clone(),
        };
        assert_eq!((found.group.as_ref().unwrap().to_string(), &found), ("naa.6001".to_owned(), &expected));
    }

    #[test]
    fn flags_are_told_from_each_other() {
        let flags = |byte| {
            let found = parse(&[0, byte]);
            [
                found.unmap,
                found.write_same_16,
                found.write_same_10,
                found.unmapped_data.is_zero(),
                found.anchor,
            ]
        };
        assert_eq!(flags(0x80), [true, false, false, false, false]);
        assert_eq!(flags(0x40), [false, true, false, false, false]);
        assert_eq!(flags(0x20), [false, false, true, false, false]);
        assert_eq!(flags(0x04), [false, false, false, true, false]);
        assert_eq!(flags(0x02), [false, false, false, false, true]);
        assert_eq!(parse(&[0, 0x08]).unmapped_data, UnmappedData::PATTERN);
        assert!(parse(&[0, 0x14]).unmapped_data.is_zero(), "reserved values with the last bit");
    }

    #[test]
    fn without_dp_there_is_no_group() {
        let content = [&[11, 0b1110_0110], &CONTENT[2..]].concat();
        assert_eq!(parse(&content).group, None);
    }

    #[test]
    fn a_page_that_ends_early_states_less() {
        assert_eq!(parse(&[]), BlockProvisioning::default());
        for length in 0..CONTENT.len() {
            let found = parse(&CONTENT[..length]);
            assert_eq!((found.unmap, found.group), (length >= 2, None), "{length}");
            assert_eq!(found.threshold_percentage, if length >= 4 { 90 } else { 0 }, "{length}");
        }
    }
}
