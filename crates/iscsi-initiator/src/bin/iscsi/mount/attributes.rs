//! Attributes of the file and of the directory above it.

use std::time::{Duration, SystemTime};

use fuser::{FileAttr, FileType, INodeNo};
use rustix::process::{getgid, getuid};

/// The inode of the file.
pub(super) const FILE: INodeNo = INodeNo(2);

/// The time for which the kernel may use attributes again. A unit that has grown is seen then.
pub(super) const LIFETIME: Duration = Duration::from_secs(1);

/// The attributes that do not change during a mount.
pub(super) struct Attributes {
    /// The time of the mount, which stands for all times.
    mounted: SystemTime,
    is_read_only: bool,
    allows_others: bool,
}

impl Attributes {
    pub(super) const fn new(mounted: SystemTime, is_read_only: bool, allows_others: bool) -> Self {
        Self { mounted, is_read_only, allows_others }
    }

    /// The attributes of a file of so many bytes.
    pub(super) fn of_file(&self, size: u64) -> FileAttr {
        let perm = match (self.allows_others, self.is_read_only) {
            (false, false) => 0o600,
            (false, true) => 0o400,
            (true, false) => 0o666,
            (true, true) => 0o444,
        };
        self.of(FILE, FileType::RegularFile, perm, size)
    }

    /// The attributes of the root directory.
    pub(super) fn of_root(&self) -> FileAttr {
        let perm = if self.allows_others { 0o555 } else { 0o500 };
        self.of(INodeNo::ROOT, FileType::Directory, perm, 0)
    }

    fn of(&self, ino: INodeNo, kind: FileType, perm: u16, size: u64) -> FileAttr {
        let Self { mounted, .. } = *self;
        FileAttr {
            ino,
            size,
            blocks: size.div_ceil(512),
            atime: mounted,
            mtime: mounted,
            ctime: mounted,
            crtime: mounted,
            kind,
            perm,
            nlink: if kind == FileType::Directory { 2 } else { 1 },
            uid: getuid().as_raw(),
            gid: getgid().as_raw(),
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_follow_the_options() {
        let mode = |is_read_only, allows_others| {
            let attributes = Attributes::new(SystemTime::UNIX_EPOCH, is_read_only, allows_others);
            (attributes.of_file(513).perm, attributes.of_root().perm)
        };
        assert_eq!(mode(false, false), (0o600, 0o500));
        assert_eq!(mode(true, false), (0o400, 0o500));
        assert_eq!(mode(false, true), (0o666, 0o555));
        assert_eq!(mode(true, true), (0o444, 0o555));
    }

    #[test]
    fn a_begun_block_counts() {
        let attributes = Attributes::new(SystemTime::UNIX_EPOCH, false, false);
        assert_eq!(attributes.of_file(513).blocks, 2);
    }

    #[test]
    fn only_the_directory_has_a_second_link() {
        let attributes = Attributes::new(SystemTime::UNIX_EPOCH, false, false);
        assert_eq!((attributes.of_file(0).nlink, attributes.of_root().nlink), (1, 2));
    }
}
