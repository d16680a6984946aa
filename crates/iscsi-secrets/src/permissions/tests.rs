use super::*;

fn with_mode(mode: u32) -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(mode)
}

fn check(permissions: &Permissions, file: &File) -> Result<(), PermissionFault> {
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

/// A list like those of systemd, with one entry replaced.
fn with(entry: (u16, u16, u32)) -> Vec<u8> {
    let rest = [(GROUP_OF_FILE, 0, NOBODY), (MASK, READ, NOBODY), (OTHER, 0, NOBODY)];
    list(&[&[(OWNER, READ, NOBODY), entry][..], &rest].concat())
}

#[test]
fn a_list_that_names_this_user_alone_is_private() {
    assert!(list_names_no_other_user(&with((USER, READ, 7)), 7));
    assert!(list_names_no_other_user(&with((USER, READ, 0)), 7));
    assert!(list_names_no_other_user(&with((USER, 0, 8)), 7));
    for other in [
        (USER, READ, 8),
        (GROUP, READ, 7),
        (GROUP_OF_FILE, READ, NOBODY),
        (OTHER, READ, NOBODY),
        (0x40, 1, 7),
    ] {
        assert!(!list_names_no_other_user(&with(other), 7), "{other:?}");
    }
}

#[test]
fn what_is_no_list_names_somebody() {
    let good = with((USER, READ, 7));
    for bytes in 0..good.len() {
        // A list that ends between two entries is valid.
        assert_eq!(list_names_no_other_user(&good[..bytes], 7), bytes > 4 && bytes % 8 == 4, "{bytes}");
    }
    assert!(!list_names_no_other_user(&[&[3, 0, 0, 0][..], &good[4..]].concat(), 7));
}

/// Uses access control lists of the kernel, which ext4, XFS, Btrfs and tmpfs support.
#[test]
fn files_with_and_without_a_list() {
    use rustix::fs::{XattrFlags, fsetxattr};
    let file = tempfile::tempfile().unwrap();
    let set_mode = |mode| file.set_permissions(with_mode(mode)).unwrap();
    for (mode, private) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
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
    // Access control lists are not accepted on files of the store itself.
    assert_eq!(check(&STORE_FILE, &file), Err(PermissionFault::TooOpen { mode: 0o440 }));
    set_list(&with((USER, READ, 12345))).unwrap();
    assert_eq!(check(&SECRET_FILE, &file), Err(PermissionFault::TooOpen { mode: 0o440 }));
}

#[test]
fn the_effective_user_and_root_are_trusted_and_nobody_else() {
    let check = |owners: Owners, owner, user| owners.check(owner, user);
    let foreign = |owner, user| Err(PermissionFault::ForeignOwner { owner, user });
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
        // A file that belongs to root would be trusted.
        std::os::unix::fs::fchown(&file, Some(12345), None).unwrap();
    }
    let metadata = file.metadata().unwrap();
    let (owner, user) = (metadata.uid(), metadata.uid() + 1);
    for permissions in [STORE_FILE, KEY_FILE, SECRET_FILE, MOUNTED_FILE, MOUNTED_LINK] {
        let checked = |user| permissions.check_for(user, &metadata, Object::Open(&file));
        assert_eq!(checked(owner), Ok(()));
        assert_eq!(checked(user), Err(PermissionFault::ForeignOwner { owner, user }));
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
        assert_eq!(of_directory(permissions), Err(PermissionFault::WrongKind { expected: "file" }));
    }
    for permissions in [STORE_DIRECTORY, MOUNTED_DIRECTORY, MOUNTED_LINK] {
        assert_eq!(of_directory(permissions), Ok(()));
    }
    let file = tempfile::tempfile().unwrap();
    for permissions in [STORE_DIRECTORY, MOUNTED_DIRECTORY] {
        assert_eq!(check(&permissions, &file), Err(PermissionFault::WrongKind { expected: "directory" }));
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
