//! MODE SENSE (6) and (10) (SPC-4, 6.13 and 6.14).

use bytes::Bytes;

use super::mode_parameters::ModeParameters;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// DBD, in byte 1.
const DISABLE_BLOCK_DESCRIPTORS: u8 = 0x08;
/// LLBAA, in byte 1.
const LONG_LBA_ACCEPTED: u8 = 0x10;

/// The code of all mode pages.
pub(super) const ALL_PAGES: u8 = 0x3f;

/// Which values of mode pages are returned (PC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ModeValues(pub u8);

impl ModeValues {
    /// The current ones.
    pub const CURRENT: Self = Self(0);
    /// A mask of those that MODE SELECT can change.
    pub const CHANGEABLE: Self = Self(1);
    /// Those that the unit has by default.
    pub const DEFAULT: Self = Self(2);
    /// Those that are saved.
    pub const SAVED: Self = Self(3);

    /// Byte 2 of the block.
    const fn with_page(self, page: u8) -> u8 {
        self.0 << 6 | page & 0x3f
    }
}

/// MODE SENSE (6): reads mode pages, 255 bytes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeSense6 {
    /// The code of the page, 0x3f for all of them.
    pub page: u8,
    /// The code of the subpage, 0xff for all of them.
    pub subpage: u8,
    /// Which values are returned.
    pub values: ModeValues,
    /// The unit shall send no block descriptors (DBD).
    pub disable_block_descriptors: bool,
    /// The most bytes that the target may send.
    pub allocation_length: u8,
}

impl Default for ModeSense6 {
    /// Current values of all pages, with block descriptors; 255 bytes.
    fn default() -> Self {
        Self {
            page: ALL_PAGES,
            subpage: 0,
            values: ModeValues::CURRENT,
            disable_block_descriptors: false,
            allocation_length: u8::MAX,
        }
    }
}

impl Command for ModeSense6 {
    type Answer = ModeParameters;
    const NAME: &'static str = "MODE SENSE (6)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let flags = if self.disable_block_descriptors { DISABLE_BLOCK_DESCRIPTORS } else { 0 };
        let page = self.values.with_page(self.page);
        Cdb::new(0x1a).with(1, &[flags, page, self.subpage, self.allocation_length])
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    fn parse(&self, data: Bytes) -> Result<ModeParameters, CommandError> {
        ModeParameters::parse_6(&data).ok_or_else(|| cut_off(Self::NAME, data.len(), 4))
    }
}

/// MODE SENSE (10): reads mode pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeSense10 {
    /// The code of the page, 0x3f for all of them.
    pub page: u8,
    /// The code of the subpage, 0xff for all of them.
    pub subpage: u8,
    /// Which values are returned.
    pub values: ModeValues,
    /// The unit shall send no block descriptors (DBD).
    pub disable_block_descriptors: bool,
    /// The unit may send block descriptors with addresses of eight bytes (LLBAA).
    pub long_lba_accepted: bool,
    /// The most bytes that the target may send.
    pub allocation_length: u16,
}

impl Default for ModeSense10 {
    /// Current values of all pages, with block descriptors of any length; 4096 bytes.
    fn default() -> Self {
        Self {
            page: ALL_PAGES,
            subpage: 0,
            values: ModeValues::CURRENT,
            disable_block_descriptors: false,
            long_lba_accepted: true,
            allocation_length: 4096,
        }
    }
}

impl Command for ModeSense10 {
    type Answer = ModeParameters;
    const NAME: &'static str = "MODE SENSE (10)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let disabled = if self.disable_block_descriptors { DISABLE_BLOCK_DESCRIPTORS } else { 0 };
        let long = if self.long_lba_accepted { LONG_LBA_ACCEPTED } else { 0 };
        let page = self.values.with_page(self.page);
        let cdb = Cdb::new(0x5a).with(1, &[disabled | long, page, self.subpage]);
        cdb.with(7, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    fn parse(&self, data: Bytes) -> Result<ModeParameters, CommandError> {
        ModeParameters::parse_10(&data).ok_or_else(|| cut_off(Self::NAME, data.len(), 8))
    }
}

fn cut_off(name: &'static str, received: usize, expected: usize) -> CommandError {
    CommandError::invalid(name, format!("cut off in its header: {received} bytes of {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_all_fields() {
        let short = ModeSense6 {
            page: 0x0a,
            subpage: 0x01,
            values: ModeValues::SAVED,
            disable_block_descriptors: true,
            allocation_length: 0x12,
        };
        assert_eq!(short.cdb()[..6], [0x1a, 0x08, 0xca, 0x01, 0x12, 0]);
        assert_eq!(short.transfer(), Transfer::Read(0x12));
        let long = ModeSense10 {
            page: 0x08,
            subpage: 0xff,
            values: ModeValues::DEFAULT,
            disable_block_descriptors: true,
            long_lba_accepted: true,
            allocation_length: 0x1234,
        };
        assert_eq!(long.cdb()[..10], [0x5a, 0x18, 0x88, 0xff, 0, 0, 0, 0x12, 0x34, 0]);
        assert_eq!(long.transfer(), Transfer::Read(0x1234));
    }

    #[test]
    fn blocks_of_the_defaults() {
        assert_eq!(ModeSense6::default().cdb()[..6], [0x1a, 0, 0x3f, 0, 255, 0]);
        assert_eq!(ModeSense10::default().cdb()[..10], [0x5a, 0x10, 0x3f, 0, 0, 0, 0, 0x10, 0, 0]);
        let changeable = ModeSense6 { page: 0xff, values: ModeValues::CHANGEABLE, ..ModeSense6::default() };
        assert_eq!(changeable.cdb()[2], 0x7f, "the code of a page has six bits");
    }

    #[test]
    fn answers_cut_off_in_their_header_are_errors() {
        for length in 0..8 {
            let data = Bytes::from(vec![0; length]);
            assert_eq!(ModeSense6::default().parse(data.clone()).is_err(), length < 4, "{length}");
            let error = ModeSense10::default().parse(data).unwrap_err();
            let reason = format!("cut off in its header: {length} bytes of 8");
            assert_eq!(error, CommandError::invalid("MODE SENSE (10)", reason));
        }
    }
}
