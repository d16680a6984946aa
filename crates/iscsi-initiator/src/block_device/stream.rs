//! A block device as a stream of bytes with a position.

use std::io::{self, ErrorKind, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};

use super::{BlockDevice, RangeReader, RangeWriter};
use crate::error::Error;
use crate::runtime::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

/// The most bytes that are taken at a time from a caller that writes.
const MOST_TAKEN: usize = 256 << 10;

/// A position in a device, with [`AsyncRead`], [`AsyncWrite`] and [`AsyncSeek`] of tokio. It reads ahead, and has several writes in
/// flight, as [`RangeReader`] and [`RangeWriter`] do.
///
/// A write ends when the data are taken; an error of it is that of a later call. Flush and shutdown end when all data are stable.
/// Reads see what was written before. At the end of the device, a read returns no bytes, and a write fails with
/// [`ErrorKind::StorageFull`].
///
/// ```no_run
/// # async fn example(disk: iscsi_initiator::BlockDevice) -> std::io::Result<()> {
/// use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
/// let mut stream = disk.stream(0);
/// stream.write_all(b"hello").await?;
/// stream.flush().await?;
/// stream.seek(std::io::SeekFrom::Start(1)).await?;
/// let mut bytes = [0; 4];
/// stream.read_exact(&mut bytes).await?;
/// assert_eq!(&bytes, b"ello");
/// # Ok(()) }
/// ```
///
/// # Cancel safety
/// A read, write or seek that is dropped has lost nothing: what it began goes on with the next call. A stream that is dropped before a
/// flush leaves any part of what was written last written.
pub struct DeviceStream {
    device: BlockDevice,
    position: u64,
    state: State,
    /// Where the next seek ends.
    seek: Option<u64>,
    /// Whether something was written since the last flush.
    is_unflushed: bool,
}

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a stream is doing.
enum State {
    Idle,
    /// Data that were read, and the reader of those behind them.
    Ahead(RangeReader, Bytes),
    Reading(Work<Result<(RangeReader, Bytes), Error>>),
    Writing(RangeWriter),
    Taking(Work<Result<RangeWriter, Error>>),
    Finishing(Work<Result<(), Error>>),
}

impl BlockDevice {
    /// Returns a stream that begins at `offset`.
    #[must_use]
    pub fn stream(&self, offset: u64) -> DeviceStream {
        DeviceStream {
            device: self.clone(),
            position: offset,
            state: State::Idle,
            seek: None,
            is_unflushed: false,
        }
    }
}

impl DeviceStream {
    fn size(&self) -> u64 {
        self.device.capacity().bytes()
    }

    /// Ends what goes on, until the state is one that a caller can go on from: idle, ahead or writing.
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let settled = match &mut self.state {
            State::Idle | State::Ahead(..) | State::Writing(_) => return Poll::Ready(Ok(())),
            State::Reading(work) => {
                ready!(work.as_mut().poll(context)).map(|(reader, piece)| State::Ahead(reader, piece))
            }
            State::Taking(work) => ready!(work.as_mut().poll(context)).map(State::Writing),
            State::Finishing(work) => ready!(work.as_mut().poll(context)).map(|()| State::Idle),
        };
        self.state = State::Idle;
        self.state = settled.map_err(io::Error::from)?;
        Poll::Ready(Ok(()))
    }

    /// Waits until all writes have ended.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_settled(context))?;
        if let Some(writer) = self.writer() {
            self.state = State::Finishing(Box::pin(writer.finish_here()));
        }
        self.poll_settled(context)
    }

    /// The writer, if the stream is writing, which it is no longer then.
    fn writer(&mut self) -> Option<RangeWriter> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Writing(writer) => Some(writer),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The data ahead of the position; empty at the end of the device.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        loop {
            ready!(self.poll_written(context))?;
            match std::mem::replace(&mut self.state, State::Idle) {
                State::Ahead(reader, piece) if !piece.is_empty() => {
                    self.state = State::Ahead(reader, piece.clone());
                    return Poll::Ready(Ok(piece));
                }
                _ if self.position >= self.size() => return Poll::Ready(Ok(Bytes::new())),
                State::Ahead(reader, _) => self.state = State::Reading(Box::pin(next_piece(reader))),
                _ => self.state = State::Reading(Box::pin(next_piece(self.reader()))),
            }
        }
    }

    /// A reader of all that follows the position.
    fn reader(&self) -> RangeReader {
        let left = self.size().saturating_sub(self.position);
        RangeReader::new(self.device.clone(), self.position, left)
    }

    /// The position moves by what the caller has taken of the data ahead.
    fn advance(&mut self, length: usize) {
        self.position += length as u64;
        if let State::Ahead(_, piece) = &mut self.state {
            piece.advance(length.min(piece.len()));
        }
    }

    /// The writer at the position, for which reading ahead ends.
    fn poll_writer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<RangeWriter>> {
        ready!(self.poll_settled(context))?;
        if let Some(writer) = self.writer() {
            return Poll::Ready(Ok(writer));
        }
        self.device.check_protection().map_err(io::Error::from)?;
        let range = self.position..self.size().max(self.position);
        Poll::Ready(Ok(RangeWriter::new(self.device.clone(), range, false)))
    }
}

/// The next piece of a reader, which is not empty before its end.
async fn next_piece(mut reader: RangeReader) -> Result<(RangeReader, Bytes), Error> {
    let piece = reader.next().await?.unwrap_or_default();
    Ok((reader, piece))
}

async fn take(mut writer: RangeWriter, data: Bytes) -> Result<RangeWriter, Error> {
    writer.write(data).await.map(|()| writer)
}

impl AsyncRead for DeviceStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let piece = ready!(self.poll_ahead(context))?;
        let length = piece.len().min(buffer.remaining());
        buffer.put_slice(piece.get(..length).unwrap_or_default());
        self.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for DeviceStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let writer = ready!(self.poll_writer(context))?;
        let left = usize::try_from(self.size().saturating_sub(self.position)).unwrap_or(usize::MAX);
        let length = data.len().min(MOST_TAKEN).min(left);
        if length == 0 {
            self.state = State::Writing(writer);
            let is_full = !data.is_empty();
            return Poll::Ready(if is_full { Err(ErrorKind::StorageFull.into()) } else { Ok(0) });
        }
        let taken = Bytes::copy_from_slice(data.get(..length).unwrap_or_default());
        self.state = State::Taking(Box::pin(take(writer, taken)));
        self.is_unflushed = true;
        self.position += length as u64;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_written(context))?;
        if std::mem::take(&mut self.is_unflushed) {
            self.state = State::Finishing(Box::pin(flush(self.device.clone())));
        }
        self.poll_settled(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

async fn flush(device: BlockDevice) -> Result<(), Error> {
    device.flush().await.map(drop)
}

impl AsyncSeek for DeviceStream {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let sought = match position {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(distance) => self.size().checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        let outside =
            || io::Error::new(ErrorKind::InvalidInput, "seek to before the beginning of the device");
        self.seek = Some(sought.ok_or_else(outside)?);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if self.seek.is_some_and(|sought| sought != self.position) {
            ready!(self.poll_written(context))?;
            self.state = State::Idle;
        }
        if let Some(sought) = self.seek.take() {
            self.position = sought;
        }
        Poll::Ready(Ok(self.position))
    }
}
