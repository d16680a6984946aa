//! Parts of a source: those that hold data, and those that are zeros without being read.

use std::fs::File;
use std::ops::Range;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use super::PIECE_LENGTH;
use super::source::Source;
use crate::failure::Failure;

/// The most bytes of zeros of one piece, so that progress shows.
const MOST_ZEROS: u64 = 1 << 30;
/// Zeros in data are looked for in pieces of so many bytes.
const GRAIN: usize = 64 << 10;

/// A part of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) range: Range<u64>,
    /// Whether it reads as zeros.
    pub(crate) is_zero: bool,
}

/// The parts of a range, one behind the other, each of which is short enough for one step.
pub(crate) struct Parts<'a> {
    source: &'a Source,
    /// Whether the source is asked what it holds.
    asks: bool,
    /// The part at hand.
    known: Part,
    end: u64,
    /// The most bytes of a piece of data.
    most: u64,
}

impl<'a> Parts<'a> {
    /// The parts of a range; without `asks`, all of it is data.
    pub(crate) const fn new(source: &'a Source, range: Range<u64>, asks: bool) -> Self {
        let known = Part { range: range.start..range.start, is_zero: false };
        Self { source, asks, known, end: range.end, most: PIECE_LENGTH }
    }

    /// Makes pieces of data so long, for a target that copies them by itself.
    pub(crate) const fn lengthen(&mut self, most: u64) {
        self.most = most;
    }

    /// The next part.
    ///
    /// # Cancel safety
    /// When the future is dropped, no part is lost.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, Failure> {
        if self.known.range.is_empty() {
            let start = self.known.range.end;
            if start >= self.end {
                return Ok(None);
            }
            self.known = self.part_from(start).await?;
        }
        let Range { start, end } = self.known.range;
        let is_zero = self.known.is_zero;
        // Pieces of data end at a multiple of their length, so that those of whole blocks stay such.
        let boundary = start - start % self.most + self.most;
        let piece_end = if is_zero { start.saturating_add(MOST_ZEROS) } else { boundary }.min(end);
        self.known.range.start = piece_end;
        Ok(Some(Part { range: start..piece_end, is_zero }))
    }

    /// What the source says of the bytes from here on.
    async fn part_from(&self, start: u64) -> Result<Part, Failure> {
        let rest = start..self.end;
        if !self.asks {
            return Ok(Part { range: rest, is_zero: false });
        }
        match self.source {
            Source::Unit(device) => {
                let parts = device.block_status(start, self.end - start).await?;
                // Those of the same kind are one: data are then read in longer pieces.
                let is_zero = parts.first().is_some_and(|first| first.reads_zeros);
                let same = parts.iter().take_while(|part| part.reads_zeros == is_zero);
                let length: u64 = same.map(|part| part.length).sum();
                let end = if length == 0 { self.end } else { start + length };
                Ok(Part { range: start..end, is_zero })
            }
            Source::File(file) => file.with("read", move |file| Ok(of_file(file, rest))).await,
        }
    }
}

/// The data or the hole at the beginning of the range. A file system that does not know holes has data alone.
fn of_file(file: &File, rest: Range<u64>) -> Part {
    let data = |range| Part { range, is_zero: false };
    match seek(file, SeekFrom::Data(rest.start)) {
        Ok(found) if found > rest.start => Part { range: rest.start..found.min(rest.end), is_zero: true },
        Ok(_) => match seek(file, SeekFrom::Hole(rest.start)) {
            Ok(hole) if hole > rest.start => data(rest.start..hole.min(rest.end)),
            _ => data(rest),
        },
        // Behind the last data.
        Err(Errno::NXIO) => Part { range: rest, is_zero: true },
        Err(_) => data(rest),
    }
}

/// Divides data into runs that are zeros and runs that are not, each with its length.
pub(crate) fn runs(data: &[u8]) -> Vec<(usize, bool)> {
    let mut runs: Vec<(usize, bool)> = Vec::new();
    for grain in data.chunks(GRAIN) {
        let is_zero = is_zero(grain);
        match runs.last_mut() {
            Some((length, last)) if *last == is_zero => *length += grain.len(),
            _ => runs.push((grain.len(), is_zero)),
        }
    }
    runs
}

pub(super) fn is_zero(data: &[u8]) -> bool {
    let (words, rest) = data.as_chunks::<16>();
    words.iter().all(|word| u128::from_ne_bytes(*word) == 0) && rest.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;
    use std::path::Path;

    use super::super::source::LocalFile;
    use super::*;

    #[test]
    fn zeros_are_found_in_whole_grains() {
        let mut data = vec![0; 5 * GRAIN + 100];
        data[GRAIN + 5] = 1;
        data[2 * GRAIN] = 1;
        assert_eq!(runs(&data), [(GRAIN, true), (2 * GRAIN, false), (2 * GRAIN + 100, true)]);
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[0; 17]), [(17, true)]);
        let mut last = [0; 17];
        last[16] = 1;
        assert_eq!(runs(&last), [(17, false)]);
        last = [0; 17];
        last[15] = 1;
        assert_eq!(runs(&last), [(17, false)]);
    }

    async fn all(source: &Source, range: Range<u64>, asks: bool) -> Vec<(u64, u64, bool)> {
        let mut parts = Parts::new(source, range, asks);
        let mut found = Vec::new();
        while let Some(Part { range, is_zero }) = parts.next().await.ok().unwrap() {
            found.push((range.start, range.end, is_zero));
        }
        found
    }

    /// Holes of files are zeros, and data come in pieces that end at a multiple of their length.
    #[tokio::test]
    async fn files_with_holes_have_parts() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(10 << 20).unwrap();
        file.write_all_at(&[1; 4096], 4 << 20).unwrap();
        let source = Source::File(LocalFile::new(file, Path::new("file")));
        let mib = 1 << 20;
        let expected =
            [(0, 4 * mib, true), (4 * mib, 4 * mib + 4096, false), (4 * mib + 4096, 10 * mib, true)];
        assert_eq!(all(&source, 0..10 * mib, true).await, expected);
        let piece = PIECE_LENGTH;
        let pieces = [(100, piece, false), (piece, 2 * piece, false), (2 * piece, 2 * piece + 1, false)];
        assert_eq!(all(&source, 100..2 * piece + 1, false).await, pieces);
        assert_eq!(all(&source, 5..5, true).await, []);
        // Zeros are divided too.
        let (first, end) = (4 * mib + 4096, 10 * mib);
        assert_eq!(all(&source, first..end, true).await, [(first, end, true)]);
    }
}
