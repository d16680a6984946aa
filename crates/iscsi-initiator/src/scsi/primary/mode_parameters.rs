//! Mode parameters: header, block descriptors and pages (SPC-4, 7.5; SBC-3, 6.4).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::mode_block_descriptor::ModeBlockDescriptor;
use super::mode_page::ModePage;

/// WP of a block device.
const WRITE_PROTECTED: u8 = 0x80;
/// DPOFUA of a block device.
const DPO_AND_FUA: u8 = 0x10;
/// LONGLBA of the long header.
const LONG_LBA: u8 = 0x01;

/// What MODE SENSE returns, and MODE SELECT sends. A list that is cut off is shorter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModeParameters {
    /// The kind of medium; 0 for a block device.
    pub medium_type: u8,
    /// Flags whose meaning depends on the kind of device. A block device has [`write_protected`](Self::write_protected) and
    /// [`dpo_and_fua`](Self::dpo_and_fua) in them.
    pub device_specific: u8,
    /// The block descriptors; a block device has one at most.
    pub block_descriptors: Vec<ModeBlockDescriptor>,
    /// The pages in the target's order. The last one may have been cut off ([`ModePage::missing`]).
    pub pages: Vec<ModePage>,
}

impl ModeParameters {
    /// Returns whether a block device is write-protected (WP).
    #[must_use]
    pub const fn write_protected(&self) -> bool {
        self.device_specific & WRITE_PROTECTED != 0
    }

    /// Returns whether reads and writes of a block device may have the bits DPO and FUA (DPOFUA).
    #[must_use]
    pub const fn dpo_and_fua(&self) -> bool {
        self.device_specific & DPO_AND_FUA != 0
    }

    /// Returns the first page with this code and subpage code.
    #[must_use]
    pub fn page(&self, code: u8, subpage: u8) -> Option<&ModePage> {
        self.pages.iter().find(|page| page.code == code && page.subpage == subpage)
    }

    /// Parses the data of MODE SENSE (6); `None` if they end within the header of 4 bytes.
    #[must_use]
    pub fn parse_6(bytes: &[u8]) -> Option<Self> {
        let (&[length, medium_type, device_specific, descriptors], rest) = bytes.split_first_chunk::<4>()?;
        // The length counts the bytes behind itself.
        let rest = rest.get(..usize::from(length).saturating_sub(3)).unwrap_or(rest);
        Some(Self::parse_lists([medium_type, device_specific], rest, descriptors.into(), false))
    }

    /// Parses the data of MODE SENSE (10); `None` if they end within the header of 8 bytes.
    #[must_use]
    pub fn parse_10(bytes: &[u8]) -> Option<Self> {
        let (&[high, low, medium_type, device_specific, flags, _, a, b], rest) =
            bytes.split_first_chunk::<8>()?;
        let length = usize::from(u16::from_be_bytes([high, low])).saturating_sub(6);
        let rest = rest.get(..length).unwrap_or(rest);
        let descriptors = u16::from_be_bytes([a, b]).into();
        Some(Self::parse_lists([medium_type, device_specific], rest, descriptors, flags & LONG_LBA != 0))
    }

    /// Some units send block descriptors although DBD is set.
    fn parse_lists(
        [medium_type, device_specific]: [u8; 2],
        rest: &[u8],
        descriptors: usize,
        has_long_lba: bool,
    ) -> Self {
        let (descriptors, pages) = rest.split_at_checked(descriptors).unwrap_or((rest, &[]));
        let block_descriptors = if has_long_lba {
            descriptors.as_chunks().0.iter().map(|bytes| ModeBlockDescriptor::parse_long(*bytes)).collect()
        } else {
            descriptors.as_chunks().0.iter().map(|bytes| ModeBlockDescriptor::parse_short(*bytes)).collect()
        };
        Self { medium_type, device_specific, block_descriptors, pages: ModePage::parse_all(pages) }
    }

    /// Returns the list that MODE SELECT (6) sends: the header without length and flags, the block descriptors, and the pages
    /// without PS. `None` if the list is longer than 255 bytes, if the size of a block descriptor does not fit, or if a page was
    /// cut off.
    #[must_use]
    pub fn to_list_6(&self) -> Option<Bytes> {
        let descriptors = self.short_descriptors()?;
        let mut list = BytesMut::new();
        list.put_slice(&[0, self.medium_type, 0, u8::try_from(descriptors.len()).ok()?]);
        list.put_slice(&descriptors);
        self.put_pages(&mut list)?;
        Some(list.freeze()).filter(|list| u8::try_from(list.len()).is_ok())
    }

    /// Returns the list that MODE SELECT (10) sends, with block descriptors in the short form if they all fit it, otherwise in
    /// the long form. `None` if the list is longer than 65535 bytes, or if a page was cut off.
    #[must_use]
    pub fn to_list_10(&self) -> Option<Bytes> {
        let (descriptors, flags) = match self.short_descriptors() {
            Some(short) => (short, 0),
            None => (self.long_descriptors(), LONG_LBA),
        };
        let mut list = BytesMut::new();
        list.put_slice(&[0, 0, self.medium_type, 0, flags, 0]);
        list.put_u16(u16::try_from(descriptors.len()).ok()?);
        list.put_slice(&descriptors);
        self.put_pages(&mut list)?;
        Some(list.freeze()).filter(|list| u16::try_from(list.len()).is_ok())
    }

    fn short_descriptors(&self) -> Option<Vec<u8>> {
        let all: Option<Vec<_>> =
            self.block_descriptors.iter().map(|descriptor| descriptor.to_short()).collect();
        all.map(|all| all.concat())
    }

    fn long_descriptors(&self) -> Vec<u8> {
        self.block_descriptors.iter().flat_map(|descriptor| descriptor.to_long()).collect()
    }

    fn put_pages(&self, list: &mut BytesMut) -> Option<()> {
        self.pages.iter().try_for_each(|page| page.put(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [u8; 8] = [0x88, 2, 0x04, 0x01, 0x4a, 0x01, 0, 0];

    fn descriptor(blocks: u64) -> ModeBlockDescriptor {
        ModeBlockDescriptor { blocks, block_length: 512 }
    }

    fn short() -> Vec<u8> {
        [&[19, 1, 0x90, 8, 0, 0, 3, 0xe8, 0, 0, 2, 0][..], &PAGES].concat()
    }

    fn long() -> Vec<u8> {
        let header = [0, 30, 1, 0x10, 0x01, 0, 0, 16];
        [&header[..], &1_u64.rotate_right(16).to_be_bytes(), &[0, 0, 0, 0, 0, 0, 2, 0], &PAGES].concat()
    }

    #[test]
    fn both_headers_with_descriptors_and_pages() {
        let found = ModeParameters::parse_6(&short()).unwrap();
        assert_eq!((found.medium_type, found.write_protected(), found.dpo_and_fua()), (1, true, true));
        assert_eq!(found.block_descriptors, [descriptor(1000)]);
        assert_eq!(found.page(0x08, 0).unwrap().bytes, [0x04, 0x01]);
        assert!(found.page(0x0a, 1).is_some() && found.page(0x0a, 0).is_none());
        let found = ModeParameters::parse_10(&long()).unwrap();
        assert_eq!((found.medium_type, found.write_protected(), found.dpo_and_fua()), (1, false, true));
        assert_eq!((found.block_descriptors, found.pages.len()), (vec![descriptor(1 << 48)], 2));
        let header = [&[0, 22, 1, 0, 0, 0, 0, 8], &short()[4..]].concat();
        assert_eq!(ModeParameters::parse_10(&header).unwrap().block_descriptors, [descriptor(1000)]);
    }

    #[test]
    fn data_cut_off_at_every_length() {
        let (short, long) = (short(), long());
        for length in 0..short.len() {
            let found = ModeParameters::parse_6(&short[..length]);
            let counts = found.map(|found| (found.block_descriptors.len(), found.pages.len()));
            let expected = match length {
                0..4 => None,
                4..12 => Some((0, 0)),
                12..14 => Some((1, 0)),
                _ => Some((1, 1)),
            };
            assert_eq!(counts, expected, "{length}");
        }
        for length in 0..long.len() {
            let found = ModeParameters::parse_10(&long[..length]);
            let counts = found.map(|found| (found.block_descriptors.len(), found.pages.len()));
            let expected = match length {
                0..8 => None,
                8..24 => Some((0, 0)),
                24..26 => Some((1, 0)),
                _ => Some((1, 1)),
            };
            assert_eq!(counts, expected, "{length}");
        }
    }

    #[test]
    fn lengths_in_the_header_that_do_not_fit_the_data() {
        let with = |at: usize, byte| {
            let mut data = short();
            data[at] = byte;
            let found = ModeParameters::parse_6(&data).unwrap();
            (found.block_descriptors.len(), found.pages.len())
        };
        assert_eq!([with(0, 0), with(0, 3), with(0, 11), with(0, 19)], [(0, 0), (0, 0), (1, 0), (1, 2)]);
        assert_eq!([with(0, 255), with(3, 255), with(3, 16)], [(1, 2), (2, 0), (2, 0)]);
        assert_eq!(with(3, 0).0, 0);
    }

    #[test]
    fn what_was_read_is_sent_without_what_only_the_unit_states() {
        let found = ModeParameters::parse_6(&short()).unwrap();
        let expected = [&[0, 1, 0, 8, 0, 0, 3, 0xe8, 0, 0, 2, 0, 0x08][..], &PAGES[1..]].concat();
        assert_eq!(found.to_list_6().unwrap(), expected);
        let expected = [&[0, 0, 1, 0, 0, 0, 0, 8], &expected[4..]].concat();
        assert_eq!(found.to_list_10().unwrap(), expected);
        let found = ModeParameters::parse_10(&long()).unwrap();
        assert_eq!(found.to_list_6(), None, "the size does not fit the short descriptor");
        let expected = [&[0, 0, 1, 0, 1, 0, 0, 16], &long()[8..24], &[0x08], &PAGES[1..]].concat();
        assert_eq!(found.to_list_10().unwrap(), expected);
    }

    #[test]
    fn lists_that_are_too_long_or_have_a_page_that_was_cut_off() {
        let of_page = |length: usize| {
            let page = ModePage { code: 0x08, bytes: vec![0; length], ..ModePage::default() };
            ModeParameters { pages: vec![page], ..ModeParameters::default() }
        };
        assert!(of_page(249).to_list_6().is_some_and(|list| list.len() == 255));
        assert!(of_page(250).to_list_6().is_none() && of_page(250).to_list_10().is_some());
        assert!(of_page(256).to_list_10().is_none(), "a page without subpages has 255 bytes at most");
        let cut = ModeParameters::parse_6(&short()[..15]).unwrap();
        assert_eq!((cut.to_list_6(), cut.to_list_10()), (None, None));
        let many = ModeParameters { block_descriptors: vec![descriptor(1); 32], ..ModeParameters::default() };
        assert!(many.to_list_6().is_none() && many.to_list_10().is_some());
        let many = ModeParameters { block_descriptors: vec![descriptor(1); 8192], ..many };
        assert!(many.to_list_10().is_none());
    }
}
