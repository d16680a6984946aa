//! Details of sense data, beside sense key and additional sense code, in both formats (SPC-4, 4.5.2 and 4.5.3).

use super::SenseKey;
use super::key_specific::SenseKeySpecific;

/// What sense data say beside the sense key and the additional sense code, as far as the target states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SenseDetails {
    /// INFORMATION: with an error of the medium the address of the first logical block that it concerns, for COMPARE AND WRITE
    /// the offset in bytes of the first difference (SBC-3, 4.18); `None` unless the target says that it is valid.
    pub information: Option<u64>,
    /// COMMAND-SPECIFIC INFORMATION, whose meaning depends on the command. The fixed format does not say whether it is valid;
    /// there, 0 counts as `None`.
    pub command_specific: Option<u64>,
    /// The sense key specific data.
    pub key_specific: Option<SenseKeySpecific>,
    /// FILEMARK: a stream device read a filemark.
    pub filemark: bool,
    /// EOM: a stream device is at the end of the medium.
    pub end_of_medium: bool,
    /// ILI: the length of a block is not that which the command asked for.
    pub incorrect_length: bool,
}

impl SenseDetails {
    /// Of sense data in fixed format. Data that end early state less.
    pub(super) fn of_fixed(key: SenseKey, bytes: &[u8]) -> Self {
        const VALID: u8 = 0x80;
        // Bytes behind the additional length mean nothing.
        let length = 8 + bytes.get(7).copied().map_or(0, usize::from);
        let bytes = bytes.get(..length).unwrap_or(bytes);
        let [first, flags] = [0, 2].map(|at| bytes.get(at).copied().unwrap_or(0));
        let number = |at: usize| {
            let field: Option<[u8; 4]> = bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
            field.map(|field| u64::from(u32::from_be_bytes(field)))
        };
        let specific = bytes.get(15..).and_then(<[u8]>::first_chunk);
        Self {
            information: number(3).filter(|_| first & VALID != 0),
            command_specific: number(8).filter(|number| *number != 0),
            key_specific: specific.and_then(|specific| SenseKeySpecific::parse(key, *specific)),
            ..Self::of_flags(flags)
        }
    }

    /// Of the descriptors of sense data in descriptor format. Unknown descriptors are skipped; one that is cut off ends the list.
    pub(super) fn of_descriptors(key: SenseKey, additional_length: u8, bytes: &[u8]) -> Self {
        let mut rest = bytes.get(..additional_length.into()).unwrap_or(bytes);
        let mut details = Self::default();
        while let Some((&[kind, length], behind)) = rest.split_first_chunk::<2>() {
            let Some((descriptor, behind)) = behind.split_at_checked(length.into()) else { break };
            details.take(key, kind, descriptor);
            rest = behind;
        }
        details
    }

    /// Takes a descriptor without its type and length.
    fn take(&mut self, key: SenseKey, kind: u8, descriptor: &[u8]) {
        const VALID: u8 = 0x80;
        match (kind, descriptor) {
            (0x00, [flags, _, number @ ..]) if flags & VALID != 0 => self.information = long(number),
            (0x01, [_, _, number @ ..]) => self.command_specific = long(number),
            (0x02, [_, _, a, b, c, ..]) => self.key_specific = SenseKeySpecific::parse(key, [*a, *b, *c]),
            // Stream commands; block commands.
            (0x04 | 0x05, [_, flags, ..]) => {
                let Self { filemark, end_of_medium, incorrect_length, .. } = Self::of_flags(*flags);
                self.filemark |= filemark && kind == 0x04;
                self.end_of_medium |= end_of_medium && kind == 0x04;
                self.incorrect_length |= incorrect_length;
            }
            _ => {}
        }
    }

    fn of_flags(flags: u8) -> Self {
        let [filemark, end_of_medium, incorrect_length] = [0x80, 0x40, 0x20].map(|mask| flags & mask != 0);
        Self { filemark, end_of_medium, incorrect_length, ..Self::default() }
    }
}

/// The first eight bytes as a number.
fn long(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::SenseData;

    const FIXED: [u8; 18] = [0xf0, 0, 0xe5, 1, 2, 3, 4, 10, 5, 6, 7, 8, 0x24, 0, 0, 0b1100_1101, 0x12, 0x34];
    const DESCRIPTORS: [u8; 44] = [
        0x72,
        5,
        0x24,
        0,
        0,
        0,
        0,
        36, // header
        0x00,
        10,
        0x80,
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8, // information
        0x09,
        2,
        0xff,
        0xff, // ATA status, not known here
        0x01,
        10,
        0,
        0,
        8,
        7,
        6,
        5,
        4,
        3,
        2,
        1, // command-specific
        0x02,
        6,
        0,
        0,
        0b1100_1101,
        0x12,
        0x34,
        0, // sense key specific
    ];
    const POINTER: SenseKeySpecific =
        SenseKeySpecific::FieldPointer { in_cdb: true, bit: Some(5), byte: 0x1234 };

    fn details(bytes: &[u8]) -> SenseDetails {
        SenseData::parse(bytes).unwrap().details
    }

    #[test]
    fn fixed_format() {
        let expected = SenseDetails {
            information: Some(0x0102_0304),
            command_specific: Some(0x0506_0708),
            key_specific: Some(POINTER),
            filemark: true,
            end_of_medium: true,
            incorrect_length: true,
        };
        assert_eq!(details(&FIXED), expected);
        let invalid = [&[0x70], &FIXED[1..]].concat();
        assert_eq!(details(&invalid), SenseDetails { information: None, ..expected });
    }

    #[test]
    fn descriptor_format() {
        let expected = SenseDetails {
            information: Some(0x0102_0304_0506_0708),
            command_specific: Some(0x0807_0605_0403_0201),
            key_specific: Some(POINTER),
            ..SenseDetails::default()
        };
        assert_eq!(details(&DESCRIPTORS), expected);
        let invalid = [&DESCRIPTORS[..10], &[0x00], &DESCRIPTORS[11..]].concat();
        assert_eq!(details(&invalid), SenseDetails { information: None, ..expected });
    }

    #[test]
    fn flags_of_stream_and_block_commands() {
        let flags = |kind, flags| {
            let found = details(&[0x72, 0, 0, 0, 0, 0, 0, 4, kind, 2, 0, flags]);
            [found.filemark, found.end_of_medium, found.incorrect_length]
        };
        assert_eq!(flags(0x04, 0xe0), [true; 3]);
        assert_eq!(flags(0x05, 0xe0), [false, false, true]);
        assert_eq!([flags(0x04, 0x40), flags(0x05, 0x1f)], [[false, true, false], [false; 3]]);
    }

    #[test]
    fn data_that_end_early_state_less() {
        for length in 3..FIXED.len() {
            let found = details(&FIXED[..length]);
            assert_eq!(found.information.is_some(), length >= 7, "{length}");
            assert_eq!(found.command_specific.is_some(), length >= 12, "{length}");
            assert_eq!(found.key_specific, None, "{length}");
        }
        for length in 4..DESCRIPTORS.len() {
            let found = details(&DESCRIPTORS[..length]);
            assert_eq!(found.information.is_some(), length >= 20, "{length}");
            assert_eq!(found.command_specific.is_some(), length >= 36, "{length}");
            assert_eq!(found.key_specific, None, "{length}");
        }
    }

    /// The additional length bounds the data, also when more were received.
    #[test]
    fn bytes_behind_the_additional_length_mean_nothing() {
        for length in 0..=10 {
            let sense = [&FIXED[..7], &[length], &FIXED[8..]].concat();
            assert_eq!(details(&sense).command_specific.is_some(), length >= 4, "{length}");
            assert_eq!(details(&sense).key_specific.is_some(), length == 10, "{length}");
        }
        for length in 0..=36 {
            let sense = [&DESCRIPTORS[..7], &[length], &DESCRIPTORS[8..]].concat();
            assert_eq!(details(&sense).information.is_some(), length >= 12, "{length}");
            assert_eq!(details(&sense).key_specific.is_some(), length == 36, "{length}");
        }
    }

    #[test]
    fn descriptors_of_impossible_lengths_are_passed_over() {
        for (kind, length) in [(0, 9), (0, 0), (1, 9), (1, 1), (2, 4), (2, 0), (4, 1), (5, 0), (0, 255)] {
            let mut sense = vec![0x72, 5, 0x24, 0, 0, 0, 0, 255, kind, length];
            sense.extend([0xff; 9].iter().take(length.into()));
            let found = details(&sense);
            assert_eq!(found, SenseDetails::default(), "{kind} {length}");
        }
    }
}
