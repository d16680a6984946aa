//! Designation descriptor: one name of a logical unit, target port or target device (SPC-4, 7.8.6.1).

use std::fmt;

use crate::scsi::primary::printable_text::printable;

/// One name of a logical unit, target port or target device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Designator {
    /// What it names: 0 the logical unit, 1 a target port, 2 the target device.
    pub association: u8,
    /// The kind of name: 0 vendor, 1 T10, 2 EUI-64, 3 NAA, 4 relative target port, 5 target port group, 6 logical unit group,
    /// 7 MD5, 8 SCSI name string; others as in SPC-4, 7.8.6.1.
    pub designator_type: u8,
    /// 1 binary, 2 ASCII, 3 UTF-8.
    pub code_set: u8,
    /// The protocol of the target port, such as 5 for iSCSI (SPC-4, 7.6.1); `None` if the name does not depend on it (PIV).
    pub protocol: Option<u8>,
    /// The name itself.
    pub bytes: Vec<u8>,
}

impl Designator {
    /// Parses a designation descriptor, and returns what is behind it; `None` for one that is cut off.
    pub(super) fn split_from(bytes: &[u8]) -> Option<(Self, &[u8])> {
        const PIV: u8 = 0x80;
        let (&[codes, kind, _, length], body) = bytes.split_first_chunk::<4>()?;
        let (bytes, behind) = body.split_at_checked(length.into())?;
        let designator = Self {
            association: kind >> 4 & 0x03,
            designator_type: kind & 0x0f,
            code_set: codes & 0x0f,
            protocol: (kind & PIV != 0).then_some(codes >> 4),
            bytes: bytes.to_vec(),
        };
        Some((designator, behind))
    }
}

impl fmt::Display for Designator {
    /// Writes `naa.…`, `eui.…`, `t10.…` or the text, with control characters replaced.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.designator_type {
            1 => "t10.",
            2 => "eui.",
            3 => "naa.",
            _ => "",
        };
        formatter.write_str(kind)?;
        match self.code_set {
            2 | 3 => formatter.write_str(&printable(&self.bytes)),
            _ => self.bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTOR: [u8; 9] = [0x53, 0x98, 0xff, 4, b'i', b'q', b'n', b'.', 7];

    #[test]
    fn a_descriptor_and_what_is_behind_it() {
        let expected = Designator {
            association: 1,
            designator_type: 8,
            code_set: 3,
            protocol: Some(5),
            bytes: b"iqn.".to_vec(),
        };
        assert_eq!(Designator::split_from(&DESCRIPTOR), Some((expected, &[7][..])));
        let (other, _) = Designator::split_from(&[0x51, 0x03, 0, 1, 0x60]).unwrap();
        assert_eq!((other.protocol, other.to_string()), (None, "naa.60".to_owned()));
    }

    #[test]
    fn a_descriptor_cut_off_at_every_length_is_none() {
        for length in 0..8 {
            assert_eq!(Designator::split_from(&DESCRIPTOR[..length]), None, "{length}");
        }
        assert!(Designator::split_from(&DESCRIPTOR[..8]).is_some_and(|(_, rest)| rest.is_empty()));
    }
}
