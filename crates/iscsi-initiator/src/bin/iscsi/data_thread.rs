//! Local files and pipes on threads of their own: they block, and the session must answer its target meanwhile.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

/// Pieces between thread and session; with their size it bounds the memory.
const PIECES: usize = 4;

/// Bytes read from a local file at once.
const PIECE_LENGTH: u64 = 256 << 10;

/// Does what blocks. A future that is dropped leaves the thread to end by itself.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (result, receiver) = oneshot::channel();
    thread::spawn(move || _ = result.send(work()));
    receiver.await.unwrap_or_else(|_| Err(gone()))
}

/// A file that is written by a thread.
pub(crate) struct Sink {
    pieces: mpsc::Sender<Bytes>,
    outcome: oneshot::Receiver<io::Result<()>>,
}

impl Sink {
    /// Starts the thread; `written` counts the bytes that are in the file.
    pub(crate) fn start(mut file: File, written: Arc<AtomicU64>) -> Self {
        let (pieces, mut receiver) = mpsc::channel::<Bytes>(PIECES);
        let (sender, outcome) = oneshot::channel();
        thread::spawn(move || {
            let mut write_all = || {
                while let Some(piece) = receiver.blocking_recv() {
                    file.write_all(&piece)?;
                    written.fetch_add(piece.len() as u64, Ordering::Relaxed);
                }
                file.flush()
            };
            _ = sender.send(write_all());
        });
        Self { pieces, outcome }
    }

    /// Hands a piece over; waits while the file is slower than the target.
    pub(crate) async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        if self.pieces.send(piece).await.is_ok() {
            return Ok(());
        }
        Err((&mut self.outcome).await.ok().and_then(Result::err).unwrap_or_else(gone))
    }

    /// Ends when everything is in the file.
    pub(crate) async fn finish(self) -> io::Result<()> {
        let Self { pieces, outcome } = self;
        drop(pieces);
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// A file that is read by a thread.
pub(crate) struct Source(mpsc::Receiver<io::Result<Bytes>>);

impl Source {
    /// Starts to read `length` bytes; fewer in the file are an error.
    pub(crate) fn start(mut file: File, length: u64) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        thread::spawn(move || {
            let mut left = length;
            while left > 0 {
                let piece = read_piece(&mut file, left.min(PIECE_LENGTH));
                left -= piece.as_ref().map_or(left, |piece| piece.len() as u64);
                if sender.blocking_send(piece).is_err() {
                    return;
                }
            }
        });
        Self(pieces)
    }

    /// The next piece, `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.0.recv().await.transpose()
    }
}

fn read_piece(file: &mut File, length: u64) -> io::Result<Bytes> {
    let mut piece = Vec::new();
    file.take(length).read_to_end(&mut piece)?;
    if piece.len() as u64 == length { Ok(piece.into()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn gone() -> io::Error {
    io::Error::other("its thread is gone")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Seek;

    #[tokio::test]
    async fn what_goes_into_a_sink_comes_out_of_a_source() {
        let file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
        let written = Arc::new(AtomicU64::new(0));
        let mut sink = Sink::start(file.try_clone().unwrap(), Arc::clone(&written));
        for piece in content.chunks(33_333) {
            sink.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        sink.finish().await.unwrap();
        assert_eq!(written.load(Ordering::Relaxed), 1_000_000);
        (&file).rewind().unwrap();
        let mut source = Source::start(file, 1_000_000);
        let mut read = Vec::new();
        while let Some(piece) = source.next().await.unwrap() {
            read.extend_from_slice(&piece);
        }
        assert_eq!(read, content);
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error() {
        let mut source = Source::start(tempfile::tempfile().unwrap(), 1);
        assert_eq!(source.next().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_full_disk_is_reported() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut sink = Sink::start(full, Arc::default());
        let error = loop {
            if let Err(error) = sink.write(Bytes::from_static(b"x")).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
