//! The directory at which a logical unit is mounted: an empty one, or one that a program left mounted when it was killed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::mount::{UnmountFlags, unmount};

use crate::failure::Failure;
use crate::messages::note;

/// The type of this program's mounts, as the kernel lists it.
const OWN_TYPE: &str = "fuse.iscsi";
/// The most mounts one over the other that are removed.
const MOST_LAYERS: usize = 16;

const FUSE: &str = "/dev/fuse";
const HINT_FUSE: &str = "load the kernel's module with `modprobe fuse`; start a container with --device /dev/fuse --cap-add SYS_ADMIN";

/// An empty directory, by its absolute path without symbolic links.
pub(crate) struct MountDirectory(PathBuf);

impl MountDirectory {
    /// Takes a directory if it is empty. Mounts of this program that nobody serves any more are removed first.
    ///
    /// # Errors
    /// FUSE is missing, the directory is missing, in use or not empty.
    pub(crate) fn prepare(path: &Path) -> Result<Self, Failure> {
        check_fuse()?;
        for _ in 0..MOST_LAYERS {
            match fs::read_dir(path) {
                Ok(mut entries) => {
                    let resolved = || path.canonicalize().map(Self).map_err(Failure::file("find", path));
                    return if entries.next().is_none() { resolved() } else { Err(occupied(path)) };
                }
                Err(error) if error.kind() == ErrorKind::NotConnected => remove_dead_mount(path)?,
                Err(error) => return Err(unusable(path, error)),
            }
        }
        Err(unusable(path, ErrorKind::NotConnected.into()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// Fails, with what to do, where `/dev/fuse` cannot be used.
fn check_fuse() -> Result<(), Failure> {
    let opened = OpenOptions::new().read(true).write(true).open(FUSE);
    let failed = |error| refused(format!("{FUSE} cannot be used"), error, HINT_FUSE);
    opened.map(drop).map_err(failed)
}

fn refused(message: String, error: io::Error, hint: &'static str) -> Failure {
    Failure::File { message, source: Some(error.into()), hint: Some(hint) }
}

fn unusable(path: &Path, error: io::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::NotFound => "make it with `mkdir`: the file of the logical unit appears in it",
        ErrorKind::NotADirectory => {
            "name a directory that is empty: the file of the logical unit appears in it"
        }
        ErrorKind::NotConnected => "unmount it with `umount`: the program that served it has ended",
        _ => "name a directory that this user can read",
    };
    refused(format!("cannot mount at {}", path.display()), error, hint)
}

fn occupied(path: &Path) -> Failure {
    let is_own = resolved(path).is_some_and(|path| mount_type(&path).as_deref() == Some(OWN_TYPE));
    let (state, hint) = if is_own {
        (
            "already has a logical unit mounted",
            "unmount it with `umount`, which ends the program that serves it",
        )
    } else {
        ("is not empty", "name an empty directory: a mount hides what a directory holds")
    };
    Failure::File { message: format!("{} {state}", path.display()), source: None, hint: Some(hint) }
}

/// Unmounts what a program left behind that was killed. Mounts of other programs stay.
fn remove_dead_mount(path: &Path) -> Result<(), Failure> {
    let of_this_program = |path: &PathBuf| mount_type(path).as_deref() == Some(OWN_TYPE);
    let Some(mounted) = resolved(path).filter(of_this_program) else {
        return Err(unusable(path, ErrorKind::NotConnected.into()));
    };
    unmount(&mounted, UnmountFlags::DETACH).map_err(|error| unusable(path, error.into()))?;
    note(&format!("{}: removed the mount of a program that has ended", path.display()));
    Ok(())
}

/// The absolute path without symbolic links, of a directory that may not answer itself.
fn resolved(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| {
        let path = std::path::absolute(path).ok()?;
        Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
    })
}

/// The type of the topmost mount at a path.
fn mount_type(path: &Path) -> Option<String> {
    let list = fs::read_to_string("/proc/self/mountinfo").ok()?;
    list.lines().rev().find_map(|line| type_at(line, path))
}

/// The type in a line of `/proc/self/mountinfo`, if its mount is at this path.
fn type_at(line: &str, path: &Path) -> Option<String> {
    let (place, source) = line.split_once(" - ")?;
    let is_here = unescaped(place.split(' ').nth(4)?) == path.as_os_str();
    is_here.then(|| source.split(' ').next().unwrap_or_default().to_owned())
}

/// A path in which blanks, tabs, line ends and backslashes are octal numbers.
fn unescaped(text: &str) -> OsString {
    let mut parts = text.split('\\');
    let mut path = OsStr::new(parts.next().unwrap_or_default()).as_bytes().to_vec();
    for part in parts {
        match part.split_at_checked(3).map(|(digits, rest)| (u8::from_str_radix(digits, 8), rest)) {
            Some((Ok(byte), rest)) => {
                path.push(byte);
                path.extend(rest.as_bytes());
            }
            _ => path.extend([b"\\", part.as_bytes()].concat()),
        }
    }
    OsString::from_vec(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        r"41 26 0:38 / /mnt/a\040b\134 rw,nosuid,nodev shared:7 - fuse.iscsi iscsi://x rw,user_id=0";

    #[test]
    fn a_mount_is_found_by_its_path() {
        assert_eq!(type_at(LINE, Path::new("/mnt/a b\\")).as_deref(), Some("fuse.iscsi"));
        for other in ["/mnt/a", "/mnt", "/mnt/a b", ""] {
            assert_eq!(type_at(LINE, Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn lines_of_another_form_are_no_mounts() {
        for line in ["", " - ", "1 2 3 4", "41 26 0:38 / /mnt rw", "- fuse.iscsi"] {
            assert_eq!(type_at(line, Path::new("/mnt")), None, "{line}");
        }
    }

    #[test]
    fn only_octal_numbers_are_unescaped() {
        for (text, expected) in
            [(r"a\011b", "a\tb"), (r"\1", r"\1"), (r"\9999", r"\9999"), ("é", "é"), (r"\é1", r"\é1")]
        {
            assert_eq!(unescaped(text), OsStr::new(expected));
        }
    }

    #[test]
    fn a_directory_that_cannot_be_used_comes_with_what_to_do() {
        for (kind, expected) in [
            (ErrorKind::NotFound, "make it with `mkdir`"),
            (ErrorKind::NotADirectory, "name a directory that is empty"),
            (ErrorKind::NotConnected, "unmount it with `umount`"),
            (ErrorKind::PermissionDenied, "name a directory that this user can read"),
        ] {
            let Failure::File { hint: Some(hint), .. } = unusable(Path::new("/mnt"), kind.into()) else {
                panic!("{kind} without a hint")
            };
            assert!(hint.starts_with(expected), "{hint}");
        }
    }

    #[test]
    fn a_directory_has_to_be_there_and_empty() {
        let place = tempfile::tempdir().unwrap();
        let said = |path: &Path| MountDirectory::prepare(path).err().map(|failure| failure.to_string());
        assert_eq!(said(place.path()), None);
        let missing = place.path().join("missing");
        assert!(said(&missing).unwrap().starts_with("cannot mount at /"));
        fs::write(place.path().join("file"), "").unwrap();
        assert!(said(&place.path().join("file")).unwrap().starts_with("cannot mount at /"));
        assert!(said(place.path()).unwrap().ends_with("is not empty"));
    }
}
