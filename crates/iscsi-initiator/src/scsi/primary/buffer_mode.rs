//! Mode of READ BUFFER and WRITE BUFFER (SPC-4, 6.18 and 6.49).

/// What READ BUFFER and WRITE BUFFER do with the buffer (MODE), 0 to 0x1f.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BufferMode(pub u8);

impl BufferMode {
    /// What the vendor defines.
    pub const VENDOR_SPECIFIC: Self = Self(0x01);
    /// The data of the buffer.
    pub const DATA: Self = Self(0x02);
    /// READ BUFFER: the size of the buffer.
    pub const DESCRIPTOR: Self = Self(0x03);
    /// WRITE BUFFER: microcode that is activated, and not saved.
    pub const DOWNLOAD_MICROCODE: Self = Self(0x04);
    /// WRITE BUFFER: microcode that is saved and activated.
    pub const DOWNLOAD_AND_SAVE: Self = Self(0x05);
    /// WRITE BUFFER: microcode in several commands with offsets, which is activated and not saved.
    pub const DOWNLOAD_WITH_OFFSETS: Self = Self(0x06);
    /// WRITE BUFFER: microcode in several commands with offsets, which is saved and activated.
    pub const DOWNLOAD_WITH_OFFSETS_AND_SAVE: Self = Self(0x07);
    /// The data of the echo buffer, which belongs to this `I_T` nexus.
    pub const ECHO: Self = Self(0x0a);
    /// READ BUFFER: the size of the echo buffer.
    pub const ECHO_DESCRIPTOR: Self = Self(0x0b);
    /// WRITE BUFFER: microcode in several commands with offsets, which is saved, and activated at an event that the command
    /// selects.
    pub const DOWNLOAD_SELECT_ACTIVATION: Self = Self(0x0d);
    /// WRITE BUFFER: microcode in several commands with offsets, which is saved, and activated later.
    pub const DOWNLOAD_AND_DEFER: Self = Self(0x0e);
    /// WRITE BUFFER: activates the microcode that was deferred.
    pub const ACTIVATE_DEFERRED: Self = Self(0x0f);
    /// The history of errors.
    pub const ERROR_HISTORY: Self = Self(0x1c);

    /// Byte 1 of the block.
    pub(super) const fn with_specific(self, specific: u8) -> u8 {
        specific << 5 | self.0 & 0x1f
    }
}

/// The last three bytes of a number; the greatest for one that does not fit.
pub(super) fn three_bytes(number: u32) -> [u8; 3] {
    let [_, high, middle, low] = number.min(0xff_ffff).to_be_bytes();
    [high, middle, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_24_bits_are_saturated() {
        assert_eq!(three_bytes(0x12_3456), [0x12, 0x34, 0x56]);
        assert_eq!([three_bytes(0xff_ffff), three_bytes(0x100_0000)], [[0xff; 3]; 2]);
    }

    #[test]
    fn mode_and_its_specific_bits_share_a_byte() {
        assert_eq!(BufferMode::ERROR_HISTORY.with_specific(0x05), 0xbc);
        assert_eq!(BufferMode(0xff).with_specific(0xff), 0xff);
    }
}
