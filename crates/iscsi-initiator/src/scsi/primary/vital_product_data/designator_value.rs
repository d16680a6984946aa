//! The meaning of a designator (SPC-4, 7.8.6.2 to 7.8.6.11; SPC-5 for UUIDs).

use super::Designator;
use crate::scsi::primary::printable_text::printable;

/// The meaning of a designator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DesignatorValue {
    /// A name with the T10 vendor identification, eight characters at most, before it.
    T10 {
        /// The vendor.
        vendor: String,
        /// The name that the vendor gave; control characters are replaced.
        name: String,
    },
    /// An EUI-64 of IEEE.
    Eui64 {
        /// What stands before it in a name of 16 bytes.
        extension: Option<u64>,
        /// The EUI-64, whose first three bytes are the company.
        eui64: u64,
        /// What stands behind it in a name of 12 bytes.
        directory: Option<u32>,
    },
    /// A name in a format of NAA.
    Naa(NaaName),
    /// The number of a port within the device.
    RelativeTargetPort(u16),
    /// The number of the group of target ports that the port belongs to.
    TargetPortGroup(u16),
    /// The number of the group of logical units that the unit belongs to.
    LogicalUnitGroup(u16),
    /// An MD5 hash over names of the unit, not unique.
    Md5([u8; 16]),
    /// A SCSI name string, such as `iqn.2001-04.com.example:disk`; without the NULs behind it, with characters that are not UTF-8
    /// replaced. Control characters are kept.
    Name(String),
    /// A UUID.
    Uuid([u8; 16]),
    /// A name of a vendor, of a kind that is not known here, or of a length that its kind does not have.
    Other,
}

/// A name in a format of the Network Address Authority (SPC-4, 7.8.6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NaaName {
    /// IEEE Extended: 12 bits of the vendor, the company, 24 bits of the vendor.
    Extended {
        /// 12 bits that the vendor assigned.
        vendor_a: u16,
        /// The company, 24 bits.
        company: u32,
        /// 24 bits that the vendor assigned.
        vendor_b: u32,
    },
    /// Locally assigned, 60 bits: not unique elsewhere.
    Local(u64),
    /// IEEE Registered.
    Registered {
        /// The company, 24 bits.
        company: u32,
        /// 36 bits that the vendor assigned.
        vendor: u64,
    },
    /// IEEE Registered Extended.
    RegisteredExtended {
        /// The company, 24 bits.
        company: u32,
        /// 36 bits that the vendor assigned.
        vendor: u64,
        /// 64 bits that the vendor added.
        extension: u64,
    },
}

impl Designator {
    /// Returns what the designator means.
    #[must_use]
    pub fn value(&self) -> DesignatorValue {
        let bytes = self.bytes.as_slice();
        let value = match self.designator_type {
            0x1 => t10(bytes),
            0x2 => eui64(bytes),
            0x3 => NaaName::parse(bytes).map(DesignatorValue::Naa),
            0x4 => number(bytes).map(DesignatorValue::RelativeTargetPort),
            0x5 => number(bytes).map(DesignatorValue::TargetPortGroup),
            0x6 => number(bytes).map(DesignatorValue::LogicalUnitGroup),
            0x7 => bytes.try_into().ok().map(DesignatorValue::Md5),
            0x8 => Some(DesignatorValue::Name(name(bytes))),
            0xa => uuid(bytes),
            _ => None,
        };
        value.unwrap_or(DesignatorValue::Other)
    }
}

fn t10(bytes: &[u8]) -> Option<DesignatorValue> {
    let (vendor, name) = bytes.split_at_checked(8)?;
    Some(DesignatorValue::T10 { vendor: printable(vendor), name: printable(name) })
}

fn eui64(bytes: &[u8]) -> Option<DesignatorValue> {
    let value = |extension, eui64, directory| DesignatorValue::Eui64 {
        extension,
        eui64: u64::from_be_bytes(eui64),
        directory,
    };
    match bytes.len() {
        8 => Some(value(None, *bytes.first_chunk()?, None)),
        12 => {
            let (eui64, directory) = bytes.split_first_chunk()?;
            Some(value(None, *eui64, directory.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))))
        }
        16 => {
            let (extension, eui64) = bytes.split_first_chunk()?;
            Some(value(Some(u64::from_be_bytes(*extension)), *eui64.first_chunk()?, None))
        }
        _ => None,
    }
}

/// The number in the second half of four bytes.
fn number(bytes: &[u8]) -> Option<u16> {
    let [_, _, number @ ..] = <[u8; 4]>::try_from(bytes).ok()?;
    Some(u16::from_be_bytes(number))
}

fn name(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// A UUID behind two bytes with its kind.
fn uuid(bytes: &[u8]) -> Option<DesignatorValue> {
    let (_, uuid) = bytes.split_first_chunk::<2>()?;
    uuid.try_into().ok().map(DesignatorValue::Uuid)
}

impl NaaName {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (first, extension) = bytes.split_first_chunk()?;
        let first = u64::from_be_bytes(*first);
        let bits =
            |from: u32, count: u32| u32::try_from(first >> from & ((1 << count) - 1)).unwrap_or_default();
        let (company, vendor) = (bits(36, 24), first & ((1 << 36) - 1));
        match (first >> 60, extension.len()) {
            (0x2, 0) => Some(Self::Extended {
                vendor_a: u16::try_from(bits(48, 12)).unwrap_or_default(),
                company: bits(24, 24),
                vendor_b: bits(0, 24),
            }),
            (0x3, 0) => Some(Self::Local(first & ((1 << 60) - 1))),
            (0x5, 0) => Some(Self::Registered { company, vendor }),
            (0x6, 8) => {
                let extension = u64::from_be_bytes(*extension.first_chunk()?);
                Some(Self::RegisteredExtended { company, vendor, extension })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(designator_type: u8, bytes: &[u8]) -> DesignatorValue {
        let bytes = bytes.to_vec();
        Designator { association: 0, designator_type, code_set: 1, protocol: None, bytes }.value()
    }

    #[test]
    fn names_of_naa() {
        let naa = |bytes: &[u8]| match value(3, bytes) {
            DesignatorValue::Naa(name) => Some(name),
            _ => None,
        };
        let extended = NaaName::Extended { vendor_a: 0x123, company: 0x45_6789, vendor_b: 0xab_cdef };
        assert_eq!(naa(&[0x21, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]), Some(extended));
        let local = NaaName::Local(0x0123_4567_89ab_cdef);
        assert_eq!(naa(&[0x31, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]), Some(local));
        let (company, vendor) = (0x12_3456, 0x7_89ab_cdef);
        let first = [0x51, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        assert_eq!(naa(&first), Some(NaaName::Registered { company, vendor }));
        let long = [&[0x61], &first[1..], &[1, 2, 3, 4, 5, 6, 7, 8]].concat();
        let extension = 0x0102_0304_0506_0708;
        assert_eq!(naa(&long), Some(NaaName::RegisteredExtended { company, vendor, extension }));
        for length in 0..16 {
            assert_eq!(naa(&long[..length]), None, "{length}");
            assert_eq!(naa(&[&first[..], &[0; 8]].concat()[..length]).is_some(), length == 8, "{length}");
        }
        assert_eq!(naa(&[0x41, 0, 0, 0, 0, 0, 0, 0]), None, "an unknown format");
    }

    #[test]
    fn names_of_eui_64() {
        let bytes: Vec<u8> = (1..=16).collect();
        let eui64 = |length: usize| value(2, &bytes[..length]);
        let (first, second) = (0x0102_0304_0506_0708, 0x090a_0b0c_0d0e_0f10);
        for length in 0..=16 {
            let expected = match length {
                8 => DesignatorValue::Eui64 { extension: None, eui64: first, directory: None },
                12 => DesignatorValue::Eui64 { extension: None, eui64: first, directory: Some(0x090a_0b0c) },
                16 => DesignatorValue::Eui64 { extension: Some(first), eui64: second, directory: None },
                _ => DesignatorValue::Other,
            };
            assert_eq!(eui64(length), expected, "{length}");
        }
    }

    #[test]
    fn names_with_a_vendor_and_name_strings() {
        let t10 = |vendor: &str, name: &str| DesignatorValue::T10 {
            vendor: vendor.to_owned(),
            name: name.to_owned(),
        };
        assert_eq!(value(1, b"VENDOR  disk 1"), t10("VENDOR", "disk 1"));
        assert_eq!(value(1, b"VENDOR  "), t10("VENDOR", ""));
        assert_eq!(value(1, b"VENDOR "), DesignatorValue::Other);
        let name = |bytes| match value(8, bytes) {
            DesignatorValue::Name(name) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(b"iqn.2001-04.com.example:disk\0\0\0\0"), "iqn.2001-04.com.example:disk");
        assert_eq!([name(b""), name(b"a\xffb")], ["", "a\u{fffd}b"]);
    }

    #[test]
    fn numbers_of_ports_and_groups() {
        let bytes = [0xff, 0xff, 0x12, 0x34];
        assert_eq!(value(4, &bytes), DesignatorValue::RelativeTargetPort(0x1234));
        assert_eq!(value(5, &bytes), DesignatorValue::TargetPortGroup(0x1234));
        assert_eq!(value(6, &bytes), DesignatorValue::LogicalUnitGroup(0x1234));
        for length in (0..=3).chain([5]) {
            assert_eq!(value(4, &[0; 5][..length]), DesignatorValue::Other, "{length}");
        }
    }

    #[test]
    fn hashes_uuids_and_unknown_kinds() {
        let bytes: Vec<u8> = (0..18).collect();
        assert_eq!(value(7, &bytes[..16]), DesignatorValue::Md5(*bytes.first_chunk().unwrap()));
        assert_eq!(value(10, &bytes), DesignatorValue::Uuid(*bytes.last_chunk().unwrap()));
        for length in 0..18 {
            assert_eq!(value(10, &bytes[..length]), DesignatorValue::Other, "{length}");
            assert_eq!(value(7, &bytes[..length]) == DesignatorValue::Other, length != 16, "{length}");
        }
        for kind in [0, 9, 11, 15] {
            assert_eq!(value(kind, &bytes), DesignatorValue::Other, "{kind}");
        }
    }
}
