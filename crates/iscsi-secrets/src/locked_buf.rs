//! Memory for secrets in use: locked against swapping and excluded from core dumps, where the system allows it.

use std::sync::{Mutex, PoisonError};

use memmap2::{MmapMut, MmapOptions};
use zeroize::{Zeroize, Zeroizing};

/// The most bytes in one mapping: the smallest unit that a system can lock.
const PAGE_BYTES: usize = 4096;

/// Locked mappings kept for the next secret of the same length. Mapping a page costs more than a lookup in a store.
static SPARE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// The most mappings kept; a process may lock 2048 pages by default.
const MAX_SPARE: usize = 64;

/// Bytes in a mapping of their own, zeroized on drop.
///
/// Ordinary memory takes the place of pages that cannot be mapped or locked (`RLIMIT_MEMLOCK`). Both kinds are exactly
/// as long as the content, so there is no separate length that could disagree with it.
pub(crate) struct LockedBuf(Memory);

enum Memory {
    /// Taken from [`SPARE`], and returned to it on drop.
    Locked(MmapMut),
    Ordinary(Zeroizing<Box<[u8]>>),
}

impl LockedBuf {
    /// Copies `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut protected = Self::zeroed(bytes.len());
        // Only memory of its own can be locked, so the bytes are copied; dropping the buffer wipes the copy.
        protected.expose_mut().copy_from_slice(bytes);
        protected
    }

    /// A buffer of `length` bytes that `fill` writes in place. If it fails, the bytes it wrote are wiped.
    pub(crate) fn filled<E>(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut protected = Self::zeroed(length);
        fill(protected.expose_mut())?;
        Ok(protected)
    }

    /// The bytes.
    pub(crate) fn expose(&self) -> &[u8] {
        match &self.0 {
            Memory::Locked(mapping) => mapping,
            Memory::Ordinary(bytes) => bytes,
        }
    }

    fn zeroed(length: usize) -> Self {
        let mapping = (length <= PAGE_BYTES).then(|| take_mapping(length)).flatten();
        Self(mapping.map_or_else(|| ordinary(length), Memory::Locked))
    }

    fn expose_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Locked(mapping) => mapping,
            Memory::Ordinary(bytes) => bytes,
        }
    }
}

impl Drop for LockedBuf {
    fn drop(&mut self) {
        // Before the mapping goes back: the next secret of this length gets it as it is.
        self.expose_mut().zeroize();
        if let Memory::Locked(mapping) = std::mem::replace(&mut self.0, ordinary(0)) {
            give_back(mapping);
        }
    }
}

fn ordinary(length: usize) -> Memory {
    Memory::Ordinary(Zeroizing::new(vec![0; length].into_boxed_slice()))
}

fn take_mapping(length: usize) -> Option<MmapMut> {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let found =
        spare.iter().position(|mapping| mapping.len() == length).map(|index| spare.swap_remove(index));
    drop(spare);
    found.or_else(|| new_mapping(length))
}

/// A mapping full of zeros, locked and excluded from core dumps as far as the system allows it.
fn new_mapping(length: usize) -> Option<MmapMut> {
    let mapping = MmapOptions::new().len(length).map_anon().ok()?;
    // A refused lock (RLIMIT_MEMLOCK) is no reason to fail: the secret would then be in memory that can be swapped, as
    // it would be without a mapping.
    _ = mapping.lock();
    #[cfg(target_os = "linux")]
    {
        _ = mapping.advise(memmap2::Advice::DontDump);
    }
    Some(mapping)
}

fn give_back(mapping: MmapMut) {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() < MAX_SPARE {
        spare.push(mapping);
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
        let failed = LockedBuf::filled(4, |buffer| {
            buffer.copy_from_slice(b"half");
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

    /// A secret that is truncated on the way would be weaker.
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

    /// Flags in `smaps`: `lo` is locked, `dd` is excluded from core dumps.
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
