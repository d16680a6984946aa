//! Comparisons of two sources.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::PIECES;
use super::parts::{Part, Parts, is_zero};
use super::progress::Progress;
use super::source::Source;
use crate::failure::Failure;

/// Two ranges of the same length.
pub(crate) struct Comparison<'a> {
    pub(crate) first: (&'a Source, u64),
    pub(crate) second: (&'a Source, u64),
    pub(crate) length: u64,
}

impl Comparison<'_> {
    /// Returns the number of equal bytes before the first that differs; `None` if none does.
    ///
    /// # Cancel safety
    /// When the future is dropped, nothing has changed.
    pub(crate) async fn run(&self, progress: &Progress) -> Result<Option<u64>, Failure> {
        let mut work = Ordered::default();
        let mut parts = [self.first, self.second]
            .map(|(source, offset)| (Parts::new(source, offset..offset + self.length, true), None));
        let mut next = 0;
        while next < self.length {
            let [first, second] = &mut parts;
            let known =
                [at_hand(first, self.first.1 + next).await?, at_hand(second, self.second.1 + next).await?];
            let length = known.iter().map(|part| part.range.end - part.range.start).min().unwrap_or(0);
            if length == 0 {
                break;
            }
            if let Some(at) = work.make_place(progress).await? {
                return Ok(Some(at));
            }
            work.push(next, self.step(next..next + length, known.map(|part| part.is_zero)));
            next += length;
        }
        work.finish(progress).await
    }

    /// Compares a piece; a side that is zeros without being read is not read.
    fn step(&self, range: Range<u64>, is_zero: [bool; 2]) -> Step {
        let sides = [self.first, self.second].map(|(source, offset)| (source.clone(), offset + range.start));
        let length = range.end - range.start;
        tokio::spawn(async move {
            let [(first, from), (second, to)] = sides;
            let [first_is_zero, second_is_zero] = is_zero;
            let (first, second) = tokio::try_join!(
                read(first, from, length, first_is_zero),
                read(second, to, length, second_is_zero)
            )?;
            Ok(difference(first.as_deref(), second.as_deref()))
        })
    }
}

async fn read(source: Source, offset: u64, length: u64, is_zero: bool) -> Result<Option<Bytes>, Failure> {
    if is_zero { Ok(None) } else { source.read(offset, length).await.map(Some) }
}

/// The part that begins here.
async fn at_hand((parts, at_hand): &mut (Parts<'_>, Option<Part>), start: u64) -> Result<Part, Failure> {
    let known = match at_hand.take() {
        Some(part) if part.range.end > start => Some(part),
        _ => parts.next().await?,
    };
    let end = Part { range: start..start, is_zero: true };
    let Part { range, is_zero } = known.unwrap_or(end);
    let part = Part { range: start..range.end, is_zero };
    *at_hand = Some(part.clone());
    Ok(part)
}

/// The offset of the first difference; data that were not read are zeros.
fn difference(first: Option<&[u8]>, second: Option<&[u8]>) -> Option<u64> {
    let at = match (first, second) {
        (Some(first), Some(second)) if first == second => None,
        (Some(first), Some(second)) => first.iter().zip(second).position(|(one, other)| one != other),
        (Some(data), None) | (None, Some(data)) if is_zero(data) => None,
        (Some(data), None) | (None, Some(data)) => data.iter().position(|byte| *byte != 0),
        (None, None) => None,
    };
    at.map(|at| at as u64)
}

/// Comparisons under way, in the order of the data, so that the first difference is found first.
#[derive(Default)]
struct Ordered(VecDeque<(u64, Step)>);

/// A piece that is being compared.
type Step = JoinHandle<Result<Option<u64>, Failure>>;

impl Ordered {
    fn push(&mut self, start: u64, step: Step) {
        self.0.push_back((start, step));
    }

    /// Waits until another may begin. Returns the first difference, if there is one.
    async fn make_place(&mut self, progress: &Progress) -> Result<Option<u64>, Failure> {
        while self.0.len() >= PIECES {
            if let Some(at) = self.await_first(progress).await? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    async fn finish(mut self, progress: &Progress) -> Result<Option<u64>, Failure> {
        while !self.0.is_empty() {
            if let Some(at) = self.await_first(progress).await? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    async fn await_first(&mut self, progress: &Progress) -> Result<Option<u64>, Failure> {
        let Some((start, step)) = self.0.pop_front() else { return Ok(None) };
        progress.set(start);
        match step.await {
            Ok(found) => Ok(found?.map(|at| start + at)),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl Drop for Ordered {
    fn drop(&mut self) {
        self.0.iter().for_each(|(_, step)| step.abort());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::super::source::LocalFile;
    use super::*;

    fn source(content: &[u8], hole: u64) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.set_len(content.len() as u64 + hole).unwrap();
        Source::File(LocalFile::new(file, Path::new("file")))
    }

    async fn compare(first: &Source, second: &Source, offsets: (u64, u64), length: u64) -> Option<u64> {
        let (first, second) = ((first, offsets.0), (second, offsets.1));
        Comparison { first, second, length }.run(&Progress::new()).await.ok().unwrap()
    }

    #[tokio::test]
    async fn the_first_difference_is_found() {
        let mut data: Vec<u8> = (0..20_000_000_u32).map(|at| (at % 251) as u8).collect();
        let original = source(&data, 0);
        assert_eq!(compare(&original, &original, (0, 0), 20_000_000).await, None);
        // A period apart.
        assert_eq!(compare(&original, &original, (0, 251), 19_999_749).await, None);
        assert_eq!(compare(&original, &original, (0, 250), 100).await, Some(0));
        for at in [19_999_999, 5_000_000, 1_048_576, 1_048_575, 0] {
            data[at] ^= 1;
            let other = source(&data, 0);
            assert_eq!(compare(&original, &other, (0, 0), 20_000_000).await, Some(at as u64));
        }
        assert_eq!(compare(&original, &original, (0, 0), 0).await, None);
    }

    #[tokio::test]
    async fn holes_are_zeros() {
        let zeros = source(&vec![0; 3_000_000], 0);
        let hole = source(&[], 3_000_000);
        assert_eq!(compare(&zeros, &hole, (0, 0), 3_000_000).await, None);
        assert_eq!(compare(&hole, &zeros, (0, 0), 3_000_000).await, None);
        assert_eq!(compare(&hole, &hole, (0, 5), 2_999_995).await, None);
        let mut data = vec![0; 3_000_000];
        data[2_500_000] = 1;
        let other = source(&data, 0);
        assert_eq!(compare(&hole, &other, (0, 0), 3_000_000).await, Some(2_500_000));
        assert_eq!(compare(&other, &hole, (1, 0), 2_999_999).await, Some(2_499_999));
    }
}
