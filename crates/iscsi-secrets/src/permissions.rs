//! Who may own, read and replace a file or directory: one check, and what each caller asks for as data.
//!
//! | constant | kind | owner | rights of others |
//! | --- | --- | --- | --- |
//! | [`STORE_FILE`] | regular file | the effective user | none |
//! | [`STORE_DIRECTORY`] | directory | the effective user | none |
//! | [`KEY_FILE`] | regular file | the effective user or root | none, access lists included |
//! | [`SECRET_FILE`] | file, pipe or device | the effective user or root | none, access lists included |
//! | [`MOUNTED_FILE`] | regular file | the effective user or root | none, access lists included |
//! | [`MOUNTED_LINK`] | anything | the effective user or root | any |
//! | [`MOUNTED_DIRECTORY`] | directory | the effective user or root | any that replace no file in it |

#![cfg_attr(not(feature = "file"), allow(dead_code, reason = "most of it is for stores in files"))]

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::StoreError;
use crate::secret_file::SecretFileFault;

/// A file of a sealed store, which nobody but this crate writes.
pub(crate) const STORE_FILE: Permissions =
    Permissions { kind: Kind::File, owners: Owners::User, others: Others::NoModeBits };

/// The directory of a sealed store.
pub(crate) const STORE_DIRECTORY: Permissions =
    Permissions { kind: Kind::Directory, owners: Owners::User, others: Others::NoModeBits };

/// A file with the key of a sealed store, which an operator or systemd provides.
pub(crate) const KEY_FILE: Permissions =
    Permissions { kind: Kind::File, owners: Owners::UserOrRoot, others: Others::NoRights };

/// A file with a CHAP secret that an operator names. A shell may provide it as a pipe.
pub(crate) const SECRET_FILE: Permissions =
    Permissions { kind: Kind::Any, owners: Owners::UserOrRoot, others: Others::NoRights };

/// A file in a directory that something else fills, such as Kubernetes.
pub(crate) const MOUNTED_FILE: Permissions =
    Permissions { kind: Kind::File, owners: Owners::UserOrRoot, others: Others::NoRights };

/// A directory entry, links not followed: where others may add entries, a link of theirs must not count.
pub(crate) const MOUNTED_LINK: Permissions =
    Permissions { kind: Kind::Any, owners: Owners::UserOrRoot, others: Others::AnyRights };

/// A directory that something else fills.
pub(crate) const MOUNTED_DIRECTORY: Permissions =
    Permissions { kind: Kind::Directory, owners: Owners::UserOrRoot, others: Others::NoReplacement };

/// What a file or directory has to be to be trusted.
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
    /// None by the permission bits; access lists are not consulted.
    NoModeBits,
    /// None. Permission bits of the group count as a right, unless an access list says what they stand for: systemd
    /// hands credentials to a service of another user in files of mode 0440 whose list names that user alone.
    NoRights,
    /// None that lets them replace a file in a directory: they cannot write, or the directory is sticky or mounted
    /// read-only.
    NoReplacement,
    AnyRights,
}

/// The object that is checked. What was opened is checked by its handle, not by what its name leads to by now.
#[derive(Clone, Copy)]
pub(crate) enum Object<'a> {
    Open(&'a File),
    Named(&'a Path),
}

/// The reason why a file or directory is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Objection {
    WrongKind { expected: &'static str },
    ForeignOwner { owner: u32, user: u32 },
    TooOpen { mode: u32 },
}

impl Permissions {
    /// Checks an object with this metadata.
    pub(crate) fn check(&self, metadata: &Metadata, object: Object<'_>) -> Result<(), Objection> {
        self.check_for(effective_user(), metadata, object)
    }

    fn check_for(&self, user: u32, metadata: &Metadata, object: Object<'_>) -> Result<(), Objection> {
        self.kind.check(metadata)?;
        self.owners.check(metadata.uid(), user)?;
        if self.others.allow(metadata.mode(), object) {
            return Ok(());
        }
        Err(Objection::TooOpen { mode: metadata.mode() & 0o7777 })
    }

    /// Checks a file that is open at this path, and returns what is known of it.
    #[cfg(feature = "file")]
    pub(crate) fn check_open(&self, file: &File, path: &Path) -> Result<Metadata, StoreError> {
        let metadata = file.metadata().map_err(|error| StoreError::io("open", path, &error))?;
        self.check(&metadata, Object::Open(file)).map_err(|objection| objection.at(path))?;
        Ok(metadata)
    }

    /// Checks what is at this path and has this metadata.
    pub(crate) fn check_named(&self, metadata: &Metadata, path: &Path) -> Result<(), StoreError> {
        self.check(metadata, Object::Named(path)).map_err(|objection| objection.at(path))
    }
}

impl Kind {
    fn check(self, metadata: &Metadata) -> Result<(), Objection> {
        let (right, expected) = match self {
            Self::File => (metadata.is_file(), "file"),
            Self::Directory => (metadata.is_dir(), "directory"),
            Self::Any => return Ok(()),
        };
        if right { Ok(()) } else { Err(Objection::WrongKind { expected }) }
    }
}

impl Owners {
    const fn check(self, owner: u32, user: u32) -> Result<(), Objection> {
        let trusted = match self {
            Self::User => owner == user,
            Self::UserOrRoot => owner == user || owner == 0,
        };
        if trusted { Ok(()) } else { Err(Objection::ForeignOwner { owner, user }) }
    }
}

impl Others {
    fn allow(self, mode: u32, object: Object<'_>) -> bool {
        match self {
            Self::NoModeBits => matches!(mode & 0o077, 0),
            Self::NoRights => match (mode & 0o070, mode & 0o007) {
                (0, 0) => true,
                (_, 0) => object.names_nobody_else(),
                _ => false,
            },
            Self::NoReplacement => !others_may_replace(mode) || object.is_mounted_read_only(),
            Self::AnyRights => true,
        }
    }
}

impl Objection {
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

impl From<Objection> for SecretFileFault {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::WrongKind { .. } => Self::NotAFile,
            Objection::ForeignOwner { owner, user } => Self::ForeignOwner { owner, user },
            Objection::TooOpen { mode } => Self::TooOpen { mode },
        }
    }
}

/// The user whose rights this process has.
pub(crate) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the group or others may remove or rename a file of any owner.
const fn others_may_replace(mode: u32) -> bool {
    /// Only the owner of a file may remove it from a directory with this bit.
    const STICKY: u32 = 0o1000;
    mode & 0o022 != 0 && mode & STICKY == 0
}

impl Object<'_> {
    /// Whether the object has an access list, and all rights in it are of its owner, the effective user or root.
    #[cfg(target_os = "linux")]
    fn names_nobody_else(self) -> bool {
        /// More than the file systems of Linux keep for one file.
        const MAX_BYTES: usize = 64 << 10;
        const NAME: &str = "system.posix_acl_access";
        let mut list = vec![0; MAX_BYTES];
        let length = match self {
            Self::Open(file) => rustix::fs::fgetxattr(file, NAME, list.as_mut_slice()),
            Self::Named(path) => rustix::fs::getxattr(path, NAME, list.as_mut_slice()),
        };
        let list = length.ok().and_then(|length| list.get(..length));
        list.is_some_and(|list| list_names_nobody_else(list, effective_user()))
    }

    #[cfg(not(target_os = "linux"))]
    fn names_nobody_else(self) -> bool {
        false
    }

    /// Whether it is on a file system that is mounted read-only; false if that cannot be determined.
    fn is_mounted_read_only(self) -> bool {
        let mount = match self {
            Self::Open(file) => rustix::fs::fstatvfs(file),
            Self::Named(path) => rustix::fs::statvfs(path),
        };
        mount.is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
    }
}

/// Reads an access list as Linux keeps it: a version, then for each entry its kind, rights and id, all little-endian.
#[cfg(target_os = "linux")]
fn list_names_nobody_else(list: &[u8], user: u32) -> bool {
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
mod tests {
    use super::*;

    fn with_mode(mode: u32) -> std::fs::Permissions {
        std::os::unix::fs::PermissionsExt::from_mode(mode)
    }

    fn check(permissions: &Permissions, file: &File) -> Result<(), Objection> {
        permissions.check(&file.metadata().unwrap(), Object::Open(file))
    }

    const OWNER: u16 = 0x01;
    const USER: u16 = 0x02;
    const GROUP_OF_FILE: u16 = 0x04;
    const GROUP: u16 = 0x08;
    const MASK: u16 = 0x10;
    const OTHER: u16 = 0x20;
    const NOBODY: u32 = u32::MAX;
    const READ: u16 = 4;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (kind, rights, id) in entries {
            list.extend([&kind.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat());
        }
        list
    }

    /// A list as systemd makes it, with one entry in another form.
    fn with(entry: (u16, u16, u32)) -> Vec<u8> {
        let rest = [(GROUP_OF_FILE, 0, NOBODY), (MASK, READ, NOBODY), (OTHER, 0, NOBODY)];
        list(&[&[(OWNER, READ, NOBODY), entry][..], &rest].concat())
    }

    #[test]
    fn a_list_that_names_this_user_alone_is_private() {
        assert!(list_names_nobody_else(&with((USER, READ, 7)), 7));
        assert!(list_names_nobody_else(&with((USER, READ, 0)), 7));
        assert!(list_names_nobody_else(&with((USER, 0, 8)), 7));
        for other in [
            (USER, READ, 8),
            (GROUP, READ, 7),
            (GROUP_OF_FILE, READ, NOBODY),
            (OTHER, READ, NOBODY),
            (0x40, 1, 7),
        ] {
            assert!(!list_names_nobody_else(&with(other), 7), "{other:?}");
        }
    }

    #[test]
    fn what_is_no_list_names_somebody() {
        let good = with((USER, READ, 7));
        for bytes in 0..good.len() {
            // A list that ends between two entries is one.
            assert_eq!(list_names_nobody_else(&good[..bytes], 7), bytes > 4 && bytes % 8 == 4, "{bytes}");
        }
        assert!(!list_names_nobody_else(&[&[3, 0, 0, 0][..], &good[4..]].concat(), 7));
    }

    /// With the kernel's own lists, which ext4, XFS, Btrfs and tmpfs keep.
    #[test]
    fn files_with_and_without_a_list() {
        use rustix::fs::{XattrFlags, fsetxattr};
        let file = tempfile::tempfile().unwrap();
        let set_mode = |mode| file.set_permissions(with_mode(mode)).unwrap();
        for (mode, private) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            set_mode(mode);
            assert_eq!(check(&SECRET_FILE, &file).is_ok(), private, "{mode:o}");
        }
        let set_list = |list: &[u8]| fsetxattr(&file, "system.posix_acl_access", list, XattrFlags::empty());
        set_list(&with((USER, READ, effective_user()))).unwrap();
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o440);
        assert_eq!(check(&SECRET_FILE, &file), Ok(()));
        assert_eq!(check(&MOUNTED_FILE, &file), Ok(()));
        assert_eq!(check(&KEY_FILE, &file), Ok(()));
        // A file of the store itself has no use for an access list.
        assert_eq!(check(&STORE_FILE, &file), Err(Objection::TooOpen { mode: 0o440 }));
        set_list(&with((USER, READ, 12345))).unwrap();
        assert_eq!(check(&SECRET_FILE, &file), Err(Objection::TooOpen { mode: 0o440 }));
    }

    #[test]
    fn the_effective_user_and_root_are_trusted_and_nobody_else() {
        let check = |owners: Owners, owner, user| owners.check(owner, user);
        let foreign = |owner, user| Err(Objection::ForeignOwner { owner, user });
        for (owner, user, user_alone, user_or_root) in [
            (7, 7, Ok(()), Ok(())),
            (0, 7, foreign(0, 7), Ok(())),
            (8, 7, foreign(8, 7), foreign(8, 7)),
            (7, 0, foreign(7, 0), foreign(7, 0)),
        ] {
            assert_eq!(check(Owners::User, owner, user), user_alone);
            assert_eq!(check(Owners::UserOrRoot, owner, user), user_or_root);
        }
    }

    #[test]
    fn no_permissions_accept_a_file_of_another_user() {
        let file = tempfile::tempfile().unwrap();
        file.set_permissions(with_mode(0o600)).unwrap();
        if effective_user() == 0 {
            // A file of root would be trusted.
            std::os::unix::fs::fchown(&file, Some(12345), None).unwrap();
        }
        let metadata = file.metadata().unwrap();
        let (owner, user) = (metadata.uid(), metadata.uid() + 1);
        for permissions in [STORE_FILE, KEY_FILE, SECRET_FILE, MOUNTED_FILE, MOUNTED_LINK] {
            let checked = |user| permissions.check_for(user, &metadata, Object::Open(&file));
            assert_eq!(checked(owner), Ok(()));
            assert_eq!(checked(user), Err(Objection::ForeignOwner { owner, user }));
        }
        for permissions in [STORE_DIRECTORY, MOUNTED_DIRECTORY] {
            assert!(permissions.owners.check(owner, user).is_err());
        }
    }

    #[test]
    fn the_kind_is_checked_where_it_matters() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), with_mode(0o700)).unwrap();
        let of_directory = |permissions: Permissions| {
            let metadata = std::fs::metadata(directory.path()).unwrap();
            permissions.check(&metadata, Object::Named(directory.path()))
        };
        for permissions in [STORE_FILE, KEY_FILE, MOUNTED_FILE] {
            assert_eq!(of_directory(permissions), Err(Objection::WrongKind { expected: "file" }));
        }
        for permissions in [STORE_DIRECTORY, MOUNTED_DIRECTORY, MOUNTED_LINK] {
            assert_eq!(of_directory(permissions), Ok(()));
        }
        let file = tempfile::tempfile().unwrap();
        for permissions in [STORE_DIRECTORY, MOUNTED_DIRECTORY] {
            assert_eq!(check(&permissions, &file), Err(Objection::WrongKind { expected: "directory" }));
        }
    }

    #[test]
    fn others_may_write_to_a_directory_only_where_they_replace_nothing() {
        for (mode, may) in
            [(0o755, false), (0o500, false), (0o775, true), (0o777, true), (0o757, true), (0o1777, false)]
        {
            assert_eq!(others_may_replace(mode), may, "{mode:o}");
        }
    }

    #[test]
    fn an_unknown_file_system_is_not_read_only() {
        assert!(!Object::Named(Path::new("/no/such/directory")).is_mounted_read_only());
    }
}
