//! The local ends of transfers: files and pipes.
//!
//! They block, and the session must answer its target meanwhile: each is read or written on a thread of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::credentials::secret_source::DASH;
use crate::failure::Failure;

pub(crate) const STANDARD_INPUT: &str = "standard input";
pub(crate) const STANDARD_OUTPUT: &str = "standard output";

/// Names a file, or the stream that `-` stands for, in a message.
pub(crate) fn name(path: &Path, stream: &str) -> String {
    if path == DASH { stream.to_owned() } else { path.display().to_string() }
}

/// Creates a file to write to, or with `-` opens standard output.
pub(crate) fn create(path: &Path) -> Result<File, Failure> {
    if path == DASH {
        let output = io::stdout().as_fd().try_clone_to_owned();
        return output.map(File::from).map_err(Failure::local(format!("use {STANDARD_OUTPUT}")));
    }
    File::create(path).map_err(Failure::file("create", path))
}

/// Opens a file to read from, or with `-` standard input.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    if path == DASH {
        let input = io::stdin().as_fd().try_clone_to_owned();
        return input.map(File::from).map_err(Failure::local(format!("use {STANDARD_INPUT}")));
    }
    File::open(path).map_err(Failure::file("open", path))
}

/// A file of known length, positioned at its beginning.
pub(crate) struct Measured {
    pub(crate) file: File,
    /// In bytes.
    pub(crate) length: u64,
}

/// Determines the length of a file. A pipe, which has none, is first copied into an unnamed temporary file, up to one byte
/// more than `limit`: nothing is written to the target before it is clear that all of it fits.
///
/// # Cancel safety
/// When the future is dropped, bytes that were read from the pipe are lost.
pub(crate) async fn measure(path: &Path, mut file: File, limit: u64) -> Result<Measured, Failure> {
    let kind = file.metadata().map_err(Failure::file("examine", path))?.file_type();
    if path != DASH && (kind.is_file() || kind.is_block_device()) {
        let length = file.seek(SeekFrom::End(0)).and_then(|length| file.rewind().map(|()| length));
        return Ok(Measured { length: length.map_err(Failure::file("measure", path))?, file });
    }
    let spooled = blocking(move || spool(file, limit.saturating_add(1)));
    spooled
        .await
        .map_err(Failure::local(format!("copy {} into a temporary file", name(path, STANDARD_INPUT))))
}

fn spool(file: File, limit: u64) -> io::Result<Measured> {
    let mut spooled = tempfile::tempfile()?;
    let length = io::copy(&mut file.take(limit), &mut spooled)?;
    spooled.rewind()?;
    Ok(Measured { file: spooled, length })
}

/// Pieces between thread and session; with their size this bounds the memory.
const PIECES: usize = 4;

/// Bytes read from a local file at once.
const PIECE_LENGTH: u64 = 256 << 10;

/// Runs blocking work on a thread.
///
/// # Cancel safety
/// When the future is dropped, the thread ends by itself, and its result is lost.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (result, receiver) = oneshot::channel();
    thread::spawn(move || _ = result.send(work()));
    receiver.await.unwrap_or_else(|_| Err(thread_ended()))
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

    /// Hands a piece to the thread; waits while the file is slower than the target.
    ///
    /// # Cancel safety
    /// When the future is dropped, the piece may be lost.
    pub(crate) async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        if self.pieces.send(piece).await.is_ok() {
            return Ok(());
        }
        Err((&mut self.outcome).await.ok().and_then(Result::err).unwrap_or_else(thread_ended))
    }

    /// Waits until everything is in the file.
    ///
    /// # Cancel safety
    /// When the future is dropped, the thread still writes all pieces.
    pub(crate) async fn finish(self) -> io::Result<()> {
        let Self { pieces, outcome } = self;
        drop(pieces);
        outcome.await.unwrap_or_else(|_| Err(thread_ended()))
    }
}

/// A file that is read by a thread.
pub(crate) struct Source(mpsc::Receiver<io::Result<Bytes>>);

impl Source {
    /// Starts to read `length` bytes from the beginning, wherever another source of the file is; fewer in the file are an error.
    pub(crate) fn start(file: Arc<File>, length: u64) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        thread::spawn(move || {
            let mut offset = 0;
            while offset < length {
                let piece = read_piece(&file, offset, (length - offset).min(PIECE_LENGTH));
                offset = piece.as_ref().map_or(length, |piece| offset + piece.len() as u64);
                if sender.blocking_send(piece).is_err() {
                    return;
                }
            }
        });
        Self(pieces)
    }

    /// Returns the next piece, `None` at the end.
    ///
    /// # Cancel safety
    /// Cancel safe: no piece is lost.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.0.recv().await.transpose()
    }
}

/// A stream of unknown length that is read by a thread.
pub(crate) struct Inflow(mpsc::Receiver<io::Result<Bytes>>);

impl Inflow {
    /// Starts to read. Pieces have this length, but for the last one.
    pub(crate) fn start(mut stream: File, piece_length: usize) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        thread::spawn(move || {
            loop {
                let piece = read_whole_piece(&mut stream, piece_length);
                let is_last = piece.as_ref().map_or(true, |piece| piece.len() < piece_length);
                if sender.blocking_send(piece).is_err() || is_last {
                    return;
                }
            }
        });
        Self(pieces)
    }

    /// Returns the next piece, `None` at the end.
    ///
    /// # Cancel safety
    /// Cancel safe: no piece is lost.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        Ok(self.0.recv().await.transpose()?.filter(|piece| !piece.is_empty()))
    }
}

/// Reads as many bytes, or up to the end.
fn read_whole_piece(stream: &mut File, length: usize) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(length);
    stream.take(length as u64).read_to_end(&mut piece)?;
    Ok(piece.into())
}

fn read_piece(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut piece, offset)?;
    Ok(piece.into())
}

fn thread_ended() -> io::Error {
    io::Error::other("the thread for this file has ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn regular_files_are_measured_and_pipes_are_set_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        std::fs::write(&path, [7; 5000]).unwrap();
        let measured = measure(&path, open(&path).unwrap(), 10).await.ok().unwrap();
        assert_eq!(measured.length, 5000);

        for (sent, limit, length) in [(5000, 10_000, 5000), (5000, 5000, 5000), (5000, 4000, 4001)] {
            let (pipe, mut writer) = io::pipe().unwrap();
            writer.write_all(&vec![7; sent]).unwrap();
            drop(writer);
            let pipe = File::from(std::os::fd::OwnedFd::from(pipe));
            let measured = measure(Path::new(DASH), pipe, limit).await.ok().unwrap();
            assert_eq!(measured.length, length);
            let mut content = Vec::new();
            (&measured.file).read_to_end(&mut content).unwrap();
            assert_eq!(content.len() as u64, length);
        }
    }

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
        let mut source = Source::start(Arc::new(file), 1_000_000);
        let mut read = Vec::new();
        while let Some(piece) = source.next().await.unwrap() {
            read.extend_from_slice(&piece);
        }
        assert_eq!(read, content);
    }

    #[tokio::test]
    async fn a_stream_comes_in_whole_pieces() {
        for (sent, expected) in [(0, &[][..]), (999, &[999]), (1000, &[1000]), (2001, &[1000, 1000, 1])] {
            let (pipe, mut writer) = io::pipe().unwrap();
            for piece in vec![7; sent].chunks(300) {
                writer.write_all(piece).unwrap();
            }
            drop(writer);
            let mut inflow = Inflow::start(File::from(std::os::fd::OwnedFd::from(pipe)), 1000);
            let mut lengths = Vec::new();
            while let Some(piece) = inflow.next().await.unwrap() {
                lengths.push(piece.len());
            }
            assert_eq!(lengths, expected);
        }
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error() {
        let mut source = Source::start(Arc::new(tempfile::tempfile().unwrap()), 1);
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
