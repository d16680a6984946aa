//! The file that keeps the random bits of a host's ISIDs, and in which processes lock the rest of them.
//!
//! The locks are those of open file descriptions on single bytes of the file, which need not be there: any number of
//! them takes one descriptor, the kernel lets them go when the process ends, however it ends, and two pools of one
//! process exclude each other too. Bits and locks are one file, so whoever removes it makes both anew.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Name of the file.
const NAME: &str = "isid";

/// The last byte of all: a trial whether there are locks.
const TRIAL: u64 = i64::MAX as u64 - 1;

/// The file, open for as long as locks are held in it.
pub(super) struct KeptFile(
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(dead_code, reason = "only locks are held by it")
    )]
    File,
);

impl KeptFile {
    /// Opens the file of a directory and reads its bits; `new` become its bits if there is none.
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

/// Keeps new bits for ever. When another process was faster, its bits count.
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

/// Six hexadecimal digits and an end of line.
fn read(file: &mut File) -> io::Result<[u8; 3]> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text)?;
    let digits = text.trim_end();
    let well_formed = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u32::from_str_radix(digits, 16).map(u32::to_be_bytes) {
        Ok([_, a, b, c]) if well_formed => Ok([a, b, c]),
        _ => Err(io::Error::new(ErrorKind::InvalidData, format!("the file {NAME} has no 24 bits in it"))),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod locks {
    use std::io;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    use super::KeptFile;

    /// How often a byte is tried that others let go just after it was seen to be held.
    const MAX_ATTEMPTS: usize = 100;

    /// What came of one try to lock a byte.
    enum Attempt {
        Locked,
        /// The last byte that is held from this one on without a gap.
        HeldUpTo(u64),
        /// Held, and let go before the holder was asked for.
        LetGo,
    }

    impl KeptFile {
        /// Locks a byte, without ever waiting for its holder. If another one holds it, says which is the last that is
        /// held from there on without a gap.
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
        // Taken and let go again and again: others want it, and there are more numbers.
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
        // A length of 0 means up to the end of all files.
        u64::try_from(last).ok().filter(|_| lock.l_len > 0).unwrap_or(u64::MAX)
    }

    #[cfg(test)]
    mod tests {
        use super::{Attempt, MAX_ATTEMPTS, try_repeatedly};

        /// A byte that is let go in between is tried 100 times, then counts as held.
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

/// Systems whose locks belong to processes: their pools are those in memory.
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
