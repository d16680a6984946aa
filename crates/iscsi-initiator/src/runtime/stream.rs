//! The byte stream of a connection.

use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::net::TcpStream;

/// A stream of bytes both ways that says when it can be read and written: a TCP connection, or what stands for one.
pub trait Stream: Send + Sync + 'static {
    /// Ready when [`read_available`](Self::read_available) may succeed.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads into the places, in their order, and returns the number of bytes. 0 is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing can be read at present, or the reason why the connection is lost.
    fn read_available(&self, places: &mut [IoSliceMut<'_>]) -> io::Result<usize>;

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

    fn read_available(&self, places: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let wanted: usize = places.iter().map(|place| place.len()).sum();
        let mut read = Err(io::ErrorKind::WouldBlock.into());
        // A read that returns less than it could has emptied the socket. Reported as `WouldBlock`, it ends the readiness,
        // and the next call need not ask the system. An end of the stream stays readable.
        let _ = self.try_io(Interest::READABLE, || {
            read = self.try_read_vectored(places);
            match &read {
                Ok(0) => Ok(()),
                Ok(length) if cfg!(unix) && *length < wanted => Err(io::ErrorKind::WouldBlock.into()),
                Ok(_) => Ok(()),
                Err(error) => Err(error.kind().into()),
            }
        });
        read
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(context)
    }

    fn write_available(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_vectored(slices)
    }
}
