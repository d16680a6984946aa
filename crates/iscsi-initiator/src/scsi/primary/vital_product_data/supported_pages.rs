//! Page 0x00: the pages that the unit has (SPC-4, 7.8.16).

use super::{VpdPage, wrong_page};
use crate::scsi::CommandError;

/// The pages of vital product data that the unit has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SupportedVpdPages {
    /// Their codes in the target's order, 0x00 first. Pages that were cut off are missing.
    pub codes: Vec<u8>,
}

impl SupportedVpdPages {
    /// Returns whether the unit has a page of this code.
    #[must_use]
    pub fn contains(&self, page: u8) -> bool {
        self.codes.contains(&page)
    }
}

impl VpdPage for SupportedVpdPages {
    const CODE: u8 = 0x00;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        match content.first() {
            None | Some(&Self::CODE) => Ok(Self { codes: content.to_vec() }),
            Some(first) => {
                Err(wrong_page(Self::CODE, &format!("it begins with page 0x{first:02x} instead of 0x00")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{Command as _, InquiryPage};

    const PAGE: [u8; 8] = [0, 0, 0, 4, 0x00, 0x80, 0x83, 0xb0];

    fn parse(data: &[u8]) -> Result<SupportedVpdPages, CommandError> {
        InquiryPage::up_to(8).parse(bytes::Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_codes_in_the_order_of_the_target() {
        let pages = parse(&PAGE).unwrap();
        assert_eq!(pages.codes, [0x00, 0x80, 0x83, 0xb0]);
        assert!(pages.contains(0x83) && !pages.contains(0xb1));
    }

    #[test]
    fn a_list_that_does_not_begin_with_itself_is_an_error() {
        assert!(parse(&[0, 0, 0, 2, 0x80, 0x83]).is_err());
        assert_eq!(parse(&[0, 0, 0, 0]), Ok(SupportedVpdPages::default()));
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..PAGE.len() {
            // Fewer bytes than the allocation length are no page that was cut off.
            assert!(parse(&PAGE[..length]).is_err(), "{length}");
            let cut = InquiryPage::<SupportedVpdPages>::up_to(u16::try_from(length).unwrap());
            let cut = cut.parse(bytes::Bytes::copy_from_slice(&PAGE[..length]));
            assert_eq!(cut.ok().map(|pages| pages.codes.len()), length.checked_sub(4), "{length}");
        }
    }
}
