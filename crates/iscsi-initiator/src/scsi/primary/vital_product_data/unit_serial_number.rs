//! Page 0x80: the serial number of the unit (SPC-4, 7.8.18).

use super::VpdPage;
use crate::scsi::CommandError;
use crate::scsi::primary::printable_text::printable;

/// The serial number of the logical unit: printable ASCII without the blanks at the ends; other characters are replaced. Empty if
/// the unit has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UnitSerialNumber(pub String);

impl VpdPage for UnitSerialNumber {
    const CODE: u8 = 0x80;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        Ok(Self(printable(content)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{Command as _, InquiryPage};

    fn parse(data: &[u8]) -> Result<String, CommandError> {
        InquiryPage::<UnitSerialNumber>::new().parse(bytes::Bytes::copy_from_slice(data)).map(|page| page.0)
    }

    fn page(length: u8, text: &[u8]) -> Vec<u8> {
        [&[0, 0x80, 0, length], text].concat()
    }

    #[test]
    fn serial_numbers() {
        assert_eq!(parse(&page(6, b" S001 ")), Ok("S001".to_owned()));
        assert_eq!(parse(&page(4, b"S001rest")), Ok("S001".to_owned()));
        assert_eq!(parse(&page(0, b"")), Ok(String::new()));
    }

    #[test]
    fn data_cut_off_at_every_length() {
        let whole = page(5, b"S0012");
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "{length}");
        }
        assert!(parse(&[0, 0x83, 0, 0]).is_err());
    }

    #[test]
    fn a_number_that_fills_the_allocation_length_is_cut_off() {
        let long = [&[0, 0x80, 0x04, 0x00][..], &[b'x'; 1020]].concat();
        assert_eq!(parse(&long).unwrap().len(), 1020);
        assert!(parse(&long[..1023]).is_err());
    }
}
