//! Bytes from a client that are not taken yet.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// The bytes of a read: thousands of headers, or dozens of short writes with their data.
const LENGTH: usize = 256 << 10;
/// Shorter writes are read with those behind them.
const LONG_WRITE: usize = 32 << 10;
/// The bytes of a read behind a long write, whose successor is read into a buffer of its own.
const SHORT: usize = 512;

/// A buffer for headers and the beginning of data.
pub(super) struct Inbox {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    /// Whether the client sends long writes.
    reads_little: bool,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; LENGTH].into(), start: 0, end: 0, reads_little: false }
    }

    /// The bytes that are there.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Removes bytes from the front.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Moves bytes from the front to a place, as many as there are, and returns their number.
    pub(super) fn copy_to(&mut self, place: &mut [u8]) -> usize {
        let count = place.len().min(self.bytes().len());
        if let (Some(place), Some(bytes)) = (place.get_mut(..count), self.bytes().get(..count)) {
            place.copy_from_slice(bytes);
        }
        self.consume(count);
        count
    }

    /// Takes note of the length of a write.
    pub(super) fn expect_like(&mut self, length: usize) {
        self.reads_little = length > LONG_WRITE;
    }

    /// Reads more bytes; `false` at the end of the stream.
    pub(super) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let most = if self.reads_little { self.end + SHORT } else { LENGTH };
        let free = self.bytes.get_mut(self.end..most.min(LENGTH)).unwrap_or_default();
        let count = ready!(poll_read(stream, context, free))?;
        self.end += count;
        Poll::Ready(Ok(count > 0))
    }
}

/// Reads into a place that is not empty; 0 at the end of the stream.
pub(super) fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    place: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(place);
    ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().len()))
}
