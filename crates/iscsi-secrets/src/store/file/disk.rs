//! What a writer asks of a disk, step by step.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// The steps of a writer. Each of them can fail, and what went before has then happened.
///
/// The bodies given here are those of the operating system; tests put failures in front of them.
pub(super) trait Disk: Send + Sync {
    /// Makes a new, private and empty file. What an earlier writer left under its name is removed.
    fn stage(&self, directory: &Path, name: &str) -> io::Result<NamedTempFile> {
        self.remove(&directory.join(name))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(name).rand_bytes(0).permissions(Permissions::from_mode(0o600)).tempfile_in(directory)
    }

    /// Writes the content of a staged file.
    fn write(&self, file: &mut File, content: &[u8]) -> io::Result<()> {
        file.write_all(content)
    }

    /// Waits until a file or directory is on disk.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    /// Gives a staged file its name, in place of the one that had it.
    fn persist(&self, staged: NamedTempFile, path: &Path) -> io::Result<()> {
        staged.persist(path).map(drop).map_err(|error| error.error)
    }

    /// Gives a file another name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Gives a file another name beside the one it has.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    /// Removes a file, if it is there.
    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

/// The disk that there is.
#[derive(Clone, Copy)]
pub(super) struct OsDisk;

impl Disk for OsDisk {}
