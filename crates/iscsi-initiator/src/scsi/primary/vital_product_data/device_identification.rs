//! Page 0x83: designators of the logical unit, its target port and its target device (SPC-4, 7.8.6).

use super::{Designator, VpdPage};
use crate::scsi::CommandError;

/// The designators of the logical unit, its target port and its target device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceIdentification {
    /// The designators in the target's order; one that is cut off ends the list.
    pub designators: Vec<Designator>,
}

impl VpdPage for DeviceIdentification {
    const CODE: u8 = 0x83;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        let (mut rest, mut designators) = (content, Vec::new());
        while let Some((designator, behind)) = Designator::split_from(rest) {
            designators.push(designator);
            rest = behind;
        }
        Ok(Self { designators })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{Command as _, InquiryPage};

    const PAGE: [u8; 20] = [0, 0x83, 0, 16, 1, 3, 0, 4, 0x60, 1, 2, 3, 2, 0x11, 0, 4, b'd', 0x1b, b's', b'k'];

    fn parse(data: &[u8]) -> Result<DeviceIdentification, CommandError> {
        InquiryPage::new().parse(bytes::Bytes::copy_from_slice(data))
    }

    #[test]
    fn designators_in_the_order_of_the_target() {
        let identification = parse(&PAGE).unwrap();
        let names: Vec<_> = identification.designators.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["naa.60010203", "t10.d?sk"]);
        let associations: Vec<_> = identification.designators.iter().map(|name| name.association).collect();
        assert_eq!(associations, [0, 1]);
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..PAGE.len() {
            let expected = match length {
                0..4 => None,
                4..12 => Some(0),
                _ => Some(1),
            };
            let found = parse(&PAGE[..length]).ok().map(|page| page.designators.len());
            assert_eq!(found, expected, "{length}");
        }
        assert!(parse(&[0, 0x80, 0, 0]).is_err());
    }

    #[test]
    fn the_length_of_the_page_bounds_the_designators() {
        for (length, expected) in [(0, 0), (7, 0), (8, 1), (15, 1), (16, 2), (17, 2), (255, 2)] {
            let page = [&[0, 0x83, 0, length], &PAGE[4..]].concat();
            assert_eq!(parse(&page).unwrap().designators.len(), expected, "{length}");
        }
    }
}
