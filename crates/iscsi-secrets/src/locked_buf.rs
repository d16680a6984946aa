//! Memory for secrets in use: locked against swapping and left out of core dumps, where the system allows that.

use std::sync::{Mutex, PoisonError};

use memmap2::{MmapMut, MmapOptions};
use zeroize::{Zeroize, Zeroizing};

/// The most bytes in one piece of memory: the smallest unit that a system can lock.
const PAGE_BYTES: usize = 4096;

/// Locked pieces that are kept for the next secret of the same length. Getting one from the system costs more than a
/// lookup.
static SPARE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// The most pieces kept; a process may lock 2048 pages by default.
const MAX_SPARE: usize = 64;

/// Bytes in memory of their own, wiped when they are dropped.
///
/// Where pages cannot be had or locked (`RLIMIT_MEMLOCK`), ordinary memory takes their place. Both kinds are exactly as
/// long as the content, so no length is kept beside them that could disagree.
pub(crate) struct LockedBuf(Memory);

enum Memory {
    /// Taken from [`SPARE`] and given back to it.
    Locked(MmapMut),
    Ordinary(Zeroizing<Box<[u8]>>),
}

impl LockedBuf {
    /// Copies `bytes` in.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut protected = Self::zeroed(bytes.len());
        protected.room().copy_from_slice(bytes);
        protected
    }

    /// `length` bytes that are written in place; what a failing `fill` wrote is wiped.
    pub(crate) fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut protected = Self::zeroed(length);
        fill(protected.room())?;
        Ok(protected)
    }

    /// The bytes.
    pub(crate) fn expose(&self) -> &[u8] {
        match &self.0 {
            Memory::Locked(piece) => piece,
            Memory::Ordinary(bytes) => bytes,
        }
    }

    fn zeroed(length: usize) -> Self {
        let piece = (length <= PAGE_BYTES).then(|| take_piece(length)).flatten();
        Self(piece.map_or_else(|| ordinary(length), Memory::Locked))
    }

    fn room(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Locked(piece) => piece,
            Memory::Ordinary(bytes) => bytes,
        }
    }
}

impl Drop for LockedBuf {
    fn drop(&mut self) {
        self.room().zeroize();
        if let Memory::Locked(piece) = std::mem::replace(&mut self.0, ordinary(0)) {
            give_back(piece);
        }
    }
}

fn ordinary(length: usize) -> Memory {
    Memory::Ordinary(Zeroizing::new(vec![0; length].into_boxed_slice()))
}

fn take_piece(length: usize) -> Option<MmapMut> {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let found = spare.iter().position(|piece| piece.len() == length).map(|index| spare.swap_remove(index));
    drop(spare);
    found.or_else(|| new_piece(length))
}

/// Memory that is full of zeros, locked and kept out of core dumps as far as the system allows.
fn new_piece(length: usize) -> Option<MmapMut> {
    let piece = MmapOptions::new().len(length).map_anon().ok()?;
    _ = piece.lock();
    #[cfg(target_os = "linux")]
    {
        _ = piece.advise(memmap2::Advice::DontDump);
    }
    Some(piece)
}

fn give_back(piece: MmapMut) {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() < MAX_SPARE {
        spare.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_memory_given_back_is_empty() {
        let bytes = LockedBuf::of(b"\0\xff some bytes");
        assert_eq!(bytes.expose(), b"\0\xff some bytes");
        let address = bytes.expose().as_ptr();
        drop(bytes);
        let next: Vec<LockedBuf> =
            (0..MAX_SPARE).map(|_| LockedBuf::filled(13, |_| Ok::<_, ()>(())).unwrap()).collect();
        assert!(next.iter().all(|bytes| bytes.expose() == [0; 13]));
        assert!(next.iter().filter(|bytes| bytes.expose().as_ptr() == address).count() <= 1);
    }

    #[test]
    fn what_a_failing_fill_wrote_is_not_given_out() {
        let failed = LockedBuf::filled(4, |room| {
            room.copy_from_slice(b"half");
            Err("no more")
        });
        assert_eq!(failed.err(), Some("no more"));
    }

    #[test]
    fn more_pages_than_are_kept_and_more_bytes_than_a_page_work_too() {
        let many: Vec<LockedBuf> = (0..=255).map(|byte| LockedBuf::of(&[byte; 12])).collect();
        assert!(many.iter().zip(0..=255).all(|(bytes, byte)| bytes.expose() == [byte; 12]));
        assert_eq!(LockedBuf::of(&[7; 5000]).expose(), [7; 5000]);
    }

    /// A secret that came out shorter than it went in, or empty, would be a weaker one.
    #[test]
    fn every_length_comes_out_whole_whatever_lies_spare() {
        let lengths = [1, 12, 16, 32, 255, PAGE_BYTES, PAGE_BYTES + 1];
        for _ in 0..3 {
            for length in lengths {
                let content = vec![0x5a; length];
                assert_eq!(LockedBuf::of(&content).expose(), content);
            }
        }
    }

    /// The kernel's own word: `lo` is locked, `dd` is left out of core dumps.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_page_is_locked_and_not_dumped() {
        let bytes = LockedBuf::of(b"canary");
        let address = bytes.expose().as_ptr().addr();
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
