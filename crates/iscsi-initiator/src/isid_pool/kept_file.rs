//! The file with the random bits of a host's ISIDs, in which processes lock the qualifiers that they use.
//!
//! The locks are open file description locks on single bytes, which need not exist in the file. Any number of them
//! needs one descriptor, the kernel releases them when the process ends for any reason, and they also exclude two pools
//! of one process. Bits and locks are in one file, so removing it resets both.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Name of the file.
const NAME: &str = "isid";

/// The last byte, which is locked once to check that the file system supports locks.
const TRIAL: u64 = i64::MAX as u64 - 1;

/// The file, open as long as locks are held in it.
pub(super) struct KeptFile(
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(dead_code, reason = "only locks are held by it")
    )]
    File,
);

impl KeptFile {
    /// Opens the file of a directory and reads its bits; a missing file is created with the bits `new`.
    pub(super) fn open(directory: &Path, new: [u8; 3]) -> io::Result<(Self, [u8; 3])> {
        let path = directory.join(NAME);
        let open = || OpenOptions::new().read(true).write(true).open(&path);
        let mut file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(directory, &path, new)?;
                open()?
            }
            opened => opened?,
        };
        let random = read(&mut file)?;
        let file = Self(file);
        if file.try_lock(TRIAL)?.is_none() {
            file.unlock(TRIAL)?;
        }
        Ok((file, random))
    }
}

/// Creates the file with new bits. If another process creates it first, the bits of that process are used.
fn make(directory: &Path, path: &Path, [a, b, c]: [u8; 3]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(file, "{a:02x}{b:02x}{c:02x}")?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

/// Reads the bits: six hexadecimal digits and an end of line.
fn read(file: &mut File) -> io::Result<[u8; 3]> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text)?;
    let digits = text.trim_end();
    let well_formed = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u32::from_str_radix(digits, 16).map(u32::to_be_bytes) {
        Ok([_, a, b, c]) if well_formed => Ok([a, b, c]),
        _ => Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("the file {NAME} does not contain six hexadecimal digits"),
        )),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod locks {
    use std::io;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    use super::KeptFile;

    /// The most attempts to lock a byte whose lock is released between the attempt and the query of its holder.
    const MAX_ATTEMPTS: usize = 100;

    /// The result of one attempt to lock a byte.
    enum Attempt {
        Locked,
        /// Held by another process, with the last byte of the contiguous range that is held from this one on.
        HeldUpTo(u64),
        /// Held, but released before its holder was queried.
        LetGo,
    }

    impl KeptFile {
        /// Locks a byte without waiting. If another process holds it, returns the last byte of the contiguous range
        /// that is held from there on.
        pub(in super::super) fn try_lock(&self, place: u64) -> io::Result<Option<u64>> {
            try_repeatedly(place, || self.try_once(place))
        }

        fn try_once(&self, place: u64) -> io::Result<Attempt> {
            match self.control(place, libc::F_WRLCK, |lock| FcntlArg::F_OFD_SETLK(lock)) {
                Ok(_) => return Ok(Attempt::Locked),
                Err(Errno::EAGAIN | Errno::EACCES) => {}
                Err(error) => return Err(error.into()),
            }
            let holder = self.control(place, libc::F_WRLCK, |lock| FcntlArg::F_OFD_GETLK(lock))?;
            if i32::from(holder.l_type) == libc::F_UNLCK {
                return Ok(Attempt::LetGo);
            }
            Ok(Attempt::HeldUpTo(last_byte(&holder).max(place)))
        }

        pub(in super::super) fn unlock(&self, place: u64) -> io::Result<()> {
            self.control(place, libc::F_UNLCK, |lock| FcntlArg::F_OFD_SETLK(lock))?;
            Ok(())
        }

        fn control(
            &self,
            place: u64,
            kind: libc::c_int,
            command: impl FnOnce(&mut libc::flock) -> FcntlArg<'_>,
        ) -> Result<libc::flock, Errno> {
            let mut lock = one_byte(place, kind).ok_or(Errno::EOVERFLOW)?;
            fcntl(&self.0, command(&mut lock))?;
            Ok(lock)
        }
    }

    fn try_repeatedly(
        place: u64,
        mut attempt: impl FnMut() -> io::Result<Attempt>,
    ) -> io::Result<Option<u64>> {
        for _ in 0..MAX_ATTEMPTS {
            match attempt()? {
                Attempt::Locked => return Ok(None),
                Attempt::HeldUpTo(last) => return Ok(Some(last)),
                Attempt::LetGo => {}
            }
        }
        // Other processes keep locking and releasing this byte; another number will do.
        Ok(Some(place))
    }

    fn one_byte(place: u64, kind: libc::c_int) -> Option<libc::flock> {
        Some(libc::flock {
            l_type: kind.try_into().ok()?,
            l_whence: libc::SEEK_SET.try_into().ok()?,
            l_start: place.try_into().ok()?,
            l_len: 1,
            l_pid: 0,
        })
    }

    fn last_byte(lock: &libc::flock) -> u64 {
        let last = lock.l_start.saturating_add(lock.l_len).saturating_sub(1);
        // A length of 0 means up to the largest offset.
        u64::try_from(last).ok().filter(|_| lock.l_len > 0).unwrap_or(u64::MAX)
    }

    #[cfg(test)]
    mod tests {
        use super::{Attempt, MAX_ATTEMPTS, try_repeatedly};

        /// A byte that is released in between is tried 100 times, then counts as held.
        #[test]
        fn a_byte_that_others_take_and_let_go_is_tried_a_bounded_number_of_times() {
            let tries = |until: usize| {
                let mut count = 0;
                let outcome = try_repeatedly(7, || {
                    count += 1;
                    Ok(if count == until { Attempt::Locked } else { Attempt::LetGo })
                });
                (outcome.unwrap(), count)
            };
            assert_eq!(tries(MAX_ATTEMPTS), (None, MAX_ATTEMPTS));
            assert_eq!(tries(MAX_ATTEMPTS + 1), (Some(7), MAX_ATTEMPTS));
        }
    }
}

/// Systems whose file locks belong to processes, which would not exclude two pools of one process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[allow(clippy::unused_self, reason = "the same calls as where there are locks")]
impl KeptFile {
    pub(super) fn try_lock(&self, _place: u64) -> io::Result<Option<u64>> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn unlock(&self, _place: u64) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}
