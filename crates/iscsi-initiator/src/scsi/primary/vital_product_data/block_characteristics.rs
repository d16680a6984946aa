//! Page 0xb1: block device characteristics (SBC-4, 6.6.2).

use super::VpdPage;
use crate::scsi::CommandError;
use crate::scsi::parameter_data::ParameterData;

/// The medium of a block device. A page that ends early states less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockCharacteristics {
    /// How fast the medium rotates.
    pub rotation_rate: RotationRate,
    /// The kind of product, as a code: 2 for `CFast`, 3 for `CompactFlash`, 4 for `MemoryStick`, 5 for `MultiMediaCard`, 6 for
    /// SD, 7 for XQD, 8 for UFS; 0 if the unit does not say (PRODUCT TYPE).
    pub product_type: u8,
    /// What a read returns after SANITIZE by block erase until the block is written, as a code (WABEREQ).
    pub write_after_block_erase: u8,
    /// What a read returns after SANITIZE by cryptographic erase until the block is written, as a code (WACEREQ).
    pub write_after_cryptographic_erase: u8,
    /// The size of the device.
    pub form_factor: FormFactor,
    /// The device has several actuators (MACT).
    pub several_actuators: bool,
    /// Whether the device has zones.
    pub zoned: ZonedModel,
    /// A block that REASSIGN BLOCKS cannot recover is written with zeros (RBWZ).
    pub reassigns_with_zeros: bool,
    /// BACKGROUND CONTROL is supported (BOCS).
    pub background_control: bool,
    /// FUA and SYNCHRONIZE CACHE mean what they mean in SBC-4: a non-volatile cache is as good as the medium (FUAB).
    pub non_volatile_cache_is_stable: bool,
    /// VERIFY that compares with data from the initiator accepts unmapped blocks (VBULS).
    pub verifies_unmapped: bool,
    /// The time of a depopulation in seconds; 0 if the unit does not say.
    pub depopulation_seconds: u32,
}

/// How fast a medium rotates (MEDIUM ROTATION RATE).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RotationRate(pub u16);

impl RotationRate {
    /// The unit does not say.
    pub const NOT_REPORTED: Self = Self(0);
    /// The medium does not rotate: flash memory, for example.
    pub const NON_ROTATING: Self = Self(1);

    /// Returns the revolutions per minute; `None` for a medium that does not rotate, or if they are unknown.
    #[must_use]
    pub const fn per_minute(self) -> Option<u16> {
        match self.0 {
            0x0401..=0xfffe => Some(self.0),
            _ => None,
        }
    }
}

/// The size of a device (NOMINAL FORM FACTOR).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FormFactor(pub u8);

impl FormFactor {
    /// The unit does not say.
    pub const NOT_REPORTED: Self = Self(0);
    /// 5.25 inches.
    pub const INCHES_5_25: Self = Self(1);
    /// 3.5 inches.
    pub const INCHES_3_5: Self = Self(2);
    /// 2.5 inches.
    pub const INCHES_2_5: Self = Self(3);
    /// 1.8 inches.
    pub const INCHES_1_8: Self = Self(4);
    /// Less than 1.8 inches.
    pub const SMALLER: Self = Self(5);
}

/// Whether a device has zones (ZONED).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ZonedModel(pub u8);

impl ZonedModel {
    /// The unit does not say.
    pub const NOT_REPORTED: Self = Self(0);
    /// The initiator may write zones in order, and need not.
    pub const HOST_AWARE: Self = Self(1);
    /// The device manages its zones itself.
    pub const DEVICE_MANAGED: Self = Self(2);
}

impl VpdPage for BlockCharacteristics {
    const CODE: u8 = 0xb1;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        let data = ParameterData(content);
        Ok(Self {
            rotation_rate: RotationRate(data.u16(0)),
            product_type: data.byte(2),
            write_after_block_erase: data.byte(3) >> 6,
            write_after_cryptographic_erase: data.byte(3) >> 4 & 0x03,
            form_factor: FormFactor(data.byte(3) & 0x0f),
            several_actuators: data.flag(4, 0x40),
            zoned: ZonedModel(data.byte(4) >> 4 & 0x03),
            reassigns_with_zeros: data.flag(4, 0x08),
            background_control: data.flag(4, 0x04),
            non_volatile_cache_is_stable: data.flag(4, 0x02),
            verifies_unmapped: data.flag(4, 0x01),
            depopulation_seconds: data.u32(8),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: &[u8]) -> BlockCharacteristics {
        BlockCharacteristics::parse(content).unwrap()
    }

    #[test]
    fn all_fields_of_the_page() {
        let found = parse(&[0x1c, 0x20, 8, 0b0110_0011, 0x5f, 0, 0, 0, 1, 2, 3, 4, 0xff]);
        let expected = BlockCharacteristics {
            rotation_rate: RotationRate(7200),
            product_type: 8,
            write_after_block_erase: 1,
            write_after_cryptographic_erase: 2,
            form_factor: FormFactor::INCHES_2_5,
            several_actuators: true,
            zoned: ZonedModel::HOST_AWARE,
            reassigns_with_zeros: true,
            background_control: true,
            non_volatile_cache_is_stable: true,
            verifies_unmapped: true,
            depopulation_seconds: 0x0102_0304,
        };
        assert_eq!(found, expected);
        assert_eq!(parse(&[0, 0, 0, 0, 0xa8]).zoned, ZonedModel::DEVICE_MANAGED);
    }

    #[test]
    fn rotation_rates() {
        let per_minute = |rate| RotationRate(rate).per_minute();
        assert_eq!([0, 1, 2, 0x0400, 0xffff].map(per_minute), [None; 5]);
        assert_eq!([0x0401, 5400, 0xfffe].map(per_minute), [Some(0x0401), Some(5400), Some(0xfffe)]);
    }

    #[test]
    fn a_page_that_ends_early_states_less() {
        let all = [0xff; 60];
        assert_eq!(parse(&[]), BlockCharacteristics::default());
        for length in 0..all.len() {
            let found = parse(&all[..length]);
            assert_eq!(found.rotation_rate.0, if length >= 2 { 0xffff } else { 0 }, "{length}");
            assert_eq!(found.depopulation_seconds, if length >= 12 { u32::MAX } else { 0 }, "{length}");
        }
    }
}
