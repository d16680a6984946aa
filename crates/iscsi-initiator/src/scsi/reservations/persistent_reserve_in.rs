//! PERSISTENT RESERVE IN (SPC-4, 6.14): the block of all service actions, and the header of their answers.

use crate::scsi::{Cdb, CommandError};

/// Length of the header of READ KEYS, READ RESERVATION and READ FULL STATUS in bytes.
pub(super) const HEADER_LENGTH: u16 = 8;
/// Allocation length of lists in bytes, unless the caller chooses another one.
pub(super) const ALLOCATION_LENGTH: u16 = 8192;

/// The generation of the registrations, the length of the list by the target's count, and as much of the list as came.
pub(super) struct List<'a> {
    pub(super) generation: u32,
    pub(super) length: u32,
    pub(super) content: &'a [u8],
}

impl<'a> List<'a> {
    pub(super) fn split(name: &'static str, data: &'a [u8]) -> Result<Self, CommandError> {
        let fields = data.split_first_chunk().and_then(|(generation, rest)| {
            let (length, content) = rest.split_first_chunk()?;
            Some((u32::from_be_bytes(*generation), u32::from_be_bytes(*length), content))
        });
        let too_short = || CommandError::invalid(name, format!("{} bytes instead of 8", data.len()));
        let (generation, length, rest) = fields.ok_or_else(too_short)?;
        let content = usize::try_from(length).ok().and_then(|length| rest.get(..length)).unwrap_or(rest);
        Ok(Self { generation, length, content })
    }

    /// Whether all of the list came.
    pub(super) fn is_complete(&self) -> bool {
        u32::try_from(self.content.len()).is_ok_and(|length| length == self.length)
    }
}

pub(super) fn cdb(service_action: u8, allocation_length: u16) -> Cdb {
    Cdb::new(0x5e).with(1, &[service_action]).with(7, &allocation_length.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_ends_where_its_length_or_the_data_end() {
        for (length, expected, is_complete) in [(0, 0, true), (3, 3, true), (4, 4, true), (5, 4, false)] {
            let data = [0, 0, 1, 2, 0, 0, 0, length, 1, 2, 3, 4];
            let list = List::split("", &data).unwrap();
            assert_eq!((list.generation, list.length, list.content.len()), (0x102, length.into(), expected));
            assert_eq!(list.is_complete(), is_complete);
        }
        let longest = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 9];
        assert_eq!(List::split("", &longest).unwrap().content, [9]);
    }

    #[test]
    fn a_header_that_is_cut_off_is_an_error() {
        for length in 0..8 {
            let error = List::split("X", &[0; 8][..length]).err().unwrap();
            assert_eq!(error, CommandError::invalid("X", format!("{length} bytes instead of 8")));
        }
    }
}
