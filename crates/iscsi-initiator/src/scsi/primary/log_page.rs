//! Log page (SPC-4, 7.3.2).

use bytes::Bytes;

/// A log page. What its bytes are depends on its code: parameters in most pages, codes of pages in page 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPage {
    /// Its code, 0 to 0x3f.
    pub code: u8,
    /// The code of its subpage; 0 for none.
    pub subpage: u8,
    /// The unit does not save the page (DS).
    pub save_disabled: bool,
    /// Its bytes, without the header of four; fewer than the target states if the page was cut off.
    pub bytes: Bytes,
    /// The number of bytes that the page has by the target's count.
    pub length: u16,
}

/// A log parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogParameter {
    /// Its code.
    pub code: u16,
    /// The byte of its flags: DU, TSD, ETC, TMC, and its format in the last two bits (SPC-4, 7.3.2.2).
    pub flags: u8,
    /// Its value.
    pub bytes: Bytes,
}

impl LogParameter {
    /// Returns whether the unit leaves the parameter as it is (DU).
    #[must_use]
    pub const fn is_not_updated(&self) -> bool {
        self.flags & 0x80 != 0
    }

    /// Returns the format of the value: 0 a counter, 1 ASCII, 2 a counter or another binary value, 3 a binary list.
    #[must_use]
    pub const fn format(&self) -> u8 {
        self.flags & 0x03
    }

    /// Returns the value as a number; `None` if it has no bytes or more than eight.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let fits = (1..=8).contains(&self.bytes.len());
        fits.then(|| self.bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl LogPage {
    /// `None` if the data end within the header.
    pub(super) fn parse(data: &Bytes) -> Option<Self> {
        const SAVE_DISABLED: u8 = 0x80;
        const HAS_SUBPAGE: u8 = 0x40;
        let (&[first, subpage, high, low], rest) = data.split_first_chunk::<4>()?;
        let length = u16::from_be_bytes([high, low]);
        Some(Self {
            code: first & 0x3f,
            subpage: if first & HAS_SUBPAGE == 0 { 0 } else { subpage },
            save_disabled: first & SAVE_DISABLED != 0,
            bytes: data.slice_ref(rest.get(..length.into()).unwrap_or(rest)),
            length,
        })
    }

    /// Returns the parameters in the target's order; one that is cut off ends the list.
    #[must_use]
    pub fn parameters(&self) -> Vec<LogParameter> {
        let (mut rest, mut parameters) = (self.bytes.as_ref(), Vec::new());
        while let Some((&[high, low, flags, length], body)) = rest.split_first_chunk::<4>() {
            let Some((bytes, behind)) = body.split_at_checked(length.into()) else { break };
            let code = u16::from_be_bytes([high, low]);
            parameters.push(LogParameter { code, flags, bytes: self.bytes.slice_ref(bytes) });
            rest = behind;
        }
        parameters
    }

    /// Returns the codes of the pages in page 0.
    #[must_use]
    pub fn page_codes(&self) -> Vec<u8> {
        self.bytes.iter().map(|code| code & 0x3f).collect()
    }

    /// Returns the codes of pages and subpages in a page whose subpage code is 0xff.
    #[must_use]
    pub fn subpage_codes(&self) -> Vec<(u8, u8)> {
        let (pairs, _) = self.bytes.as_chunks::<2>();
        pairs.iter().map(|[page, subpage]| (page & 0x3f, *subpage)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The temperature page: two parameters.
    const PAGE: [u8; 16] = [0xcd, 0x02, 0, 12, 0x12, 0x34, 0x83, 2, 0x01, 0x19, 0, 1, 0x01, 2, 0, 60];

    fn parse(data: &[u8]) -> Option<LogPage> {
        LogPage::parse(&Bytes::copy_from_slice(data))
    }

    #[test]
    fn parameters_of_a_page() {
        let page = parse(&PAGE).unwrap();
        assert_eq!((page.code, page.subpage, page.save_disabled, page.length), (0x0d, 2, true, 12));
        let parameters = page.parameters();
        let bytes = Bytes::from_static(&[0x01, 0x19]);
        assert_eq!(parameters[0], LogParameter { code: 0x1234, flags: 0x83, bytes });
        assert_eq!(parameters.iter().map(LogParameter::number).collect::<Vec<_>>(), [Some(281), Some(60)]);
        let formats: Vec<_> = parameters.iter().map(|one| (one.is_not_updated(), one.format())).collect();
        assert_eq!(formats, [(true, 3), (false, 1)]);
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..PAGE.len() {
            let count = parse(&PAGE[..length]).map(|page| page.parameters().len());
            let expected = match length {
                0..4 => None,
                4..10 => Some(0),
                _ => Some(1),
            };
            assert_eq!(count, expected, "{length}");
        }
    }

    #[test]
    fn the_length_in_the_header_bounds_the_parameters() {
        for (length, expected) in [(0, 0), (5, 0), (6, 1), (11, 1), (12, 2), (13, 2), (255, 2)] {
            let data = [&PAGE[..3], &[length], &PAGE[4..]].concat();
            assert_eq!(parse(&data).unwrap().parameters().len(), expected, "{length}");
        }
    }

    #[test]
    fn lists_of_pages() {
        let pages = parse(&[0x00, 0xff, 0, 3, 0x00, 0x02, 0x0d]).unwrap();
        assert_eq!((pages.subpage, pages.page_codes()), (0, vec![0x00, 0x02, 0x0d]));
        let subpages = parse(&[0x40, 0xff, 0, 5, 0x00, 0xff, 0x0d, 0x01, 0x10]).unwrap();
        assert_eq!((subpages.subpage, subpages.subpage_codes()), (0xff, vec![(0, 0xff), (0x0d, 1)]));
    }

    #[test]
    fn numbers_have_one_to_eight_bytes() {
        for length in 0..=9 {
            let bytes = Bytes::from(vec![0xff; length]);
            let parameter = LogParameter { bytes, ..LogParameter::default() };
            assert_eq!(parameter.number().is_some(), (1..=8).contains(&length), "{length}");
        }
    }
}
