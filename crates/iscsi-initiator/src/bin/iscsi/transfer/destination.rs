//! The destination of a transfer: a logical unit, or a file of this host.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _};
use std::path::Path;

use bytes::Bytes;
use iscsi_initiator::{BlockDevice, Flush, Zeroing};

use super::PIECE_LENGTH;
use super::source::{LocalFile, Source};
use crate::failure::Failure;

/// A destination whose parts can be written in any order. Clones share it.
#[derive(Clone)]
pub(crate) enum Destination {
    Unit(BlockDevice),
    File {
        file: LocalFile,
        /// Whether what was not written reads as zeros.
        has_holes: bool,
        /// Whether its length is given.
        is_device: bool,
    },
}

impl Destination {
    /// Opens a file or a block device. Unless its content is `kept`, a file has nothing but what is written now and what an
    /// earlier run has written: everything up to `begun`, which has to be there.
    pub(crate) fn open(path: &Path, kept: bool, begun: u64) -> Result<Self, Failure> {
        let is_device = path.metadata().is_ok_and(|found| found.file_type().is_block_device());
        let mut options = File::options();
        options.read(true).write(true);
        if !is_device && begun == 0 {
            options.create(true).truncate(!kept);
        }
        let file = options.open(path).map_err(Failure::file("open", path))?;
        let length = file.metadata().map_err(Failure::file("examine", path))?.len();
        if !is_device && length < begun {
            return Err(Failure::File {
                message: format!(
                    "{} has {length} bytes, and the journal says that {begun} are copied",
                    path.display()
                ),
                source: None,
                hint: Some("remove the journal to begin anew"),
            });
        }
        Ok(Self::File { file: LocalFile::new(file, path), has_holes: !is_device && !kept, is_device })
    }

    /// Gives a file its length: what is not written of it is a hole. A unit or block device has its own.
    pub(crate) async fn set_end(&self, end: u64) -> Result<(), Failure> {
        match self {
            Self::File { file, is_device: false, .. } => {
                file.with("extend", move |file| {
                    let length = file.metadata()?.len();
                    if length < end { file.set_len(end) } else { Ok(()) }
                })
                .await
            }
            _ => Ok(()),
        }
    }

    /// # Cancel safety
    /// When the future is dropped, any part of the range may be written.
    pub(crate) async fn write(&self, offset: u64, data: Bytes) -> Result<(), Failure> {
        match self {
            Self::Unit(device) => Ok(device.write_at(offset, data).await?),
            Self::File { file, .. } => {
                file.with("write to", move |file| file.write_all_at(&data, offset)).await
            }
        }
    }

    /// Makes a range zeros. In a file that the transfer began with it is a hole already.
    ///
    /// # Cancel safety
    /// When the future is dropped, any part of the range may be zeroed.
    pub(crate) async fn zero(&self, offset: u64, length: u64) -> Result<(), Failure> {
        match self {
            Self::Unit(device) => Ok(device.write_zeroes(offset, length, Zeroing::MayUnmap).await?),
            Self::File { has_holes: true, .. } => Ok(()),
            Self::File { file, .. } => {
                file.with("write to", move |file| {
                    let zeros = vec![0; usize::try_from(length.min(PIECE_LENGTH)).unwrap_or(0)];
                    let mut left = length;
                    while left > 0 {
                        let piece =
                            zeros.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(&zeros);
                        file.write_all_at(piece, offset + (length - left))?;
                        left -= piece.len() as u64;
                    }
                    Ok(())
                })
                .await
            }
        }
    }

    /// Makes stable what was written.
    ///
    /// # Cancel safety
    /// When the future is dropped, the data may be stable or not.
    pub(crate) async fn flush(&self) -> Result<Option<Flush>, Failure> {
        match self {
            Self::Unit(device) => Ok(Some(device.flush().await?)),
            Self::File { file, .. } => file.with("flush", File::sync_data).await.map(|()| None),
        }
    }

    /// The same, to read it back.
    pub(crate) fn as_source(&self) -> Source {
        match self {
            Self::Unit(device) => Source::Unit(device.clone()),
            Self::File { file, .. } => Source::File(file.clone()),
        }
    }

    /// The device, if it is a unit.
    pub(crate) const fn device(&self) -> Option<&BlockDevice> {
        match self {
            Self::Unit(device) => Some(device),
            Self::File { .. } => None,
        }
    }
}
