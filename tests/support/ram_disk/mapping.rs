//! The bytes of a medium that are mapped (SBC-3, 4.7): those that were written and not unmapped since.

use std::collections::BTreeMap;

use super::medium::Extent;

/// Ranges by their first byte, each with its end. They do not touch each other.
#[derive(Clone, Default)]
pub(super) struct Mapping(BTreeMap<u64, u64>);

impl Mapping {
    /// True if all of the extent is mapped.
    pub(super) fn covers(&self, extent: Extent) -> bool {
        let (is_mapped, end) = self.run_at(extent.offset);
        extent.length == 0 || is_mapped && end >= extent.end()
    }

    /// Whether the byte at `offset` is mapped, and the first byte behind it of which the opposite is true.
    pub(super) fn run_at(&self, offset: u64) -> (bool, u64) {
        match self.0.range(..=offset).next_back() {
            Some((_, end)) if *end > offset => (true, *end),
            _ => (false, self.0.range(offset..).next().map_or(u64::MAX, |(start, _)| *start)),
        }
    }

    /// Maps an extent.
    pub(super) fn map(&mut self, extent: Extent) {
        let (mut start, mut end) = (extent.offset, extent.end());
        if start >= end {
            return;
        }
        if let Some((before, its_end)) = self.0.range(..=start).next_back()
            && *its_end >= start
        {
            (start, end) = (*before, end.max(*its_end));
        }
        while let Some((inner, its_end)) = self.0.range(start..=end).next() {
            let inner = *inner;
            end = end.max(*its_end);
            self.0.remove(&inner);
        }
        self.0.insert(start, end);
    }

    /// Unmaps an extent.
    pub(super) fn unmap(&mut self, extent: Extent) {
        let (start, end) = (extent.offset, extent.end());
        if start >= end {
            return;
        }
        while let Some((first, its_end)) = self.0.range(..end).next_back() {
            let (first, its_end) = (*first, *its_end);
            if its_end <= start {
                return;
            }
            self.0.remove(&first);
            if its_end > end {
                self.0.insert(end, its_end);
            }
            if first < start {
                self.0.insert(first, start);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(offset: u64, end: u64) -> Extent {
        Extent { offset, length: end - offset }
    }

    /// Each sequence of two extents that are mapped and one that is unmapped, against a list of all bytes.
    #[test]
    fn every_order_of_three_small_extents_agrees_with_a_list_of_bytes() {
        const SIZE: u64 = 6;
        let extents: Vec<_> =
            (0..=SIZE).flat_map(|start| (start..=SIZE).map(move |end| extent(start, end))).collect();
        for first in &extents {
            for second in &extents {
                for third in &extents {
                    let mut mapping = Mapping::default();
                    mapping.map(*first);
                    mapping.unmap(*third);
                    mapping.map(*second);
                    mapping.unmap(extent(2, 3));
                    let is_in = |extent: &Extent, at| (extent.offset..extent.end()).contains(&at);
                    let is_mapped =
                        |at| at != 2 && (is_in(second, at) || is_in(first, at) && !is_in(third, at));
                    for at in 0..=SIZE {
                        let end = (at..=SIZE).find(|other| is_mapped(*other) != is_mapped(at));
                        let expected = (is_mapped(at), end.unwrap_or(u64::MAX));
                        assert_eq!(mapping.run_at(at), expected, "{first:?} {third:?} {second:?} {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn runs_end_where_the_opposite_begins() {
        let mut mapping = Mapping::default();
        assert_eq!(mapping.run_at(0), (false, u64::MAX));
        mapping.map(extent(10, 20));
        mapping.map(extent(20, 30));
        assert_eq!([mapping.run_at(0), mapping.run_at(10)], [(false, 10), (true, 30)]);
        assert_eq!([mapping.run_at(29), mapping.run_at(30)], [(true, 30), (false, u64::MAX)]);
        mapping.unmap(extent(15, 16));
        assert_eq!([mapping.run_at(10), mapping.run_at(15)], [(true, 15), (false, 16)]);
        assert!(mapping.covers(extent(16, 30)) && !mapping.covers(extent(14, 17)));
        assert!(mapping.covers(extent(15, 15)));
    }
}
