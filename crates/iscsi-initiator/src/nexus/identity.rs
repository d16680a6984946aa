//! The identity of a logical unit: by it a later session recognises the unit of an earlier one.

use bytes::Bytes;

use crate::scsi::{
    Capacity, Command as _, CommandError, Designator, DeviceIdentification, InquiryPage, UnitSerialNumber,
};

/// What distinguishes a logical unit from others, and what its data depend on. A unit that was rolled back to a snapshot under
/// the same names cannot be told from what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitIdentity {
    /// The peripheral qualifier and device type of its INQUIRY data, and their names of vendor and product.
    pub(crate) inquiry: Option<[u8; 25]>,
    /// The serial number (page 0x80); `None` if the unit does not have the page.
    pub(crate) serial_number: Option<String>,
    /// The names of the unit itself (page 0x83, association 0), not those of its port.
    pub(crate) designators: Vec<Designator>,
    /// Size and formats, as far as it was read.
    pub(crate) format: Option<UnitFormat>,
}

/// The size of a unit, and the formats of its blocks (READ CAPACITY (16), SBC-3, 5.16.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnitFormat {
    last_block: u64,
    block_length: u32,
    /// `PROT_EN` and `P_TYPE`.
    protection: u8,
    /// `LBPME` and `LBPRZ`.
    provisioning: u8,
}

/// A property in which a unit differs from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnitDifference {
    /// Device type, vendor or product.
    Device,
    /// The serial number.
    SerialNumber,
    /// The designators.
    Designators,
    /// The number of blocks.
    Size,
    /// The length of a block.
    BlockLength,
    /// The protection information.
    Protection,
    /// Whether the unit is thin, and what unmapped blocks read as.
    Provisioning,
}

impl UnitDifference {
    /// The name of the property.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "its device type, vendor or product",
            Self::SerialNumber => "its serial number",
            Self::Designators => "its designators",
            Self::Size => "its size",
            Self::BlockLength => "the length of its blocks",
            Self::Protection => "its protection information",
            Self::Provisioning => "its provisioning",
        }
    }
}

impl UnitIdentity {
    /// Whether anything names the unit.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.serial_number.as_ref().is_some_and(|number| !number.is_empty()) || !self.designators.is_empty()
    }

    /// Takes standard INQUIRY data.
    pub(crate) fn take_inquiry(&mut self, bytes: &[u8]) {
        if let (Some(first), Some(names)) = (bytes.first(), bytes.get(8..32)) {
            let mut kept = [0; 25];
            kept.iter_mut().zip(std::iter::once(first).chain(names)).for_each(|(place, byte)| *place = *byte);
            self.inquiry = Some(kept);
        }
    }

    /// Takes page 0x80.
    pub(crate) fn take_serial_number(&mut self, data: Bytes) -> Result<(), CommandError> {
        let UnitSerialNumber(number) = InquiryPage::new().parse(data)?;
        self.serial_number = Some(number);
        Ok(())
    }

    /// Takes page 0x83.
    pub(crate) fn take_designators(&mut self, data: Bytes) -> Result<(), CommandError> {
        let DeviceIdentification { designators } = InquiryPage::new().parse(data)?;
        self.designators = designators.into_iter().filter(|designator| designator.association == 0).collect();
        Ok(())
    }

    /// Takes the data of READ CAPACITY (16), or of (10) from a unit that does not have the former.
    pub(crate) fn take_capacity(&mut self, bytes: &[u8]) {
        self.format = UnitFormat::parse(bytes);
    }

    /// Takes note of a size that the unit has now, of which it has told.
    pub(crate) const fn resize(&mut self, capacity: Capacity) {
        if let Some(format) = &mut self.format {
            (format.last_block, format.block_length) =
                (capacity.blocks.saturating_sub(1), capacity.block_size);
        }
    }

    /// The first property in which another identity differs from this one.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<UnitDifference> {
        let format = |identity: &Self, part: fn(UnitFormat) -> u64| identity.format.map(part);
        let differs = |part: fn(UnitFormat) -> u64| format(self, part) != format(other, part);
        let differences = [
            (self.inquiry != other.inquiry, UnitDifference::Device),
            (self.serial_number != other.serial_number, UnitDifference::SerialNumber),
            (self.designators != other.designators, UnitDifference::Designators),
            (differs(|format| format.last_block), UnitDifference::Size),
            (differs(|format| format.block_length.into()), UnitDifference::BlockLength),
            (differs(|format| format.protection.into()), UnitDifference::Protection),
            (differs(|format| format.provisioning.into()), UnitDifference::Provisioning),
        ];
        differences.into_iter().find(|(is_other, _)| *is_other).map(|(_, difference)| difference)
    }
}

impl UnitFormat {
    fn parse(bytes: &[u8]) -> Option<Self> {
        if let Some(short) = bytes.first_chunk::<8>().filter(|_| bytes.len() == 8) {
            let [a, b, c, d, length @ ..] = *short;
            let last_block = u32::from_be_bytes([a, b, c, d]).into();
            return Some(Self {
                last_block,
                block_length: u32::from_be_bytes(length),
                protection: 0,
                provisioning: 0,
            });
        }
        let (last_block, rest) = bytes.split_first_chunk::<8>()?;
        let (block_length, rest) = rest.split_first_chunk::<4>()?;
        Some(Self {
            last_block: u64::from_be_bytes(*last_block),
            block_length: u32::from_be_bytes(*block_length),
            protection: rest.first()? & 0x0f,
            provisioning: rest.get(2)? & 0xc0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of vital product data.
    fn page(code: u8, content: &[u8]) -> Vec<u8> {
        [&[0, code, 0, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// A designator of a unit (0) or a port (1).
    fn designator(association: u8, name: &[u8]) -> Vec<u8> {
        [&[1, association << 4 | 3, 0, u8::try_from(name.len()).unwrap()], name].concat()
    }

    const INQUIRY: &[u8; 36] = b"\0\0\x06\x02\x1f\0\0\x02VENDOR  PRODUCT         0001";
    /// 1000 blocks of 512 bytes, protection type 2, thin.
    const CAPACITY: [u8; 16] = [0, 0, 0, 0, 0, 0, 3, 0xe7, 0, 0, 2, 0, 0x03, 0, 0x80, 0];

    fn identity(inquiry: &[u8], serial: &[u8], designators: &[u8], capacity: &[u8]) -> UnitIdentity {
        let mut identity = UnitIdentity::default();
        identity.take_inquiry(inquiry);
        identity.take_serial_number(page(0x80, serial).into()).unwrap();
        identity.take_designators(page(0x83, designators).into()).unwrap();
        identity.take_capacity(capacity);
        identity
    }

    fn known() -> UnitIdentity {
        identity(INQUIRY, b"S1", &designator(0, b"unit"), &CAPACITY)
    }

    /// The same but for one byte of the INQUIRY data, or of the capacity.
    fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1 << (if at == 14 { 6 } else { 0 });
        bytes
    }

    #[test]
    fn each_property_distinguishes_units() {
        let unit = designator(0, b"unit");
        let cases = [
            (identity(&changed(INQUIRY, 0), b"S1", &unit, &CAPACITY), UnitDifference::Device),
            (identity(&changed(INQUIRY, 8), b"S1", &unit, &CAPACITY), UnitDifference::Device),
            (identity(&changed(INQUIRY, 31), b"S1", &unit, &CAPACITY), UnitDifference::Device),
            (identity(INQUIRY, b"S2", &unit, &CAPACITY), UnitDifference::SerialNumber),
            (identity(INQUIRY, b"S1", &designator(0, b"other"), &CAPACITY), UnitDifference::Designators),
            (identity(INQUIRY, b"S1", b"", &CAPACITY), UnitDifference::Designators),
            (identity(INQUIRY, b"S1", &unit, &changed(&CAPACITY, 7)), UnitDifference::Size),
            (identity(INQUIRY, b"S1", &unit, &changed(&CAPACITY, 0)), UnitDifference::Size),
            (identity(INQUIRY, b"S1", &unit, &changed(&CAPACITY, 10)), UnitDifference::BlockLength),
            (identity(INQUIRY, b"S1", &unit, &changed(&CAPACITY, 12)), UnitDifference::Protection),
            (identity(INQUIRY, b"S1", &unit, &changed(&CAPACITY, 14)), UnitDifference::Provisioning),
            (identity(INQUIRY, b"S1", &unit, &[]), UnitDifference::Size),
        ];
        for (other, difference) in cases {
            assert_eq!(known().difference(&other), Some(difference), "{other:?}");
            assert_eq!(other.difference(&known()), Some(difference), "{other:?}");
        }
        assert_eq!(known().difference(&known()), None);
    }

    /// A unit that has told of another size is the same one with that size, whatever else its format says.
    #[test]
    fn a_unit_that_was_resized() {
        let mut resized = known();
        resized.resize(Capacity { blocks: 2000, block_size: 4096 });
        let mut capacity = CAPACITY;
        capacity[..12].copy_from_slice(&[0, 0, 0, 0, 0, 0, 7, 0xcf, 0, 0, 0x10, 0]);
        let found = identity(INQUIRY, b"S1", &designator(0, b"unit"), &capacity);
        assert_eq!(resized.difference(&found), None);
        assert_eq!(resized.difference(&known()), Some(UnitDifference::Size));
        let mut without_format = UnitIdentity::default();
        without_format.resize(Capacity { blocks: 1, block_size: 512 });
        assert_eq!(without_format, UnitIdentity::default());
    }

    /// The revision of a product changes with an update, and a session to another port has another port's name.
    #[test]
    fn some_properties_may_change() {
        let both = [designator(0, b"unit"), designator(1, b"port 2")].concat();
        let other = identity(&changed(INQUIRY, 35), b"S1", &both, &CAPACITY);
        assert_eq!(known().difference(&other), None);
    }

    /// A serial number or a designator names a unit; without both, any unit of this size looks the same.
    #[test]
    fn units_without_a_name() {
        assert!(known().is_named() && identity(INQUIRY, b"S1", b"", &[]).is_named());
        assert!(identity(INQUIRY, b"", &designator(0, b"unit"), &[]).is_named());
        assert!(!identity(INQUIRY, b"  ", &designator(1, b"port"), &CAPACITY).is_named());
        assert!(!UnitIdentity::default().is_named());
    }

    /// READ CAPACITY (10) states size and block length alone; what is cut off states nothing.
    #[test]
    fn formats_of_all_lengths() {
        let short = UnitFormat::parse(&[0, 0, 3, 0xe7, 0, 0, 2, 0]).unwrap();
        let expected = UnitFormat { last_block: 999, block_length: 512, protection: 0, provisioning: 0 };
        assert_eq!(short, expected);
        let long = UnitFormat::parse(&CAPACITY).unwrap();
        assert_eq!(long, UnitFormat { protection: 3, provisioning: 0x80, ..expected });
        for length in (0..8).chain(9..15) {
            assert_eq!(UnitFormat::parse(&CAPACITY[..length]), None, "{length}");
        }
        for length in 0..32 {
            let mut identity = UnitIdentity::default();
            identity.take_inquiry(&INQUIRY[..length]);
            assert_eq!(identity.inquiry, None, "{length}");
        }
    }
}
