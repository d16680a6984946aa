//! The byte stream of a connection.

use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;

/// The bytes that the system holds beside those that are on their way to the target.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MOST_UNSENT: u32 = 128 << 10;

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

    /// Has the system queue little that it cannot send yet, if it can: everything written later waits behind it.
    fn limit_unsent(&self) {}

    /// Has the system give the connection up, if it can, when what was sent is not acknowledged for so long (RFC 5482).
    fn limit_silence(&self, _limit: Duration) {}
}

impl Stream for TcpStream {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(context)
    }

    fn read_available(&self, places: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let wanted = places.iter().map(|place| place.len()).sum();
        read_up_to(self, wanted, || self.try_read_vectored(places))
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(context)
    }

    fn write_available(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_vectored(slices)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn limit_unsent(&self) {
        // Without the option data move as well, only what comes after them waits longer.
        let _ = socket2::SockRef::from(self).set_tcp_notsent_lowat(MOST_UNSENT);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn limit_silence(&self, limit: Duration) {
        // Without the option pings notice the same, and retransmissions go on behind a closed connection.
        let _ = socket2::SockRef::from(self).set_tcp_user_timeout(Some(limit));
    }
}

/// Reads once, at most `wanted` bytes. A read that returns fewer has emptied the socket, which is then not readable before
/// something new comes: nobody asks the system in vain, or makes space for nothing.
pub(super) fn read_up_to(
    stream: &TcpStream,
    wanted: usize,
    mut read: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    let mut outcome = Err(io::ErrorKind::WouldBlock.into());
    // `WouldBlock` ends the readiness, unless the stream has become readable again meanwhile. An end of the stream stays
    // readable.
    let _ = stream.try_io(Interest::READABLE, || {
        outcome = read();
        match &outcome {
            Ok(0) => Ok(()),
            Ok(length) if cfg!(unix) && *length < wanted => Err(io::ErrorKind::WouldBlock.into()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.kind().into()),
        }
    });
    outcome
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (stream, listener.accept().await.unwrap().0)
    }

    async fn readable(stream: &TcpStream) {
        std::future::poll_fn(|context| Stream::poll_readable(stream, context)).await.unwrap();
    }

    fn is_readable(stream: &TcpStream) -> bool {
        Stream::poll_readable(stream, &mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// Reads into two places of these lengths.
    fn read(stream: &TcpStream, lengths: [usize; 2]) -> Result<Vec<u8>, io::ErrorKind> {
        let [mut first, mut second] = lengths.map(|length| vec![0; length]);
        let places = &mut [&mut first, &mut second].map(|place| IoSliceMut::new(place));
        let count = stream.read_available(places).map_err(|error| error.kind())?;
        Ok([first, second].concat()[..count].to_vec())
    }

    /// A read that fills its places leaves the stream readable, and one that does not has emptied it.
    #[tokio::test]
    async fn a_short_read_ends_the_readiness() {
        let (stream, mut peer) = pair().await;
        assert!(!is_readable(&stream));
        assert_eq!(read(&stream, [1, 1]), Err(io::ErrorKind::WouldBlock));
        peer.write_all(b"0123456789").await.unwrap();
        readable(&stream).await;
        assert_eq!(read(&stream, [2, 3]).unwrap(), b"01234");
        assert!(is_readable(&stream));
        assert_eq!(read(&stream, [3, 5]).unwrap(), b"56789");
        assert_eq!(is_readable(&stream), !cfg!(unix));
        assert_eq!(read(&stream, [1, 1]), Err(io::ErrorKind::WouldBlock));
        assert!(!is_readable(&stream));
        peer.write_all(b"abc").await.unwrap();
        readable(&stream).await;
        assert_eq!(read(&stream, [1, 2]).unwrap(), b"abc");
        assert_eq!(read(&stream, [1, 2]), Err(io::ErrorKind::WouldBlock));
        assert!(!is_readable(&stream));
    }

    /// The end of the stream can be read as often as one likes.
    #[tokio::test]
    async fn the_end_of_the_stream_stays_readable() {
        let (stream, peer) = pair().await;
        drop(peer);
        for _ in 0..3 {
            readable(&stream).await;
            assert_eq!(read(&stream, [1, 1]).unwrap(), b"");
        }
    }

    /// Slices leave in order, and a full socket is not writable before the other end has read.
    #[tokio::test]
    async fn a_full_socket_is_not_writable() {
        let (stream, mut peer) = pair().await;
        std::future::poll_fn(|context| Stream::poll_writable(&stream, context)).await.unwrap();
        let mut sent = stream.write_available(&[IoSlice::new(b"abc"), IoSlice::new(b"de")]).unwrap();
        assert_eq!(sent, 5);
        let error = loop {
            match stream.write_available(&[IoSlice::new(&[7; 8192])]) {
                Ok(count) => sent += count,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(Stream::poll_writable(&stream, &mut Context::from_waker(Waker::noop())).is_pending());
        let mut received = vec![0; sent];
        peer.read_exact(&mut received).await.unwrap();
        assert_eq!(received[..6], *b"abcde\x07");
        std::future::poll_fn(|context| Stream::poll_writable(&stream, context)).await.unwrap();
        assert!(stream.write_available(&[IoSlice::new(b"f")]).is_ok());
    }
}
