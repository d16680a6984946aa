//! Who else can read a file.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;

/// Whether nobody but its owner, this user and root has a right to an open file.
///
/// Permission bits of the group count as a right, unless an access list says what they stand for: systemd hands
/// credentials to a service of another user in files of mode 0440 whose list names that user alone.
pub(crate) fn is_private(file: &File, metadata: &Metadata) -> bool {
    match (metadata.mode() & 0o070, metadata.mode() & 0o007) {
        (0, 0) => true,
        (_, 0) => names_nobody_else(file),
        _ => false,
    }
}

/// The user whose rights this process has.
pub(crate) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the file has an access list, and all rights in it are of its owner, this user or root.
#[cfg(target_os = "linux")]
fn names_nobody_else(file: &File) -> bool {
    /// More than the file systems of Linux keep for one file.
    const MAX_OCTETS: usize = 64 << 10;
    let mut list = vec![0; MAX_OCTETS];
    let length = rustix::fs::fgetxattr(file, "system.posix_acl_access", list.as_mut_slice());
    let list = length.ok().and_then(|length| list.get(..length));
    list.is_some_and(|list| list_names_nobody_else(list, effective_user()))
}

#[cfg(not(target_os = "linux"))]
fn names_nobody_else(_file: &File) -> bool {
    false
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

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
        for octets in 0..good.len() {
            // A list that ends between two entries is one.
            assert_eq!(list_names_nobody_else(&good[..octets], 7), octets > 4 && octets % 8 == 4, "{octets}");
        }
        assert!(!list_names_nobody_else(&[&[3, 0, 0, 0][..], &good[4..]].concat(), 7));
    }

    /// With the kernel's own lists, which ext4, XFS, Btrfs and tmpfs keep.
    #[test]
    fn files_with_and_without_a_list() {
        use rustix::fs::{XattrFlags, fsetxattr};
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::tempfile().unwrap();
        let set_mode = |mode| file.set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        for (mode, private) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            set_mode(mode);
            assert_eq!(is_private(&file, &file.metadata().unwrap()), private, "{mode:o}");
        }
        let set_list = |list: &[u8]| fsetxattr(&file, "system.posix_acl_access", list, XattrFlags::empty());
        set_list(&with((USER, READ, effective_user()))).unwrap();
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o440);
        assert!(is_private(&file, &metadata));
        set_list(&with((USER, READ, 12345))).unwrap();
        assert!(!is_private(&file, &file.metadata().unwrap()));
    }
}
