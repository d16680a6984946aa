//! The directory of an import, out of which no path may lead.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::diagnostics::{ImportError, MAX_FILE_BYTES, MAX_RECORDS, UnreadableFile};

/// A directory and everything below it.
pub(super) struct Root {
    path: PathBuf,
    /// The path with all symbolic links resolved.
    resolved: PathBuf,
    listed: usize,
}

/// The content of a file, zeroized on drop.
pub(super) struct Content {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) mode: u32,
}

impl Root {
    /// Opens the directory at `path`.
    pub(super) fn new(path: &Path) -> Result<Self, ImportError> {
        let resolved = fs::canonicalize(path).map_err(refused(path))?;
        Ok(Self { path: path.to_path_buf(), resolved, listed: 0 })
    }

    /// The path of a file in the directory.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether this path is a directory. A missing path, or one that leads outside, is an error.
    pub(super) fn is_directory(&self, path: &Path) -> Result<bool, UnreadableFile> {
        Ok(self.inside(path)?.is_dir())
    }

    /// Lists a directory, sorted by name.
    pub(super) fn list(&mut self, path: &Path) -> Result<Vec<PathBuf>, ImportError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(path).map_err(refused(path))? {
            found.push(entry.map_err(refused(path))?.path());
            self.listed += 1;
            if self.listed > MAX_RECORDS {
                return Err(ImportError::TooManyRecords { path: self.path.clone() });
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Reads a whole regular file.
    pub(super) fn read(&self, path: &Path) -> Result<Content, UnreadableFile> {
        let file = open(&self.inside(path)?).map_err(unread)?;
        let metadata = file.metadata().map_err(unread)?;
        if !metadata.is_file() {
            return Err(UnreadableFile::NotAFile);
        }
        if metadata.len() > MAX_FILE_BYTES {
            return Err(UnreadableFile::TooLarge);
        }
        let bytes = read_at_most(&file, metadata.len()).map_err(unread)?;
        Ok(Content { bytes, mode: metadata.mode() & 0o7777 })
    }

    fn inside(&self, path: &Path) -> Result<PathBuf, UnreadableFile> {
        let resolved = fs::canonicalize(path).map_err(unread)?;
        if resolved.starts_with(&self.resolved) { Ok(resolved) } else { Err(UnreadableFile::Outside) }
    }
}

/// Opens a resolved path, without following links and without blocking on a pipe.
fn open(resolved: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(resolved)
}

/// Reads into a buffer that never grows, since reallocation would leave a copy behind.
fn read_at_most(file: &File, bytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    /// Spare capacity, without which reading to the end would reallocate the buffer.
    const SLACK: usize = 64;
    let expected = usize::try_from(bytes).map_err(|_| ErrorKind::OutOfMemory)?;
    // The whole file is parsed from memory, since any line of it may be a secret; `Zeroizing` wipes it.
    let mut content = Zeroizing::new(Vec::with_capacity(expected + SLACK));
    file.take(bytes).read_to_end(&mut content)?;
    Ok(content)
}

#[allow(clippy::needless_pass_by_value, reason = "the signature that map_err requires")]
fn unread(error: io::Error) -> UnreadableFile {
    UnreadableFile::Io(error.kind())
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> ImportError {
    let path = path.to_path_buf();
    move |error| ImportError::Directory { path, kind: error.kind() }
}
