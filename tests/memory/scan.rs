//! Looking for secrets in all the memory of this process.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use zeroize::Zeroize as _;

use crate::canary::Canary;
use crate::form::{self, Form};
use crate::region::Region;

/// Bytes read at a time.
const PIECE: usize = 4096;

/// One less than the widest form: pieces overlap by it.
const OVERLAP: usize = 15;

/// A secret to search for, with its name in reports.
pub(crate) type Wanted<'a> = (&'static str, &'a Canary);

/// The memory of this process, and a buffer for a piece of it.
struct Memory {
    file: File,
    piece: [u8; PIECE + OVERLAP],
}

/// Reads every region; one line for each place, which says where it is and nothing of what is there.
pub(crate) fn scan(wanted: &[Wanted<'_>]) -> Vec<String> {
    let mut memory = Memory { file: File::open("/proc/self/mem").unwrap(), piece: [0; PIECE + OVERLAP] };
    Region::all().iter().flat_map(|region| memory.look_at(region, wanted)).collect()
}

impl Memory {
    fn look_at(&mut self, region: &Region, wanted: &[Wanted<'_>]) -> Vec<String> {
        let mut found = Vec::new();
        for begin in (region.begin..region.end).step_by(PIECE) {
            let bytes = usize::try_from(region.end - begin).unwrap().min(self.piece.len());
            self.file.read_exact_at(&mut self.piece[..bytes], begin).unwrap();
            for (name, form, at) in places(&self.piece[..bytes], wanted) {
                let offset = begin - region.begin + at as u64;
                found.push(format!("{} of the {name} in {}, offset {offset:#x}", form.name, region.name));
            }
            // A secret in this buffer must not be found again when the buffer itself is scanned.
            self.piece.zeroize();
        }
        found
    }
}

/// The offsets and forms of fragments in these bytes. Most of a stack was never used and is skipped.
fn places(bytes: &[u8], wanted: &[Wanted<'_>]) -> Vec<(&'static str, &'static Form, usize)> {
    if bytes == &[0; PIECE + OVERLAP][..bytes.len()] {
        return Vec::new();
    }
    let windows =
        form::ALL.iter().flat_map(|form| bytes.windows(form.width).enumerate().map(move |at| (form, at)));
    let fragments = windows.filter_map(|(form, (at, window))| Some((form, at, (form.read)(window)?)));
    let places = fragments.flat_map(|(form, at, fragment)| {
        let held = wanted.iter().filter(move |(_, canary)| canary.holds(fragment));
        held.map(move |(name, _)| (*name, form, at))
    });
    places.collect()
}
