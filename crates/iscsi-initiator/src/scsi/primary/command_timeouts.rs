//! Command timeouts descriptor (SPC-4, 6.35.4).

use crate::scsi::parameter_data::ParameterData;

/// How long a command takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandTimeouts {
    /// What depends on the command; for WRITE BUFFER the longest time in seconds in which the unit does not answer.
    pub specific: u8,
    /// The usual time in seconds; 0 if the unit does not say.
    pub nominal_seconds: u32,
    /// The time in seconds after which the initiator may give the command up; 0 if the unit does not say.
    pub recommended_seconds: u32,
}

impl CommandTimeouts {
    /// The fewest bytes behind the length.
    const LENGTH: usize = 10;

    /// Parses a descriptor, and returns what is behind it. `None` for one that is cut off or too short.
    pub(super) fn split_from(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (body, behind) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let data = ParameterData(body.first_chunk::<{ Self::LENGTH }>()?);
        let timeouts =
            Self { specific: data.byte(1), nominal_seconds: data.u32(2), recommended_seconds: data.u32(6) };
        Some((timeouts, behind))
    }
}

#[cfg(test)]
mod tests {
    use super::CommandTimeouts;

    const DESCRIPTOR: [u8; 13] = [0, 10, 9, 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 0xff];

    #[test]
    fn a_descriptor_and_what_is_behind_it() {
        let expected = CommandTimeouts {
            specific: 0x12,
            nominal_seconds: 0x0102_0304,
            recommended_seconds: 0x0506_0708,
        };
        assert_eq!(CommandTimeouts::split_from(&DESCRIPTOR), Some((expected, &[0xff][..])));
        let longer = [&[0, 11], &DESCRIPTOR[2..]].concat();
        assert_eq!(CommandTimeouts::split_from(&longer), Some((expected, &[][..])));
    }

    #[test]
    fn descriptors_that_are_cut_off_or_too_short_are_none() {
        for length in 0..12 {
            assert_eq!(CommandTimeouts::split_from(&DESCRIPTOR[..length]), None, "{length}");
        }
        for length in [0, 9, 12, 255] {
            let other = [&[0, length], &DESCRIPTOR[2..]].concat();
            assert_eq!(CommandTimeouts::split_from(&other), None, "{length}");
        }
    }
}
