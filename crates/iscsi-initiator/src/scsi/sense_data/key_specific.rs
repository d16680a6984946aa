//! Sense key specific data (SPC-4, 4.5.2.4).

use super::SenseKey;

/// Sense key specific data: three bytes whose meaning depends on the sense key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SenseKeySpecific {
    /// With ILLEGAL REQUEST: the field that is not valid.
    FieldPointer {
        /// It is a field of the command descriptor block (C/D), otherwise of the data that were sent.
        in_cdb: bool,
        /// The bit of the byte, 0 to 7, that is the leftmost of the field; `None` if the target does not say (BPV).
        bit: Option<u8>,
        /// The byte in which the field begins, counted from 0.
        byte: u16,
    },
    /// With NO SENSE and NOT READY: how much of an operation is done, in parts of 65536.
    Progress(u16),
    /// With RECOVERED ERROR, MEDIUM ERROR and HARDWARE ERROR: how often the unit has tried to recover.
    Retries(u16),
    /// With COPY ABORTED: the field of the parameter list or of a segment descriptor that is not valid.
    SegmentPointer {
        /// The byte is counted from the beginning of the segment descriptor (SD), otherwise of the parameter list.
        in_descriptor: bool,
        /// The bit of the byte, 0 to 7; `None` if the target does not say (BPV).
        bit: Option<u8>,
        /// The byte in which the field begins, counted from 0.
        byte: u16,
    },
    /// With UNIT ATTENTION: whether the unit has lost unit attention conditions because there were too many (OVERFLOW).
    AttentionsLost(bool),
}

impl SenseKeySpecific {
    /// `None` if the bytes are not valid (SKSV), or mean nothing with this key.
    pub(super) fn parse(key: SenseKey, [flags, high, low]: [u8; 3]) -> Option<Self> {
        const SKSV: u8 = 0x80;
        const BPV: u8 = 0x08;
        if flags & SKSV == 0 {
            return None;
        }
        let number = u16::from_be_bytes([high, low]);
        let bit = (flags & BPV != 0).then_some(flags & 0x07);
        match key {
            SenseKey::ILLEGAL_REQUEST => {
                Some(Self::FieldPointer { in_cdb: flags & 0x40 != 0, bit, byte: number })
            }
            SenseKey::NO_SENSE | SenseKey::NOT_READY => Some(Self::Progress(number)),
            SenseKey::RECOVERED_ERROR | SenseKey::MEDIUM_ERROR | SenseKey::HARDWARE_ERROR => {
                Some(Self::Retries(number))
            }
            SenseKey::COPY_ABORTED => {
                Some(Self::SegmentPointer { in_descriptor: flags & 0x20 != 0, bit, byte: number })
            }
            SenseKey::UNIT_ATTENTION => Some(Self::AttentionsLost(flags & 0x01 != 0)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(key: SenseKey, bytes: [u8; 3]) -> Option<SenseKeySpecific> {
        SenseKeySpecific::parse(key, bytes)
    }

    #[test]
    fn the_meaning_depends_on_the_sense_key() {
        use SenseKeySpecific as S;
        let bytes = [0xef, 0x12, 0x34];
        for key in (0..=0xf).map(SenseKey) {
            let expected = match key.0 {
                0x0 | 0x2 => Some(S::Progress(0x1234)),
                0x1 | 0x3 | 0x4 => Some(S::Retries(0x1234)),
                0x5 => Some(S::FieldPointer { in_cdb: true, bit: Some(7), byte: 0x1234 }),
                0x6 => Some(S::AttentionsLost(true)),
                0xa => Some(S::SegmentPointer { in_descriptor: true, bit: Some(7), byte: 0x1234 }),
                _ => None,
            };
            assert_eq!(parse(key, bytes), expected, "{key:?}");
            assert_eq!(parse(key, [0x6f, 0x12, 0x34]), None, "{key:?}: not valid");
        }
    }

    #[test]
    fn pointers_to_bits_bytes_and_lists() {
        let pointer = |flags| parse(SenseKey::ILLEGAL_REQUEST, [flags, 0, 2]);
        let expected = |in_cdb, bit| Some(SenseKeySpecific::FieldPointer { in_cdb, bit, byte: 2 });
        assert_eq!(pointer(0x80), expected(false, None));
        assert_eq!(pointer(0xc7), expected(true, None));
        assert_eq!(pointer(0xc8), expected(true, Some(0)));
        assert_eq!(pointer(0x8b), expected(false, Some(3)));
        let segment = parse(SenseKey::COPY_ABORTED, [0x80, 1, 0]);
        let expected = SenseKeySpecific::SegmentPointer { in_descriptor: false, bit: None, byte: 256 };
        assert_eq!(segment, Some(expected));
        assert_eq!(
            parse(SenseKey::UNIT_ATTENTION, [0xfe, 0, 0]),
            Some(SenseKeySpecific::AttentionsLost(false))
        );
    }
}
