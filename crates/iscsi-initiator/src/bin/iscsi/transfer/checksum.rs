//! Checksums of a source.

use std::collections::VecDeque;
use std::fmt::Write as _;

use bytes::Bytes;
use clap::ValueEnum;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use super::PIECES;
use super::parts::Parts;
use super::progress::Progress;
use super::source::Source;
use crate::failure::Failure;

/// `--algorithm`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// SHA-256
    Sha256,
    /// BLAKE3
    Blake3,
}

/// Checksums under way.
pub(crate) struct Hashers {
    sha256: Option<Sha256>,
    blake3: Option<blake3::Hasher>,
}

/// Checksums in hexadecimal digits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checksums {
    pub(crate) sha256: Option<String>,
    pub(crate) blake3: Option<String>,
}

impl Hashers {
    pub(crate) fn new(algorithms: &[Algorithm]) -> Self {
        let has = |algorithm| algorithms.contains(&algorithm);
        Self {
            sha256: has(Algorithm::Sha256).then(Sha256::new),
            blake3: has(Algorithm::Blake3).then(blake3::Hasher::new),
        }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(data);
        }
        if let Some(blake3) = &mut self.blake3 {
            blake3.update(data);
        }
    }

    pub(crate) fn finish(self) -> Checksums {
        Checksums {
            sha256: self.sha256.map(|sha256| hex(&sha256.finalize())),
            blake3: self.blake3.map(|blake3| blake3.finalize().to_hex().to_string()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// Adds a range to the checksums; parts that are zeros without being read are not read.
///
/// # Cancel safety
/// When the future is dropped, some of the range is added.
pub(crate) async fn add(
    hashers: &mut Hashers,
    source: &Source,
    offset: u64,
    length: u64,
    progress: &Progress,
) -> Result<(), Failure> {
    let mut parts = Parts::new(source, offset..offset + length, true);
    let (mut work, mut done) = (Pieces::default(), 0);
    while let Some(part) = parts.next().await? {
        if work.0.len() >= PIECES {
            done += work.add_first(hashers).await?;
            progress.set(done);
        }
        let (source, length) = (source.clone(), part.range.end - part.range.start);
        work.0.push_back(if part.is_zero {
            Piece::Zeros(length)
        } else {
            Piece::Data(tokio::spawn(async move { source.read(part.range.start, length).await }))
        });
    }
    while !work.0.is_empty() {
        done += work.add_first(hashers).await?;
        progress.set(done);
    }
    Ok(())
}

/// A piece of the range.
enum Piece {
    Zeros(u64),
    Data(JoinHandle<Result<Bytes, Failure>>),
}

/// Pieces that are being read, in order.
#[derive(Default)]
struct Pieces(VecDeque<Piece>);

impl Pieces {
    /// Adds the first piece, and returns its length.
    async fn add_first(&mut self, hashers: &mut Hashers) -> Result<u64, Failure> {
        match self.0.pop_front() {
            None => Ok(0),
            Some(Piece::Zeros(length)) => {
                add_zeros(hashers, length);
                Ok(length)
            }
            Some(Piece::Data(reading)) => match reading.await {
                Ok(data) => {
                    let data = data?;
                    hashers.update(&data);
                    Ok(data.len() as u64)
                }
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
        }
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        for piece in &self.0 {
            if let Piece::Data(reading) = piece {
                reading.abort();
            }
        }
    }
}

fn add_zeros(hashers: &mut Hashers, length: u64) {
    static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
    let mut left = length;
    while left > 0 {
        let piece = ZEROS.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(&ZEROS);
        hashers.update(piece);
        left -= piece.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::super::source::LocalFile;
    use super::*;

    async fn checksums(content: &[u8], hole: u64, offset: u64) -> Checksums {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let length = content.len() as u64 + hole;
        file.set_len(length).unwrap();
        let source = Source::File(LocalFile::new(file, Path::new("file")));
        let mut hashers = Hashers::new(&[Algorithm::Sha256, Algorithm::Blake3]);
        add(&mut hashers, &source, offset, length - offset, &Progress::new()).await.ok().unwrap();
        hashers.finish()
    }

    /// The values of FIPS 180-2, and of the BLAKE3 test vectors for no bytes and three.
    #[tokio::test]
    async fn published_vectors() {
        let empty = checksums(b"", 0, 0).await;
        let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let blake3 = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!((empty.sha256.as_deref(), empty.blake3.as_deref()), (Some(sha256), Some(blake3)));
        let abc = checksums(b"abc", 0, 0).await.sha256;
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(abc.as_deref(), Some(expected));
        let counted = checksums(&[0, 1, 2], 0, 0).await.blake3;
        let expected = "e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f";
        assert_eq!(counted.as_deref(), Some(expected));
        // One million times the letter a.
        let million = checksums(&vec![b'a'; 1_000_000], 0, 0).await.sha256;
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(million.as_deref(), Some(expected));
    }

    /// In order, across pieces, with holes as zeros.
    #[tokio::test]
    async fn ranges_of_any_length() {
        let data: Vec<u8> = (0..5_000_000_u32).map(|at| (at % 251) as u8).collect();
        let mut whole = data.clone();
        whole.resize(9_000_000, 0);
        for offset in [0, 1, 1 << 20, 4_999_999, 5_000_001] {
            let mut hashers = Hashers::new(&[Algorithm::Sha256, Algorithm::Blake3]);
            hashers.update(&whole[offset..]);
            assert_eq!(checksums(&data, 4_000_000, offset as u64).await, hashers.finish(), "{offset}");
        }
    }
}
