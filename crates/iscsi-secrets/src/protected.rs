//! Memory for secrets in use: locked against swapping and left out of core dumps, where the system allows that.

use std::sync::{Mutex, PoisonError};

use memmap2::{MmapMut, MmapOptions};
use zeroize::{Zeroize, Zeroizing};

/// What one piece of memory holds at most, in octets: the smallest unit that a system can lock.
const PAGE_OCTETS: usize = 4096;

/// Locked pages that are kept for the next secret. Getting one from the system costs more than a lookup.
static SPARE_PAGES: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// How many pages are kept; a process may lock 2048 of them by default.
const MAX_SPARE_PAGES: usize = 64;

/// Octets in memory of their own, wiped when they are dropped.
///
/// Where pages cannot be had or locked (`RLIMIT_MEMLOCK`), ordinary memory takes their place.
pub(crate) struct ProtectedOctets {
    room: Room,
    length: usize,
}

enum Room {
    /// Taken from [`SPARE_PAGES`] and given back to it; `None` only while it is given back.
    Page(Option<MmapMut>),
    Ordinary(Zeroizing<Box<[u8]>>),
}

impl ProtectedOctets {
    /// Copies `octets` in.
    pub(crate) fn of(octets: &[u8]) -> Self {
        let mut protected = Self::zeroed(octets.len());
        protected.room().copy_from_slice(octets);
        protected
    }

    /// `length` octets that are written in place; what a failing `fill` wrote is wiped.
    pub(crate) fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut protected = Self::zeroed(length);
        fill(protected.room())?;
        Ok(protected)
    }

    /// The octets.
    pub(crate) fn expose(&self) -> &[u8] {
        match &self.room {
            Room::Page(page) => page.as_deref().and_then(|page| page.get(..self.length)).unwrap_or_default(),
            Room::Ordinary(octets) => octets,
        }
    }

    fn zeroed(length: usize) -> Self {
        let page = (length <= PAGE_OCTETS).then(take_page).flatten();
        let room = page.map_or_else(
            || Room::Ordinary(Zeroizing::new(vec![0; length].into_boxed_slice())),
            |page| Room::Page(Some(page)),
        );
        Self { room, length }
    }

    fn room(&mut self) -> &mut [u8] {
        match &mut self.room {
            Room::Page(page) => {
                page.as_deref_mut().and_then(|page| page.get_mut(..self.length)).unwrap_or_default()
            }
            Room::Ordinary(octets) => octets,
        }
    }
}

impl Drop for ProtectedOctets {
    fn drop(&mut self) {
        self.room().zeroize();
        if let Room::Page(place) = &mut self.room
            && let Some(page) = place.take()
        {
            give_back(page);
        }
    }
}

fn take_page() -> Option<MmapMut> {
    let spare = SPARE_PAGES.lock().unwrap_or_else(PoisonError::into_inner).pop();
    spare.or_else(new_page)
}

/// A page that is full of zeros, locked and kept out of core dumps as far as the system lets us.
fn new_page() -> Option<MmapMut> {
    let page = MmapOptions::new().len(PAGE_OCTETS).map_anon().ok()?;
    _ = page.lock();
    #[cfg(target_os = "linux")]
    {
        _ = page.advise(memmap2::Advice::DontDump);
    }
    Some(page)
}

fn give_back(page: MmapMut) {
    let mut spare = SPARE_PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() < MAX_SPARE_PAGES {
        spare.push(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_a_page_given_back_is_empty() {
        let octets = ProtectedOctets::of(b"\0\xff some octets");
        assert_eq!(octets.expose(), b"\0\xff some octets");
        let address = octets.expose().as_ptr();
        drop(octets);
        let next: Vec<ProtectedOctets> =
            (0..MAX_SPARE_PAGES).map(|_| ProtectedOctets::filled(64, |_| Ok::<_, ()>(())).unwrap()).collect();
        assert!(next.iter().all(|octets| octets.expose() == [0; 64]));
        assert!(next.iter().filter(|octets| octets.expose().as_ptr() == address).count() <= 1);
    }

    #[test]
    fn what_a_failing_fill_wrote_is_not_given_out() {
        let failed = ProtectedOctets::filled(4, |room| {
            room.copy_from_slice(b"half");
            Err("no more")
        });
        assert_eq!(failed.err(), Some("no more"));
    }

    #[test]
    fn more_pages_than_are_kept_and_more_octets_than_a_page_work_too() {
        let many: Vec<ProtectedOctets> = (0..=255).map(|octet| ProtectedOctets::of(&[octet; 12])).collect();
        assert!(many.iter().zip(0..=255).all(|(octets, octet)| octets.expose() == [octet; 12]));
        assert_eq!(ProtectedOctets::of(&[7; 5000]).expose(), [7; 5000]);
    }

    /// The kernel's own word: `lo` is locked, `dd` is left out of core dumps.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_page_is_locked_and_not_dumped() {
        let octets = ProtectedOctets::of(b"canary");
        let address = octets.expose().as_ptr().addr();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut flags = maps.lines().skip_while(|line| !covers(line, address));
        let flags = flags.find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
        let flags: Vec<&str> = flags.split_whitespace().collect();
        assert!(flags.contains(&"lo") && flags.contains(&"dd"), "{flags:?}");
    }

    /// Whether this line of `smaps` begins the mapping that holds `address`.
    #[cfg(target_os = "linux")]
    fn covers(line: &str, address: usize) -> bool {
        let range = line.split_whitespace().next().and_then(|range| range.split_once('-'));
        let number = |text| usize::from_str_radix(text, 16).ok();
        let range = range.and_then(|(begin, end)| Some(number(begin)?..number(end)?));
        range.is_some_and(|range| range.contains(&address))
    }
}
