//! A file that was read whole, and by which it is known again.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;

use zeroize::Zeroizing;

/// Room behind a file's content, so that reading to its end neither grows the buffer nor passes through another.
const READ_SLACK: u64 = 64;

/// A file and what was in it; wiped, since it may be a key.
pub(super) struct Content {
    /// Kept open: as long as it is, no other file can have its number.
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// By which a file is known again that nobody has replaced or changed.
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
        let mut content = Zeroizing::new(Vec::new());
        content.try_reserve_exact(capacity).map_err(|_| ErrorKind::OutOfMemory)?;
        (&file).take(bytes).read_to_end(&mut content)?;
        Ok(Self { file, identity: Identity::of(metadata), bytes: content })
    }
}
