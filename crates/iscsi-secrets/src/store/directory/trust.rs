//! Whose files are trusted: root's and our own, if nobody else can read or replace them.

use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::StatVfsMountFlags;

use crate::access::{effective_user, is_private};
use crate::error::StoreError;
use crate::secret_file::SecretFileFault;

/// Only who owns a file may remove it from a directory with this bit.
const STICKY: u32 = 0o1000;

/// The group and others may write.
const OTHERS_WRITE: u32 = 0o022;

/// The directory that files are read from.
pub(super) fn examine_directory(path: &Path) -> Result<(), StoreError> {
    let directory = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(StoreError::NoSecrets { path: path.to_path_buf() });
        }
        found => found.map_err(|error| StoreError::io("open", path, &error))?,
    };
    if !directory.is_dir() {
        return Err(StoreError::WrongKind { path: path.to_path_buf(), expected: "directory" });
    }
    judge_owner(&directory, path)?;
    if others_may_replace(directory.mode()) && !is_mounted_read_only(path) {
        return Err(StoreError::TooOpen { path: path.to_path_buf(), mode: directory.mode() & 0o7777 });
    }
    Ok(())
}

/// What root or the effective user owns.
pub(super) fn judge_owner(found: &Metadata, path: &Path) -> Result<(), StoreError> {
    match foreign(found.uid(), effective_user()) {
        None => Ok(()),
        Some((owner, user)) => Err(StoreError::ForeignOwner { path: path.to_path_buf(), owner, user }),
    }
}

/// A regular file that its owner and we alone have a right to.
pub(super) fn judge_file(file: &File, metadata: &Metadata) -> Result<(), SecretFileFault> {
    if !metadata.is_file() {
        return Err(SecretFileFault::NotAFile);
    }
    if let Some((owner, user)) = foreign(metadata.uid(), effective_user()) {
        return Err(SecretFileFault::ForeignOwner { owner, user });
    }
    if is_private(file, metadata) {
        return Ok(());
    }
    Err(SecretFileFault::TooOpen { mode: metadata.mode() & 0o7777 })
}

/// Owner and effective user, if they are not to be trusted.
fn foreign(owner: u32, user: u32) -> Option<(u32, u32)> {
    (owner != 0 && owner != user).then_some((owner, user))
}

const fn others_may_replace(mode: u32) -> bool {
    mode & OTHERS_WRITE != 0 && mode & STICKY == 0
}

/// What cannot be told is not read-only.
fn is_mounted_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_we_are_trusted_and_nobody_else() {
        assert_eq!(foreign(0, 7), None);
        assert_eq!(foreign(7, 7), None);
        assert_eq!(foreign(8, 7), Some((8, 7)));
        assert_eq!(foreign(7, 0), Some((7, 0)));
    }

    #[test]
    fn others_may_write_only_where_they_replace_nothing() {
        for (mode, may) in
            [(0o755, false), (0o500, false), (0o775, true), (0o777, true), (0o757, true), (0o1777, false)]
        {
            assert_eq!(others_may_replace(mode), may, "{mode:o}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_read_only() {
        assert!(!is_mounted_read_only(Path::new("/no/such/directory")));
    }
}
