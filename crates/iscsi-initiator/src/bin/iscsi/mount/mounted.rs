//! A mount of this program, and its end.

use std::io;
use std::path::PathBuf;

use fuser::{BackgroundSession, Config, MountOption, SessionACL};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::Settings;
use super::directory::MountDirectory;
use super::file_system::FileSystem;
use crate::failure::Failure;
use crate::messages::warn;

/// The threads that take requests from the kernel.
const THREADS: usize = 2;

const HINT: &str = "mounting needs root (CAP_SYS_ADMIN) or the program fusermount3 of the package fuse3; start a container with \
                    --device /dev/fuse --cap-add SYS_ADMIN";

/// A mount that is served. It is unmounted when it is dropped.
pub(super) struct Mounted {
    session: BackgroundSession,
    directory: PathBuf,
    ended: oneshot::Receiver<()>,
}

impl Mounted {
    /// Mounts a file system.
    ///
    /// # Cancel safety
    /// When the future is dropped, the directory is unmounted as soon as the mount has been made.
    pub(super) async fn new(
        mut files: FileSystem,
        directory: &MountDirectory,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let (ended, config, path) = (files.end(), config(settings), directory.path().to_owned());
        let mount = {
            let path = path.clone();
            spawn_blocking(move || fuser::spawn_mount(files, path, &config))
        };
        let session = mount.await.map_err(io::Error::other).flatten();
        let session = session.map_err(|error| Failure::File {
            message: format!("cannot mount at {}", path.display()),
            source: Some(reason(error).into()),
            hint: Some(HINT),
        })?;
        Ok(Self { session, directory: path, ended })
    }

    /// Waits until somebody has unmounted the directory.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn ended(&mut self) {
        _ = (&mut self.ended).await;
    }

    /// Gives up a mount that somebody else has unmounted.
    pub(super) fn forget(self) {
        // fuser would unmount the path, at which something else may be mounted by now.
        std::mem::forget(self.session);
    }

    /// Unmounts the directory. If a program still uses it, it is detached: that program can make requests until this one ends.
    ///
    /// # Cancel safety
    /// When the future is dropped, the directory is unmounted nevertheless.
    pub(super) async fn unmount(self) {
        let Self { session, directory, .. } = self;
        let unmounted = spawn_blocking(move || match unmount(&directory, UnmountFlags::empty()) {
            Err(Errno::BUSY) => {
                warn(&format!("{} is in use: programs that have it open lose it", directory.display()));
                unmount(&directory, UnmountFlags::DETACH)
            }
            outcome => outcome,
        });
        match unmounted.await {
            // Only fusermount3 may unmount for this user, which fuser calls.
            Ok(Err(Errno::PERM)) => _ = spawn_blocking(move || drop(session)).await,
            _ => std::mem::forget(session),
        }
    }
}

/// The reason why a mount failed. The directory is there, so what was not found is the program that users mount with.
fn reason(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let text = "the system permits it to nobody but root, and there is no fusermount3";
            io::Error::new(io::ErrorKind::PermissionDenied, text)
        }
        _ => error,
    }
}

fn config(settings: &Settings) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName(without_separators(&settings.source)),
        // The kernel's option: fuser leaves `Subtype` to fusermount3.
        MountOption::CUSTOM("subtype=iscsi".to_owned()),
        MountOption::DefaultPermissions,
        MountOption::NoExec,
        MountOption::NoAtime,
    ];
    if settings.is_read_only {
        config.mount_options.push(MountOption::RO);
    }
    config.acl = if settings.allows_others { SessionACL::All } else { SessionACL::Owner };
    config.n_threads = Some(THREADS);
    config
}

/// A name that is one option of a mount: commas separate options.
fn without_separators(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() && c != ',' && c != '\\' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_target_adds_no_option() {
        assert_eq!(without_separators("iscsi://[::1]:3260/iqn.a:b/0"), "iscsi://[::1]:3260/iqn.a:b/0");
        assert_eq!(without_separators("a,dev,b\\,c d\0"), "a_dev_b__c_d_");
    }
}
