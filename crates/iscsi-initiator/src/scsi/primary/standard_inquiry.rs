//! INQUIRY for standard data (SPC-4, 6.6).

use bytes::Bytes;

use super::printable_text::printable;
use crate::scsi::parameter_data::ParameterData;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// INQUIRY for the standard data: what kind of device the logical unit is, and which standards it claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardInquiry {
    /// The most bytes that the target may send: 96 by default, which has space for the version descriptors; 36 at least.
    pub allocation_length: u16,
}

impl Default for StandardInquiry {
    fn default() -> Self {
        Self { allocation_length: 96 }
    }
}

impl Command for StandardInquiry {
    type Answer = Inquiry;
    const NAME: &'static str = "INQUIRY";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x12).with(3, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    fn parse(&self, data: Bytes) -> Result<Inquiry, CommandError> {
        Inquiry::parse(&data)
    }
}

/// Standard INQUIRY data. The texts come from the target: control characters are replaced, nothing else is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inquiry {
    /// Peripheral qualifier: 0 when a device is connected, 3 when there is none at this LUN.
    pub peripheral_qualifier: u8,
    /// Peripheral device type: 0 for a direct-access block device, 5 for CD/DVD, 0x0c for a storage array controller,
    /// 0x14 for a zoned block device, 0x1f for none.
    pub device_type: u8,
    /// The medium is removable.
    pub removable: bool,
    /// The version of SPC that the unit claims: 3 for SPC, 4 for SPC-2, 5 for SPC-3, 6 for SPC-4, 7 for SPC-5, 0 for none.
    pub version: u8,
    /// The target assigns LUNs of more than one level (HISUP).
    pub hierarchical_luns: bool,
    /// The unit has target port groups whose states the target changes (TPGS, bit 0).
    pub implicit_alua: bool,
    /// The unit has target port groups whose states SET TARGET PORT GROUPS changes (TPGS, bit 1).
    pub explicit_alua: bool,
    /// The unit carries out third-party copy commands, such as EXTENDED COPY (3PC).
    pub third_party_copy: bool,
    /// The unit can have protection information on its medium (PROTECT).
    pub protection_information: bool,
    /// There are enclosure services (ENCSERV).
    pub enclosure_services: bool,
    /// The device has several target ports (MULTIP).
    pub multiple_ports: bool,
    /// The unit takes several commands at a time (CMDQUE).
    pub command_queuing: bool,
    /// The vendor, eight characters at most.
    pub vendor: String,
    /// The product, sixteen characters at most.
    pub product: String,
    /// Its revision, four characters at most.
    pub revision: String,
    /// The version descriptors: codes of the standards that the unit claims, eight at most (SPC-4, table 142). Empty if the data
    /// end before them.
    pub version_descriptors: Vec<u16>,
}

impl Inquiry {
    /// Parses standard INQUIRY data.
    ///
    /// # Errors
    /// [`CommandError::InvalidResponse`] for fewer than 36 bytes, the length that SPC requires.
    pub fn parse(bytes: &[u8]) -> Result<Self, CommandError> {
        const NAME: &str = StandardInquiry::NAME;
        if bytes.len() < 36 {
            return Err(CommandError::invalid(NAME, format!("{} bytes instead of 36", bytes.len())));
        }
        let data = ParameterData(bytes);
        let text = |begin, end| printable(bytes.get(begin..end).unwrap_or_default());
        Ok(Self {
            peripheral_qualifier: data.byte(0) >> 5,
            device_type: data.byte(0) & 0x1f,
            removable: data.flag(1, 0x80),
            version: data.byte(2),
            hierarchical_luns: data.flag(3, 0x10),
            implicit_alua: data.flag(5, 0x10),
            explicit_alua: data.flag(5, 0x20),
            third_party_copy: data.flag(5, 0x08),
            protection_information: data.flag(5, 0x01),
            enclosure_services: data.flag(6, 0x40),
            multiple_ports: data.flag(6, 0x10),
            command_queuing: data.flag(7, 0x02),
            vendor: text(8, 16),
            product: text(16, 32),
            revision: text(32, 36),
            version_descriptors: version_descriptors(bytes),
        })
    }

    /// Returns whether this is a connected direct-access block device.
    #[must_use]
    pub const fn is_disk(&self) -> bool {
        self.peripheral_qualifier == 0 && self.device_type == 0
    }
}

/// The version descriptors within the additional length; a place without one has 0.
fn version_descriptors(bytes: &[u8]) -> Vec<u16> {
    const BEGIN: usize = 58;
    const MOST: usize = 8;
    let length = 5 + usize::from(ParameterData(bytes).byte(4));
    let places = bytes.get(..length).unwrap_or(bytes).get(BEGIN..).unwrap_or_default();
    let (descriptors, _) = places.as_chunks::<2>();
    let descriptors = descriptors.iter().take(MOST).map(|descriptor| u16::from_be_bytes(*descriptor));
    descriptors.filter(|descriptor| *descriptor != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Vec<u8> {
        let mut data = vec![0x6c, 0xff, 6, 0x12, 91, 0x39, 0x50, 0x02];
        data.extend(b"VENDOR\x01 PRODUCT         0001");
        data.resize(58, 0xff);
        data.extend([0x00, 0xa0, 0, 0, 0x04, 0x60, 0x04, 0xc0, 0x09, 0x60, 0, 0, 0, 1, 0, 2]);
        data.resize(96, 0xff);
        data
    }

    #[test]
    fn the_block_has_the_allocation_length() {
        let cdb = StandardInquiry { allocation_length: 0x1234 }.cdb();
        assert_eq!(cdb[..6], [0x12, 0, 0, 0x12, 0x34, 0]);
        assert_eq!(StandardInquiry::default().transfer(), Transfer::Read(96));
    }

    #[test]
    fn all_fields_of_the_standard_data() {
        let expected = Inquiry {
            peripheral_qualifier: 3,
            device_type: 0x0c,
            removable: true,
            version: 6,
            hierarchical_luns: true,
            implicit_alua: true,
            explicit_alua: true,
            third_party_copy: true,
            protection_information: true,
            enclosure_services: true,
            multiple_ports: true,
            command_queuing: true,
            vendor: "VENDOR?".to_owned(),
            product: "PRODUCT".to_owned(),
            revision: "0001".to_owned(),
            version_descriptors: vec![0x00a0, 0x0460, 0x04c0, 0x0960, 1, 2],
        };
        assert_eq!(StandardInquiry::default().parse(data().into()), Ok(expected));
        let zeros = Inquiry::parse(&[0; 36]).unwrap();
        assert!(zeros.is_disk() && !zeros.removable && !zeros.command_queuing && zeros.vendor.is_empty());
        assert!(!zeros.implicit_alua && !zeros.explicit_alua && zeros.version_descriptors.is_empty());
    }

    #[test]
    fn flags_are_told_from_each_other() {
        let with = |at: usize, byte| {
            let mut data = [0; 36];
            data[at] = byte;
            Inquiry::parse(&data).unwrap()
        };
        assert!(with(5, 0x10).implicit_alua && !with(5, 0x10).explicit_alua);
        assert!(with(5, 0x20).explicit_alua && !with(5, 0x20).third_party_copy);
        assert!(with(5, 0x08).third_party_copy && !with(5, 0x08).protection_information);
        assert!(!with(7, 0xfd).command_queuing && !with(3, 0xef).hierarchical_luns);
        assert!(!with(0, 0x20).is_disk() && !with(0, 0x01).is_disk());
    }

    #[test]
    fn data_cut_off_at_every_length() {
        let data = data();
        for length in 0..36 {
            assert!(Inquiry::parse(&data[..length]).is_err(), "{length}");
        }
        for length in 36..data.len() {
            let found = Inquiry::parse(&data[..length]).unwrap();
            let places = (length.saturating_sub(58) / 2).min(8);
            let expected = [0x00a0, 0, 0x0460, 0x04c0, 0x0960, 0, 1, 2].into_iter().take(places);
            assert!(found.version_descriptors.into_iter().eq(expected.filter(|code| *code != 0)), "{length}");
        }
    }

    /// Descriptors behind the additional length are none.
    #[test]
    fn the_additional_length_bounds_the_version_descriptors() {
        for (length, expected) in [(0, 0), (54, 0), (55, 1), (58, 1), (59, 2), (255, 6)] {
            let mut data = data();
            data[4] = length;
            assert_eq!(Inquiry::parse(&data).unwrap().version_descriptors.len(), expected, "{length}");
        }
    }
}
