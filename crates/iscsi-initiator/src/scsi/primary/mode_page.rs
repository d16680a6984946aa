//! Mode page (SPC-4, 7.5.6).

use bytes::{BufMut as _, BytesMut};

/// A mode page as the target sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModePage {
    /// Its code, 0 to 0x3f.
    pub code: u8,
    /// The code of its subpage; 0 for a page that has none.
    pub subpage: u8,
    /// The unit can save the page (PS).
    pub savable: bool,
    /// Its bytes, without the header of two bytes, or four with a subpage. Offsets in the standard count from the header.
    pub bytes: Vec<u8>,
    /// The number of bytes that are missing because the data of the target ended; 0 for a page that is complete. A page that is
    /// not is the last one, and cannot be sent with MODE SELECT.
    pub missing: usize,
}

impl ModePage {
    /// PS.
    const SAVABLE: u8 = 0x80;
    /// SPF.
    const HAS_SUBPAGE: u8 = 0x40;

    /// Pages one behind the other. The last one may be cut off; if its header is, it is left out.
    pub(super) fn parse_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut pages = Vec::new();
        while let Some((page, behind)) = Self::split_from(bytes) {
            pages.push(page);
            bytes = behind;
        }
        pages
    }

    fn split_from(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&[first, second], behind) = bytes.split_first_chunk::<2>()?;
        let (subpage, length, body) = if first & Self::HAS_SUBPAGE == 0 {
            (0, usize::from(second), behind)
        } else {
            let (length, body) = behind.split_first_chunk::<2>()?;
            (second, usize::from(u16::from_be_bytes(*length)), body)
        };
        let (bytes, behind) = body.split_at_checked(length).unwrap_or((body, &[]));
        let page = Self {
            code: first & 0x3f,
            subpage,
            savable: first & Self::SAVABLE != 0,
            bytes: bytes.to_vec(),
            missing: length - bytes.len(),
        };
        Some((page, behind))
    }

    /// Writes the page as MODE SELECT sends it, without PS; `None` if it is too long or was cut off.
    pub(super) fn put(&self, list: &mut BytesMut) -> Option<()> {
        if self.missing > 0 {
            return None;
        }
        let code = self.code & 0x3f;
        match self.subpage {
            0 => list.put_slice(&[code, u8::try_from(self.bytes.len()).ok()?]),
            subpage => {
                list.put_slice(&[code | Self::HAS_SUBPAGE, subpage]);
                list.put_u16(u16::try_from(self.bytes.len()).ok()?);
            }
        }
        list.put_slice(&self.bytes);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [u8; 11] = [0x88, 3, 4, 5, 6, 0x4a, 0x01, 0, 2, 7, 8];

    fn pages() -> [ModePage; 2] {
        let (caching, control) = (vec![4, 5, 6], vec![7, 8]);
        [
            ModePage { code: 0x08, subpage: 0, savable: true, bytes: caching, missing: 0 },
            ModePage { code: 0x0a, subpage: 1, savable: false, bytes: control, missing: 0 },
        ]
    }

    #[test]
    fn pages_with_and_without_subpage() {
        assert_eq!(ModePage::parse_all(&PAGES), pages());
        assert_eq!(ModePage::parse_all(&[0, 0]), [ModePage::default()]);
    }

    #[test]
    fn pages_cut_off_at_every_length() {
        for length in 0..PAGES.len() {
            let found = ModePage::parse_all(&PAGES[..length]);
            let expected = match length {
                0..2 => 0,
                2..9 => 1,
                _ => 2,
            };
            assert_eq!(found.len(), expected, "{length}");
            let missing = found.last().map_or(0, |page| page.missing);
            let expected = [0, 0, 3, 2, 1, 0, 0, 0, 0, 2, 1][length];
            assert_eq!(missing, expected, "{length}");
        }
    }

    #[test]
    fn pages_are_sent_without_ps() {
        let mut list = BytesMut::new();
        assert!(pages().iter().all(|page| page.put(&mut list).is_some()));
        assert_eq!(list[..], [&[0x08], &PAGES[1..]].concat());
    }

    #[test]
    fn pages_that_cannot_be_sent() {
        let put = |subpage, length: usize, missing| {
            let bytes = vec![0; length];
            ModePage { subpage, bytes, missing, ..ModePage::default() }.put(&mut BytesMut::new()).is_some()
        };
        assert_eq!(
            [put(0, 255, 0), put(0, 256, 0), put(1, 65535, 0), put(1, 65536, 0)],
            [true, false, true, false]
        );
        assert!(!put(0, 1, 1));
    }
}
