//! The medium of one logical unit: pages in memory, shared between clones until one of them writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::mapping::Mapping;

/// Bytes of a page.
const PAGE: usize = 16 << 10;

/// The pages that hold something else than zeros, by their place.
type Pages = BTreeMap<u64, Arc<[u8]>>;

/// Bytes in memory, zeros at first. A clone costs one reference count.
#[derive(Clone, Default)]
pub(super) struct Medium {
    pages: Arc<Pages>,
    /// The bytes that were written and not unmapped since.
    mapping: Arc<Mapping>,
}

/// A range of the medium, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Extent {
    /// The first byte behind it.
    pub(super) fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    /// The part of a page that it has, and whether that is all of it.
    fn within(self, page: u64) -> (std::ops::Range<usize>, bool) {
        let start = page.saturating_mul(PAGE as u64);
        let place = |offset: u64| usize::try_from(offset.saturating_sub(start)).unwrap_or(PAGE).min(PAGE);
        let part = place(self.offset)..place(self.end());
        let is_all = part == (0..PAGE);
        (part, is_all)
    }

    /// The places of its pages.
    fn pages(self) -> std::ops::Range<u64> {
        let page = PAGE as u64;
        self.offset / page..self.end().div_ceil(page)
    }
}

impl Medium {
    /// The pages of an extent as they are now, whatever is written later.
    pub(super) fn snapshot(&self, extent: Extent) -> Snapshot {
        let pages = self.pages.range(extent.pages()).map(|(at, page)| (*at, Arc::clone(page)));
        Snapshot { offset: extent.offset, pages: pages.collect() }
    }

    pub(super) fn read(&self, extent: Extent) -> Bytes {
        self.snapshot(extent).read(0, usize::try_from(extent.length).unwrap_or(usize::MAX))
    }

    pub(super) fn write(&mut self, offset: u64, mut data: &[u8]) {
        self.map(Extent { offset, length: u64::try_from(data.len()).unwrap_or(u64::MAX) });
        let (mut at, mut start) = place(offset);
        while !data.is_empty() {
            let (piece, rest) = data.split_at(data.len().min(PAGE - start));
            let page = Arc::make_mut(&mut self.pages).entry(at).or_insert_with(|| Arc::from([0; PAGE]));
            if let Some(part) = Arc::make_mut(page).get_mut(start..start + piece.len()) {
                part.copy_from_slice(piece);
            }
            (at, start, data) = (at + 1, 0, rest);
        }
    }

    /// Makes an extent zeros, which take no memory.
    pub(super) fn zero(&mut self, extent: Extent) {
        let places: Vec<_> = self.pages.range(extent.pages()).map(|(at, _)| *at).collect();
        for at in places {
            let pages = Arc::make_mut(&mut self.pages);
            match extent.within(at) {
                (_, true) => drop(pages.remove(&at)),
                (part, false) => {
                    let page = pages.get_mut(&at).and_then(|page| Arc::make_mut(page).get_mut(part));
                    page.unwrap_or_default().fill(0);
                }
            }
        }
    }

    /// Notes that an extent is mapped.
    pub(super) fn map(&mut self, extent: Extent) {
        if !self.mapping.covers(extent) {
            Arc::make_mut(&mut self.mapping).map(extent);
        }
    }

    /// Forgets an extent, which reads as zeros then.
    pub(super) fn unmap(&mut self, extent: Extent) {
        self.zero(extent);
        Arc::make_mut(&mut self.mapping).unmap(extent);
    }

    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Copies an extent from another medium.
    pub(super) fn copy_from(&mut self, other: &Self, extent: Extent) {
        if Arc::ptr_eq(&self.pages, &other.pages) && Arc::ptr_eq(&self.mapping, &other.mapping) {
            return;
        }
        self.unmap(extent);
        for (at, page) in other.pages.range(extent.pages()) {
            match extent.within(*at) {
                (_, true) => drop(Arc::make_mut(&mut self.pages).insert(*at, Arc::clone(page))),
                (part, false) => {
                    let start = at * PAGE as u64 + part.start as u64;
                    self.write(start, page.get(part).unwrap_or_default());
                }
            }
        }
        self.copy_mapping(other, extent);
    }

    fn copy_mapping(&mut self, other: &Self, extent: Extent) {
        let mapping = Arc::make_mut(&mut self.mapping);
        let mut at = extent.offset;
        while at < extent.end() {
            let (is_mapped, end) = other.mapping.run_at(at);
            let run = Extent { offset: at, length: end.min(extent.end()) - at };
            if is_mapped {
                mapping.map(run);
            } else {
                mapping.unmap(run);
            }
            at = end;
        }
    }
}

/// The page of an offset, and the place in it.
fn place(offset: u64) -> (u64, usize) {
    (offset / PAGE as u64, usize::try_from(offset % PAGE as u64).unwrap_or_default())
}

/// The contents of an extent at some time.
#[derive(Clone)]
pub(super) struct Snapshot {
    offset: u64,
    pages: Vec<(u64, Arc<[u8]>)>,
}

impl Snapshot {
    /// A copy of `length` bytes from this offset in the extent on.
    pub(super) fn read(&self, offset: u64, length: usize) -> Bytes {
        let (mut at, mut start) = place(self.offset.saturating_add(offset));
        let mut data = BytesMut::with_capacity(length);
        while data.len() < length {
            let piece = (length - data.len()).min(PAGE - start);
            match self.page(at).and_then(|page| page.get(start..start + piece)) {
                Some(bytes) => data.extend_from_slice(bytes),
                None => data.resize(data.len() + piece, 0),
            }
            (at, start) = (at + 1, 0);
        }
        data.freeze()
    }

    fn page(&self, at: u64) -> Option<&[u8]> {
        let found = self.pages.binary_search_by_key(&at, |page| page.0).ok()?;
        self.pages.get(found).map(|page| &*page.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(medium: &Medium, offset: u64, length: u64) -> Vec<u8> {
        medium.read(Extent { offset, length }).into()
    }

    #[test]
    fn writes_cross_pages_and_leave_the_rest_alone() {
        let mut medium = Medium::default();
        let data: Vec<u8> = (0..PAGE * 2 + 2).map(|at| (at % 251 + 1).to_le_bytes()[0]).collect();
        medium.write(PAGE as u64 - 1, &data);
        assert_eq!(bytes(&medium, PAGE as u64 - 3, 3), [0, 0, 1]);
        assert_eq!(bytes(&medium, PAGE as u64 - 1, data.len() as u64), data);
        assert_eq!(bytes(&medium, 3 * PAGE as u64, 3), [data[data.len() - 1], 0, 0]);
    }

    #[test]
    fn clones_and_snapshots_keep_their_contents() {
        let mut medium = Medium::default();
        medium.write(0, b"old");
        let (clone, snapshot) = (medium.clone(), medium.snapshot(Extent { offset: 0, length: 3 }));
        medium.write(0, b"new");
        assert_eq!(bytes(&medium, 0, 3), b"new");
        assert_eq!((bytes(&clone, 0, 3), &snapshot.read(0, 3)[..]), (b"old".to_vec(), &b"old"[..]));
    }

    #[test]
    fn copies_are_cut_at_both_ends() {
        let (mut from, mut to) = (Medium::default(), Medium::default());
        from.write(0, &vec![7; 2 * PAGE]);
        to.copy_from(&from, Extent { offset: 2, length: PAGE as u64 });
        assert_eq!(bytes(&to, 0, 4), [0, 0, 7, 7]);
        assert_eq!(bytes(&to, PAGE as u64, 4), [7, 7, 0, 0]);
    }

    #[test]
    fn zeros_take_no_page_and_are_cut_at_both_ends() {
        let mut medium = Medium::default();
        medium.write(0, &vec![7; 3 * PAGE]);
        medium.zero(Extent { offset: 2, length: 2 * PAGE as u64 });
        assert_eq!(bytes(&medium, 0, 4), [7, 7, 0, 0]);
        assert_eq!(bytes(&medium, 2 * PAGE as u64, 4), [0, 0, 7, 7]);
        assert_eq!(medium.pages.len(), 2);
        assert!(medium.mapping.covers(Extent { offset: 0, length: 3 * PAGE as u64 }));
    }

    #[test]
    fn what_was_unmapped_is_unmapped_in_a_copy() {
        let (mut from, mut to) = (Medium::default(), Medium::default());
        to.write(0, &vec![7; 2 * PAGE]);
        from.write(0, &vec![8; 2 * PAGE]);
        from.unmap(Extent { offset: 0, length: PAGE as u64 + 1 });
        to.copy_from(&from, Extent { offset: 1, length: 2 * PAGE as u64 - 2 });
        assert_eq!([bytes(&to, 0, 2), bytes(&to, PAGE as u64, 2)], [[7, 0], [0, 8]]);
        assert_eq!(bytes(&to, 2 * PAGE as u64 - 2, 2), [8, 7]);
        assert_eq!([to.mapping.run_at(0), to.mapping.run_at(1)], [(true, 1), (false, PAGE as u64 + 1)]);
    }
}
