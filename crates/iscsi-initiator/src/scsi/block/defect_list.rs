//! A list of defects of the medium, and its formats (SBC-3, 5.17 and 6.2).

use std::fmt;

use bytes::Bytes;

/// The format of the records of a [`DefectList`]: three bits (SBC-3, table 33).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct DefectFormat(pub u8);

impl DefectFormat {
    /// A block number of 4 bytes.
    pub const SHORT_BLOCK: Self = Self(0);
    /// Cylinder (3 bytes), head (1) and bytes from the index (4, with flags), for ranges of defects.
    pub const EXTENDED_BYTES_FROM_INDEX: Self = Self(1);
    /// Cylinder (3 bytes), head (1) and sector (4, with flags), for ranges of defects.
    pub const EXTENDED_PHYSICAL_SECTOR: Self = Self(2);
    /// A block number of 8 bytes.
    pub const LONG_BLOCK: Self = Self(3);
    /// Cylinder (3 bytes), head (1) and bytes from the index (4).
    pub const BYTES_FROM_INDEX: Self = Self(4);
    /// Cylinder (3 bytes), head (1) and sector (4).
    pub const PHYSICAL_SECTOR: Self = Self(5);
    /// The vendor's own.
    pub const VENDOR: Self = Self(6);

    /// Returns the length of a record in bytes, if the standard states it.
    #[must_use]
    pub const fn record_length(self) -> Option<usize> {
        match self.0 {
            0 => Some(4),
            1..=5 => Some(8),
            _ => None,
        }
    }
}

impl fmt::Debug for DefectFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DefectFormat({})", self.0)
    }
}

/// The answer to READ DEFECT DATA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DefectList {
    /// The records are those of the primary list, or of both (PLISTV).
    pub primary: bool,
    /// The records are those of the grown list, or of both (GLISTV).
    pub grown: bool,
    /// The format of the records, which may be another one than was asked for.
    pub format: DefectFormat,
    /// A number that changes with the lists; only in the answer to READ DEFECT DATA (12). 0 where the unit does not count.
    pub generation: Option<u16>,
    /// The length of all records in bytes by the unit's count, which may be more than the allocation length had space for.
    pub length: u32,
    /// The records as received, as far as they were.
    pub data: Bytes,
}

impl DefectList {
    /// The list of a header and the bytes behind it.
    pub(super) fn new(flags: u8, generation: Option<u16>, length: u32, data: &Bytes) -> Self {
        let received = usize::try_from(length).unwrap_or(usize::MAX).min(data.len());
        Self {
            primary: flags & 0x10 != 0,
            grown: flags & 0x08 != 0,
            format: DefectFormat(flags & 0x07),
            generation,
            length,
            data: data.slice(..received),
        }
    }

    /// Returns the records one by one; none in a format whose records have no length in the standard. A record that is cut off is
    /// left out.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let length = self.format.record_length();
        length.into_iter().flat_map(|length| self.data.chunks_exact(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_in_the_header_bounds_the_records() {
        let data = Bytes::from_static(&[1; 16]);
        for (length, kept) in [(0, 0), (3, 3), (8, 8), (16, 16), (17, 16), (u32::MAX, 16)] {
            let list = DefectList::new(0, None, length, &data);
            assert_eq!((list.length, list.data.len(), list.records().count()), (length, kept, kept / 4));
        }
    }

    #[test]
    fn records_have_the_length_of_their_format() {
        let data = Bytes::from_static(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
        let records =
            |format| DefectList::new(format, None, 17, &data).records().map(<[u8]>::to_vec).collect();
        let short: Vec<_> = records(0);
        assert_eq!(short, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]);
        for format in 1..=5 {
            let long: Vec<_> = records(format);
            assert_eq!(long, [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15, 16]], "{format}");
        }
        for format in 6..=7 {
            assert_eq!(records(format), Vec::<Vec<u8>>::new());
        }
    }

    #[test]
    fn both_lists_have_a_flag_of_their_own() {
        for (flags, primary, grown) in [(0xe0, false, false), (0xf2, true, false), (0xeb, false, true)] {
            let list = DefectList::new(flags, Some(1), 0, &Bytes::new());
            assert_eq!((list.primary, list.grown, list.format), (primary, grown, DefectFormat(flags & 7)));
        }
    }
}
