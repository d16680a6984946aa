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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Reads once, and returns whether the stream goes on.
    fn fill(inbox: &mut Inbox, stream: &mut &[u8]) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        match inbox.poll_fill(stream, &mut context) {
            Poll::Ready(Ok(goes_on)) => goes_on,
            other => panic!("{other:?}"),
        }
    }

    /// The bytes that one read takes behind a write of this length.
    fn taken_behind(length: usize) -> usize {
        let mut inbox = Inbox::new();
        inbox.expect_like(length);
        assert!(fill(&mut inbox, &mut &vec![0; 2 * LENGTH][..]));
        inbox.bytes().len()
    }

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let (mut inbox, mut place) = (Inbox::new(), [0; 4]);
        assert!(fill(&mut inbox, &mut &b"header"[..]));
        inbox.consume(2);
        assert!(fill(&mut inbox, &mut &b"data"[..]));
        assert_eq!(inbox.bytes(), b"aderdata");
        assert_eq!((inbox.copy_to(&mut place), &place), (4, b"ader"));
        assert_eq!((inbox.copy_to(&mut [0; 9]), inbox.bytes()), (4, &b""[..]));
        assert!(!fill(&mut inbox, &mut &b""[..]));
    }

    #[test]
    fn a_full_inbox_has_its_length_and_no_more_is_consumed_than_there_is() {
        let mut inbox = Inbox::new();
        let bytes: Vec<u8> = (0..=250).cycle().take(LENGTH + 1).collect();
        let mut stream = &bytes[..];
        assert!(fill(&mut inbox, &mut stream));
        assert!(inbox.bytes() == &bytes[..LENGTH]);
        inbox.consume(LENGTH - 1);
        assert!(fill(&mut inbox, &mut stream));
        assert_eq!(inbox.bytes(), &bytes[LENGTH - 1..]);
        inbox.consume(3);
        assert_eq!(inbox.bytes(), b"");
    }

    #[test]
    fn little_is_read_behind_a_long_write() {
        assert_eq!(taken_behind(LONG_WRITE), LENGTH);
        assert_eq!(taken_behind(LONG_WRITE + 1), SHORT);
    }
}
