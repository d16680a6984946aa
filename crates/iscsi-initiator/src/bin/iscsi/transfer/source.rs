//! The source of a transfer: a logical unit, or a file of this host.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use iscsi_initiator::BlockDevice;

use super::local_data;
use crate::failure::Failure;

/// A source whose parts can be read in any order. Clones share it.
#[derive(Clone)]
pub(crate) enum Source {
    Unit(BlockDevice),
    File(LocalFile),
}

/// A file of this host with its name.
#[derive(Clone)]
pub(crate) struct LocalFile {
    pub(crate) file: Arc<File>,
    pub(crate) path: Arc<PathBuf>,
}

impl LocalFile {
    pub(crate) fn new(file: File, path: &Path) -> Self {
        Self { file: Arc::new(file), path: Arc::new(path.to_path_buf()) }
    }

    /// Runs work on the file on a thread.
    ///
    /// # Cancel safety
    /// When the future is dropped, the work is still done.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        verb: &'static str,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let file = Arc::clone(&self.file);
        let done = tokio::task::spawn_blocking(move || work(&file)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(Failure::file(verb, &self.path))
    }
}

impl Source {
    /// Opens a file or a block device. Pipes, which have no length, are not among them.
    pub(crate) async fn open(path: &Path) -> Result<(Self, u64), Failure> {
        let file = local_data::open(path)?;
        let kind = file.metadata().map_err(Failure::file("examine", path))?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            return Err(Failure::usage(
                format!("{} is neither a file nor a block device", path.display()),
                "for a pipe, use - and its redirection",
            ));
        }
        let measured = local_data::measure(path, file, u64::MAX).await?;
        Ok((Self::File(LocalFile::new(measured.file, path)), measured.length))
    }

    /// Reads a range, all of which has to be there.
    ///
    /// # Cancel safety
    /// When the future is dropped, nothing has changed.
    pub(crate) async fn read(&self, offset: u64, length: u64) -> Result<Bytes, Failure> {
        let length =
            usize::try_from(length).map_err(|error| Failure::local("read")(io::Error::other(error)))?;
        match self {
            Self::Unit(device) => Ok(device.read_at(offset, length).await?),
            Self::File(file) => {
                file.with("read", move |file| {
                    let mut piece = vec![0; length];
                    file.read_exact_at(&mut piece, offset)?;
                    Ok(piece.into())
                })
                .await
            }
        }
    }
}
