//! Whose files are trusted.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::access::{effective_user, is_private};
use crate::error::StoreError;

/// Judges the file that was opened, not what its name leads to by now.
pub(super) fn examine_file(file: &File, path: &Path) -> Result<Metadata, StoreError> {
    let metadata = file.metadata().map_err(|error| StoreError::io("open", path, &error))?;
    judge_file(&metadata, path)?;
    Ok(metadata)
}

/// A regular file that only its owner can touch.
pub(super) fn judge_file(metadata: &Metadata, path: &Path) -> Result<(), StoreError> {
    if !metadata.is_file() {
        return Err(StoreError::WrongKind { path: path.to_path_buf(), expected: "file" });
    }
    judge(path, metadata.mode(), metadata.uid(), effective_user())
}

/// A directory that only its owner can touch.
pub(super) fn judge_directory(metadata: &Metadata, path: &Path) -> Result<(), StoreError> {
    if !metadata.is_dir() {
        return Err(StoreError::WrongKind { path: path.to_path_buf(), expected: "directory" });
    }
    judge(path, metadata.mode(), metadata.uid(), effective_user())
}

fn judge(path: &Path, mode: u32, owner: u32, user: u32) -> Result<(), StoreError> {
    if owner != user {
        return Err(StoreError::ForeignOwner { path: path.to_path_buf(), owner, user });
    }
    if mode & 0o077 != 0 {
        return Err(StoreError::TooOpen { path: path.to_path_buf(), mode: mode & 0o7777 });
    }
    Ok(())
}

/// A key file that an operator named: his or root's, and nobody else can touch it.
pub(super) fn examine_key_file(file: &File, path: &Path) -> Result<Metadata, StoreError> {
    let metadata = file.metadata().map_err(|error| StoreError::io("open", path, &error))?;
    let mode = if is_private(file, &metadata) { 0o600 } else { metadata.mode() };
    let user = effective_user();
    let owner = if metadata.uid() == 0 { user } else { metadata.uid() };
    if !metadata.is_file() {
        return Err(StoreError::WrongKind { path: path.to_path_buf(), expected: "file" });
    }
    judge(path, mode, owner, user)?;
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_owner_alone_can_touch_is_trusted() {
        let path = Path::new("store");
        assert_eq!(judge(path, 0o100_600, 7, 7), Ok(()));
        let too_open = StoreError::TooOpen { path: path.to_path_buf(), mode: 0o640 };
        assert_eq!(judge(path, 0o100_640, 7, 7), Err(too_open));
        let foreign = StoreError::ForeignOwner { path: path.to_path_buf(), owner: 8, user: 7 };
        assert_eq!(judge(path, 0o100_600, 8, 7), Err(foreign));
    }
}
