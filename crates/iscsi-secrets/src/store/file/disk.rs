//! Files on disk: the steps of a writer, and files that were read whole.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// The steps of a writer. If one fails, the previous steps stay in effect.
///
/// The default methods call the operating system; tests inject failures before them.
pub(super) trait Disk: Send + Sync {
    /// Creates a new private file. A file of this name that an earlier writer left behind is removed.
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

    /// Moves a staged file to its final name, replacing the previous file.
    fn persist(&self, staged: NamedTempFile, path: &Path) -> io::Result<()> {
        staged.persist(path).map(drop).map_err(|error| error.error)
    }

    /// Renames a file.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Gives a file a second name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    /// Removes a file, if it exists.
    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

/// The disk of the operating system.
#[derive(Clone, Copy)]
pub(super) struct OsDisk;

impl Disk for OsDisk {}

/// Spare capacity after the content of a file. Without it, reading to the end of the file would reallocate the buffer
/// and leave a copy behind.
const READ_SLACK: u64 = 64;

/// An open file and its content, which is wiped on drop since it may be a key.
pub(super) struct Content {
    /// An open handle, so that no other file gets this inode number.
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// The identity of a file that was neither replaced nor changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Content {
    /// Reads a file of this many bytes.
    pub(super) fn read(file: File, metadata: &Metadata) -> io::Result<Self> {
        let bytes = metadata.len();
        let capacity = usize::try_from(bytes + READ_SLACK).map_err(|_| ErrorKind::OutOfMemory)?;
        // A sealed file is opened in place, and a key is copied to locked memory; `Zeroizing` wipes what was read.
        let mut content = Zeroizing::new(Vec::new());
        content.try_reserve_exact(capacity).map_err(|_| ErrorKind::OutOfMemory)?;
        // At most as many bytes as the metadata said: a file that grows meanwhile must not reallocate the buffer, which would
        // leave a copy of a key behind.
        (&file).take(bytes).read_to_end(&mut content)?;
        Ok(Self { file, identity: Identity::of(metadata), bytes: content })
    }
}
