//! The byte stream of a connection.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::net::TcpStream;

/// A stream of bytes both ways that says when it can be read and written: a TCP connection, or what stands for one.
pub trait Stream: Send + Sync + 'static {
    /// Ready when [`read_available`](Self::read_available) may succeed.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads into the space behind the bytes of the buffer. 0 is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing can be read at present, or the reason why the connection is lost.
    fn read_available(&self, buffer: &mut BytesMut) -> io::Result<usize>;

    /// Ready when [`write_available`](Self::write_available) may succeed.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Writes from the slices, and returns the number of bytes taken.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is taken at present, or the reason why the connection is lost.
    fn write_available(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl Stream for TcpStream {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(context)
    }

    fn read_available(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.try_read_buf(buffer)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(context)
    }

    fn write_available(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_vectored(slices)
    }
}
