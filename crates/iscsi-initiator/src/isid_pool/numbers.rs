//! Numbers of ISIDs in use.

use std::collections::BTreeSet;

/// The numbers that this process uses in one scope.
#[derive(Default)]
pub(super) struct Numbers {
    in_use: BTreeSet<u16>,
    /// All numbers below it were in use in some process when last checked. The search begins here, so that it does not
    /// pass over thousands of sessions each time.
    full_below: u16,
}

impl Numbers {
    /// The lowest number from `first` on that this process does not use.
    pub(super) fn lowest_free(&self, first: u16) -> Option<u16> {
        (first.max(self.full_below)..=u16::MAX).find(|number| !self.in_use.contains(number))
    }

    /// Records that the lowest free number is in use.
    pub(super) fn insert_lowest(&mut self, number: u16) {
        self.insert(number);
        self.full_below = number.saturating_add(1);
    }

    /// Records that a free number is in use.
    pub(super) fn insert(&mut self, number: u16) {
        self.in_use.insert(number);
    }

    /// Makes the next search start from the beginning, since other processes may have returned numbers.
    pub(super) const fn look_again(&mut self) {
        self.full_below = 0;
    }

    /// Returns a number; true when none is left in use.
    pub(super) fn remove(&mut self, number: u16) -> bool {
        self.in_use.remove(&number);
        self.full_below = self.full_below.min(number);
        self.in_use.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn the_lowest_that_is_free() {
        let mut numbers = Numbers::default();
        for number in 0..5 {
            numbers.insert_lowest(number);
        }
        assert!(!numbers.remove(3));
        assert_eq!(numbers.lowest_free(0), Some(3));
        assert!(!numbers.remove(1));
        assert_eq!((numbers.lowest_free(0), numbers.lowest_free(2)), (Some(1), Some(3)));
        numbers.insert_lowest(1);
        numbers.insert_lowest(3);
        assert_eq!(numbers.lowest_free(0), Some(5));
    }

    #[test]
    fn every_number_once() {
        let mut numbers = Numbers::default();
        for expected in 0..=u16::MAX {
            assert_eq!(numbers.lowest_free(0), Some(expected));
            numbers.insert_lowest(expected);
        }
        assert_eq!(numbers.lowest_free(0), None);
        assert_eq!((0..=u16::MAX).filter(|number| numbers.remove(*number)).collect::<Vec<_>>(), [u16::MAX]);
    }

    #[test]
    fn a_number_taken_out_of_order_hides_none_below_it() {
        let mut numbers = Numbers::default();
        numbers.insert(7);
        assert_eq!((numbers.lowest_free(0), numbers.lowest_free(7)), (Some(0), Some(8)));
        numbers.insert_lowest(0);
        assert_eq!((numbers.lowest_free(0), numbers.remove(7)), (Some(1), false));
        assert_eq!(numbers.lowest_free(7), Some(7));
    }
}
