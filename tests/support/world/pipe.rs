//! One direction of a connection.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Seed;

/// Properties of a pipe. Ranges are drawn from anew for each write or read.
#[derive(Clone, Debug)]
pub struct PipeSettings {
    /// The time from the write of a byte to its arrival, unless bytes before it arrive later.
    pub latency: RangeInclusive<Duration>,
    /// The most bytes that one read delivers, at least 1.
    pub pieces: RangeInclusive<usize>,
    /// The most bytes that are written and not yet read, at least 1.
    pub capacity: usize,
}

impl Default for PipeSettings {
    /// No latency, pieces of any length, and 64 KiB.
    fn default() -> Self {
        let whole = usize::MAX..=usize::MAX;
        Self { latency: Duration::ZERO..=Duration::ZERO, pieces: whole, capacity: 1 << 16 }
    }
}

/// The bytes on their way from a writer to a reader, as in one direction of a TCP connection. Clones share the bytes.
#[derive(Clone, Debug)]
pub struct Pipe {
    settings: PipeSettings,
    seed: Seed,
    /// Written bytes, in order, each write with the time of its arrival.
    in_transit: VecDeque<(Duration, Bytes)>,
    /// The number of bytes in transit in front of a cut.
    length: usize,
    crossed: u64,
    /// Arrival of the last write, which none after it overtakes.
    last_arrival: Duration,
    /// The most bytes that the next read delivers.
    next_piece: usize,
    end: Option<End>,
    /// Bits to invert, by the offset of their byte.
    damages: BTreeMap<u64, NonZero<u8>>,
}

/// The end of a pipe.
#[derive(Clone, Copy, Debug)]
struct End {
    /// Number of bytes that cross before it.
    offset: u64,
    ending: Ending,
    /// The earliest time at which the reader sees it.
    arrival: Duration,
}

/// The way in which a pipe ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The reader gets an end of stream, the writer an error.
    EndOfStream,
    /// The reader gets an error, and so does the writer.
    Reset,
    /// Neither is told: bytes of the writer vanish until the pipe is full, and the reader waits.
    Silence,
}

/// The result of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// At least one byte.
    Data(Bytes),
    /// Nothing has arrived yet.
    Nothing,
    /// The writer closed, or the pipe was cut so.
    EndOfStream,
    /// The pipe was cut by a reset.
    Reset,
}

/// The error of a write whose bytes have no way to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipe ended after {crossed} bytes")]
pub struct BrokenPipe {
    /// The number of bytes that cross, or have crossed, before the end.
    pub crossed: u64,
}

impl Pipe {
    /// An empty pipe; latencies and pieces are drawn from the seed.
    #[must_use]
    pub fn new(settings: PipeSettings, seed: Seed) -> Self {
        let mut pipe = Self {
            settings,
            seed,
            in_transit: VecDeque::new(),
            length: 0,
            crossed: 0,
            last_arrival: Duration::ZERO,
            next_piece: 1,
            end: None,
            damages: BTreeMap::new(),
        };
        pipe.draw_piece();
        pipe
    }

    /// The number of bytes that the reader has taken.
    #[must_use]
    pub const fn crossed(&self) -> u64 {
        self.crossed
    }

    /// The number of bytes that were taken from the writer, without those that a cut discarded.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.crossed + self.length as u64
    }

    /// The number of bytes that a write can add.
    #[must_use]
    pub const fn free(&self) -> usize {
        self.settings.capacity.saturating_sub(self.length)
    }

    /// Writes as many of the bytes as there is space for, and returns their number.
    ///
    /// # Errors
    /// The pipe has ended, and the writer may know it.
    pub fn write(&mut self, bytes: &Bytes, now: Duration) -> Result<usize, BrokenPipe> {
        let length = bytes.len().min(self.free()).min(self.until_end()?);
        if length > 0 {
            let arrival = self.draw_arrival(now);
            self.in_transit.push_back((arrival, bytes.slice(..length)));
            self.length += length;
        }
        Ok(length)
    }

    /// The number of bytes that a writer can still send in front of the end.
    fn until_end(&self) -> Result<usize, BrokenPipe> {
        match self.end {
            Some(End { offset, ending: Ending::EndOfStream | Ending::Reset, .. }) => {
                let left = usize::try_from(offset.saturating_sub(self.written())).unwrap_or(usize::MAX);
                if left == 0 { Err(BrokenPipe { crossed: offset }) } else { Ok(left) }
            }
            Some(End { ending: Ending::Silence, .. }) | None => Ok(usize::MAX),
        }
    }

    /// Closes the side of the writer: the end of the stream arrives after all bytes.
    pub fn close(&mut self, now: Duration) {
        let (offset, arrival) = (self.written(), self.draw_arrival(now));
        if self.end.is_none_or(|cut| offset < cut.offset) {
            self.end = Some(End { offset, ending: Ending::EndOfStream, arrival });
        }
    }

    /// Lets `offset` bytes of the stream cross and no more. Those that are on their way behind them are lost. Bytes that
    /// have crossed cannot be taken back, and an end in front of this cut stays; one at the same place is replaced.
    pub fn cut_after(&mut self, offset: u64, ending: Ending) {
        let offset = offset.max(self.crossed);
        if self.end.is_none_or(|earlier| offset <= earlier.offset) {
            self.end = Some(End { offset, ending, arrival: Duration::ZERO });
            if ending != Ending::Silence {
                let kept = usize::try_from(offset - self.crossed).unwrap_or(usize::MAX);
                self.length = self.length.min(kept);
            }
        }
    }

    /// Cuts the pipe in front of the next byte.
    pub fn cut(&mut self, ending: Ending) {
        self.cut_after(self.crossed, ending);
    }

    /// Cuts a connection: this pipe in front of the next byte, and the other one behind the bytes on their way, which arrive
    /// unless the connection was reset or neither side is told.
    pub fn cut_with(&mut self, other: &mut Self, ending: Ending) {
        self.cut(ending);
        match ending {
            Ending::EndOfStream => other.cut_after(other.written(), ending),
            Ending::Reset | Ending::Silence => other.cut(ending),
        }
    }

    /// True if a write would take bytes, or fail.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.free() > 0 || self.until_end().is_err()
    }

    /// Inverts bits of the byte at this offset of the stream; false if it has crossed already.
    #[must_use]
    pub fn damage(&mut self, offset: u64, bits: NonZero<u8>) -> bool {
        let is_ahead = offset >= self.crossed;
        if is_ahead {
            self.damages.insert(offset, bits);
        }
        is_ahead
    }

    /// The number of bytes that a read delivers now.
    #[must_use]
    pub fn ready(&self, now: Duration) -> usize {
        let arrived = self.in_transit.iter().take_while(|(arrival, _)| *arrival <= now);
        let arrived: usize = arrived.map(|(_, bytes)| bytes.len()).sum();
        let before_end = self.end.map_or(u64::MAX, |end| end.offset - self.crossed);
        arrived.min(self.next_piece).min(usize::try_from(before_end).unwrap_or(usize::MAX))
    }

    /// The time at which there is something to read, which may be in the past; `None` while nothing is on its way.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        match self.end {
            Some(End { ending: Ending::Silence, offset, .. }) if offset == self.crossed => None,
            Some(End { offset, arrival, .. }) if offset == self.crossed => Some(arrival),
            _ => self.in_transit.front().map(|(arrival, _)| *arrival),
        }
    }

    /// Reads what has arrived: at most one piece, and at most `limit` bytes.
    pub fn read(&mut self, limit: usize, now: Duration) -> Received {
        let length = self.ready(now).min(limit);
        if length == 0 {
            return self.ending(now);
        }
        let data = self.take(length);
        let data = self.damaged(data);
        self.crossed += length as u64;
        self.draw_piece();
        Received::Data(data)
    }

    /// The result of a read without bytes.
    fn ending(&self, now: Duration) -> Received {
        match self.end {
            Some(End { offset, arrival, ending }) if offset == self.crossed && arrival <= now => match ending
            {
                Ending::EndOfStream => Received::EndOfStream,
                Ending::Reset => Received::Reset,
                Ending::Silence => Received::Nothing,
            },
            _ => Received::Nothing,
        }
    }

    /// The next bytes in transit, of which there are `length`; copied only if they come from several writes.
    fn take(&mut self, length: usize) -> Bytes {
        self.length -= length;
        let mut data = self.take_front(length);
        if data.len() < length {
            let mut joined = BytesMut::from(data);
            while joined.len() < length {
                joined.extend_from_slice(&self.take_front(length - joined.len()));
            }
            data = joined.freeze();
        }
        data
    }

    /// The next bytes of the first write, `length` at most.
    fn take_front(&mut self, length: usize) -> Bytes {
        let Some((_, bytes)) = self.in_transit.front_mut() else { return Bytes::new() };
        let taken = bytes.split_to(length.min(bytes.len()));
        if bytes.is_empty() {
            self.in_transit.pop_front();
        }
        taken
    }

    /// The bytes that cross next, after the damage to them.
    fn damaged(&mut self, data: Bytes) -> Bytes {
        let end = self.crossed + data.len() as u64;
        if self.damages.first_key_value().is_none_or(|(offset, _)| *offset >= end) {
            return data;
        }
        let mut data = BytesMut::from(data);
        while let Some(damage) = self.damages.first_entry().filter(|damage| *damage.key() < end) {
            let (offset, bits) = damage.remove_entry();
            let at = usize::try_from(offset - self.crossed).unwrap_or(usize::MAX);
            data.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bits.get());
        }
        data.freeze()
    }

    fn draw_arrival(&mut self, now: Duration) -> Duration {
        let latency = self.seed.duration(&self.settings.latency);
        self.last_arrival = self.last_arrival.max(now + latency);
        self.last_arrival
    }

    fn draw_piece(&mut self) {
        self.next_piece = self.seed.length(self.settings.pieces.clone()).max(1);
    }
}

#[cfg(test)]
mod tests;
