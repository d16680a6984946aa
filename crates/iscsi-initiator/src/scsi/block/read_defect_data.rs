//! READ DEFECT DATA (10), (12) (SBC-3, 5.17 and 5.18).

use bytes::Bytes;

use super::defect_list::{DefectFormat, DefectList};
use super::layout::bit;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

const REQ_PLIST: u8 = 1 << 4;
const REQ_GLIST: u8 = 1 << 3;

/// READ DEFECT DATA (10): the defects of the medium.
///
/// A unit may end it with a recovered error when it has no list, or has it in another format only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadDefectData10 {
    /// Asks for the primary list: defects known when the unit was made (`REQ_PLIST`).
    pub primary: bool,
    /// Asks for the grown list: defects found since (`REQ_GLIST`).
    pub grown: bool,
    /// The preferred format of the records.
    pub format: DefectFormat,
    /// The most bytes of the answer, whose header has 4.
    pub allocation_length: u16,
}

/// READ DEFECT DATA (12): as [`ReadDefectData10`], for longer lists, and for parts of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadDefectData12 {
    /// Asks for the primary list: defects known when the unit was made (`REQ_PLIST`).
    pub primary: bool,
    /// Asks for the grown list: defects found since (`REQ_GLIST`).
    pub grown: bool,
    /// The preferred format of the records.
    pub format: DefectFormat,
    /// The number of records ahead of the first one that is sent (ADDRESS DESCRIPTOR INDEX).
    pub index: u32,
    /// The most bytes of the answer, whose header has 8.
    pub allocation_length: u32,
}

const fn flags(primary: bool, grown: bool, format: DefectFormat) -> u8 {
    bit(primary, REQ_PLIST) | bit(grown, REQ_GLIST) | format.0 & 0x07
}

impl Command for ReadDefectData10 {
    type Answer = DefectList;
    const NAME: &'static str = "READ DEFECT DATA (10)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let flags = flags(self.primary, self.grown, self.format);
        Cdb::new(0x37).with(2, &[flags]).with(7, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    fn parse(&self, data: Bytes) -> Result<DefectList, CommandError> {
        let Some(&[_, flags, high, low]) = data.first_chunk() else {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 4", data.len())));
        };
        let length = u16::from_be_bytes([high, low]).into();
        Ok(DefectList::new(flags, None, length, &data.slice(4..)))
    }
}

impl Command for ReadDefectData12 {
    type Answer = DefectList;
    const NAME: &'static str = "READ DEFECT DATA (12)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0xb7)
            .with(1, &[flags(self.primary, self.grown, self.format)])
            .with(2, &self.index.to_be_bytes())
            .with(6, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length)
    }

    fn parse(&self, data: Bytes) -> Result<DefectList, CommandError> {
        let too_short = || CommandError::invalid(Self::NAME, format!("{} bytes instead of 8", data.len()));
        let (&[_, flags, high, low], rest) = data.split_first_chunk().ok_or_else(too_short)?;
        let (length, _) = rest.split_first_chunk().ok_or_else(too_short)?;
        let (generation, length) = (u16::from_be_bytes([high, low]), u32::from_be_bytes(*length));
        Ok(DefectList::new(flags, Some(generation), length, &data.slice(8..)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_place_in_both_forms() {
        let format = DefectFormat::PHYSICAL_SECTOR;
        let (primary, grown) = (true, false);
        let ten = ReadDefectData10 { primary, grown, format, allocation_length: 0x0102 };
        assert_eq!(ten.cdb()[..10], [0x37, 0, 0x15, 0, 0, 0, 0, 1, 2, 0]);
        assert_eq!(ten.transfer(), Transfer::Read(0x0102));
        let (index, allocation_length) = (0x0102_0304, 0x0506_0708);
        let twelve = ReadDefectData12 { primary: false, grown: true, format, index, allocation_length };
        assert_eq!(twelve.cdb()[..12], [0xb7, 0x0d, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0]);
        assert_eq!(twelve.transfer(), Transfer::Read(0x0506_0708));
    }

    #[test]
    fn a_short_header_and_records_at_every_length() {
        let data = [0, 0x18, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2];
        for length in 0..=data.len() {
            let list = ReadDefectData10::default().parse(Bytes::copy_from_slice(&data[..length]));
            if length < 4 {
                let reason = format!("{length} bytes instead of 4");
                assert_eq!(list, Err(CommandError::invalid("READ DEFECT DATA (10)", reason)));
                continue;
            }
            let list = list.unwrap();
            assert_eq!((list.primary, list.grown, list.format), (true, true, DefectFormat::SHORT_BLOCK));
            assert_eq!((list.generation, list.length), (None, 8));
            assert_eq!(list.records().count(), (length - 4) / 4);
        }
    }

    #[test]
    fn a_long_header_and_records_at_every_length() {
        let data = [0, 0x0b, 7, 8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2];
        for length in 0..=data.len() {
            let list = ReadDefectData12::default().parse(Bytes::copy_from_slice(&data[..length]));
            if length < 8 {
                let reason = format!("{length} bytes instead of 8");
                assert_eq!(list, Err(CommandError::invalid("READ DEFECT DATA (12)", reason)));
                continue;
            }
            let list = list.unwrap();
            assert_eq!((list.primary, list.grown, list.format), (false, true, DefectFormat::LONG_BLOCK));
            assert_eq!((list.generation, list.length), (Some(0x0708), 16));
            assert_eq!(list.records().count(), (length - 8) / 8);
        }
    }
}
