//! Permission checks for files and directories: one check, with the demands of each caller as a constant.
//!
//! | constant | kind | owner | rights of other users |
//! | --- | --- | --- | --- |
//! | [`STORE_FILE`] | regular file | the effective user | none |
//! | [`STORE_DIRECTORY`] | directory | the effective user | none |
//! | [`KEY_FILE`] | regular file | the effective user or root | none, access control lists included |
//! | [`SECRET_FILE`] | file, pipe or device | the effective user or root | none, access control lists included |
//! | [`MOUNTED_FILE`] | regular file | the effective user or root | none, access control lists included |
//! | [`MOUNTED_LINK`] | anything | the effective user or root | any |
//! | [`MOUNTED_DIRECTORY`] | directory | the effective user or root | any that replace no file in it |

#![cfg_attr(not(feature = "file"), allow(dead_code, reason = "most checks are for stores in files"))]

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::StoreError;
use crate::secret_file_error::SecretFileFault;

/// A file of a sealed store, which only this crate writes.
pub(crate) const STORE_FILE: Permissions =
    Permissions { kind: Kind::File, owners: Owners::User, others: Others::NoModeBits };

/// The directory of a sealed store.
pub(crate) const STORE_DIRECTORY: Permissions =
    Permissions { kind: Kind::Directory, owners: Owners::User, others: Others::NoModeBits };

/// A key file of a sealed store, provided by an operator or systemd.
pub(crate) const KEY_FILE: Permissions =
    Permissions { kind: Kind::File, owners: Owners::UserOrRoot, others: Others::NoRights };

/// A file with a CHAP secret, named by an operator. A shell may provide it as a pipe.
pub(crate) const SECRET_FILE: Permissions =
    Permissions { kind: Kind::Any, owners: Owners::UserOrRoot, others: Others::NoRights };

/// A file in a directory that another program fills, such as Kubernetes.
pub(crate) const MOUNTED_FILE: Permissions =
    Permissions { kind: Kind::File, owners: Owners::UserOrRoot, others: Others::NoRights };

/// A directory entry, without following links: where other users may add entries, their links must not be followed.
pub(crate) const MOUNTED_LINK: Permissions =
    Permissions { kind: Kind::Any, owners: Owners::UserOrRoot, others: Others::AnyRights };

/// A directory that another program fills.
pub(crate) const MOUNTED_DIRECTORY: Permissions =
    Permissions { kind: Kind::Directory, owners: Owners::UserOrRoot, others: Others::NoReplacement };

/// The properties that a file or directory needs to be trusted.
pub(crate) struct Permissions {
    kind: Kind,
    owners: Owners,
    others: Others,
}

#[derive(Clone, Copy)]
enum Kind {
    File,
    Directory,
    Any,
}

#[derive(Clone, Copy)]
enum Owners {
    User,
    UserOrRoot,
}

/// The rights that the group and all other users may have.
#[derive(Clone, Copy)]
enum Others {
    /// None according to the permission bits; access control lists are not read.
    NoModeBits,
    /// None. Permission bits of the group count as a right unless an access control list defines them: systemd passes
    /// credentials to a service of another user in files of mode 0440 with a list that names only that user.
    NoRights,
    /// None that lets them replace a file in the directory: they cannot write to it, or it is sticky or mounted
    /// read-only.
    NoReplacement,
    AnyRights,
}

/// The object that is checked. An open file is checked by its handle, since its path may lead elsewhere by now.
#[derive(Clone, Copy)]
pub(crate) enum Object<'a> {
    Open(&'a File),
    Named(&'a Path),
}

/// The reason why a file or directory is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PermissionFault {
    WrongKind { expected: &'static str },
    ForeignOwner { owner: u32, user: u32 },
    TooOpen { mode: u32 },
}

impl Permissions {
    /// Checks an object with this metadata.
    pub(crate) fn check(&self, metadata: &Metadata, object: Object<'_>) -> Result<(), PermissionFault> {
        self.check_for(effective_user(), metadata, object)
    }

    fn check_for(&self, user: u32, metadata: &Metadata, object: Object<'_>) -> Result<(), PermissionFault> {
        self.kind.check(metadata)?;
        self.owners.check(metadata.uid(), user)?;
        if self.others.allow(metadata.mode(), object) {
            return Ok(());
        }
        Err(PermissionFault::TooOpen { mode: metadata.mode() & 0o7777 })
    }

    /// Checks an open file and returns its metadata. The path is for errors.
    #[cfg(feature = "file")]
    pub(crate) fn check_open(&self, file: &File, path: &Path) -> Result<Metadata, StoreError> {
        let metadata = file.metadata().map_err(|error| StoreError::io("open", path, &error))?;
        self.check(&metadata, Object::Open(file)).map_err(|fault| fault.at(path))?;
        Ok(metadata)
    }

    /// Checks the object with this metadata at this path.
    pub(crate) fn check_named(&self, metadata: &Metadata, path: &Path) -> Result<(), StoreError> {
        self.check(metadata, Object::Named(path)).map_err(|fault| fault.at(path))
    }
}

impl Kind {
    fn check(self, metadata: &Metadata) -> Result<(), PermissionFault> {
        let (matches, expected) = match self {
            Self::File => (metadata.is_file(), "file"),
            Self::Directory => (metadata.is_dir(), "directory"),
            Self::Any => return Ok(()),
        };
        if matches { Ok(()) } else { Err(PermissionFault::WrongKind { expected }) }
    }
}

impl Owners {
    const fn check(self, owner: u32, user: u32) -> Result<(), PermissionFault> {
        let trusted = match self {
            Self::User => owner == user,
            Self::UserOrRoot => owner == user || owner == 0,
        };
        if trusted { Ok(()) } else { Err(PermissionFault::ForeignOwner { owner, user }) }
    }
}

impl Others {
    fn allow(self, mode: u32, object: Object<'_>) -> bool {
        match self {
            Self::NoModeBits => matches!(mode & 0o077, 0),
            Self::NoRights => match (mode & 0o070, mode & 0o007) {
                (0, 0) => true,
                // With an access control list the bits of the group are the mask of the list, not rights of the group.
                (_, 0) => object.names_no_other_user(),
                _ => false,
            },
            Self::NoReplacement => !others_may_replace(mode) || object.is_mounted_read_only(),
            Self::AnyRights => true,
        }
    }
}

impl PermissionFault {
    /// The error for a file or directory of a store.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let path = path.to_path_buf();
        match self {
            Self::WrongKind { expected } => StoreError::WrongKind { path, expected },
            Self::ForeignOwner { owner, user } => StoreError::ForeignOwner { path, owner, user },
            Self::TooOpen { mode } => StoreError::TooOpen { path, mode },
        }
    }
}

impl From<PermissionFault> for SecretFileFault {
    fn from(fault: PermissionFault) -> Self {
        match fault {
            PermissionFault::WrongKind { .. } => Self::NotAFile,
            PermissionFault::ForeignOwner { owner, user } => Self::ForeignOwner { owner, user },
            PermissionFault::TooOpen { mode } => Self::TooOpen { mode },
        }
    }
}

/// The effective user of this process.
pub(crate) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the group or other users may remove or rename files of any owner.
const fn others_may_replace(mode: u32) -> bool {
    /// In a directory with this bit, only the owner of a file may remove it.
    const STICKY: u32 = 0o1000;
    mode & 0o022 != 0 && mode & STICKY == 0
}

impl Object<'_> {
    /// Whether the object has an access control list that grants rights only to its owner, the effective user and root.
    #[cfg(target_os = "linux")]
    fn names_no_other_user(self) -> bool {
        /// More than Linux file systems store for one file.
        const MAX_BYTES: usize = 64 << 10;
        const NAME: &str = "system.posix_acl_access";
        let mut list = vec![0; MAX_BYTES];
        let length = match self {
            Self::Open(file) => rustix::fs::fgetxattr(file, NAME, list.as_mut_slice()),
            Self::Named(path) => rustix::fs::getxattr(path, NAME, list.as_mut_slice()),
        };
        let list = length.ok().and_then(|length| list.get(..length));
        list.is_some_and(|list| list_names_no_other_user(list, effective_user()))
    }

    #[cfg(not(target_os = "linux"))]
    fn names_no_other_user(self) -> bool {
        false
    }

    /// Whether the object is on a file system that is mounted read-only; false if that cannot be determined.
    fn is_mounted_read_only(self) -> bool {
        let mount = match self {
            Self::Open(file) => rustix::fs::fstatvfs(file),
            Self::Named(path) => rustix::fs::statvfs(path),
        };
        mount.is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
    }
}

/// Parses an access control list in the format of Linux: a version, then the kind, rights and id of each entry, all
/// little-endian. Returns whether it grants rights to no other user.
#[cfg(target_os = "linux")]
fn list_names_no_other_user(list: &[u8], user: u32) -> bool {
    const VERSION: [u8; 4] = 2_u32.to_le_bytes();
    const OWNER: u16 = 0x01;
    const USER: u16 = 0x02;
    const MASK: u16 = 0x10;
    let Some(entries) = list.strip_prefix(&VERSION) else { return false };
    let (entries, rest) = entries.as_chunks::<8>();
    rest.is_empty()
        && !entries.is_empty()
        && entries.iter().all(|&[k0, k1, r0, r1, id @ ..]| {
            let (kind, rights) = (u16::from_le_bytes([k0, k1]), u16::from_le_bytes([r0, r1]));
            let id = u32::from_le_bytes(id);
            rights == 0 || kind == OWNER || kind == MASK || (kind == USER && (id == user || id == 0))
        })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
