//! A Unix socket that only its owner can connect to, from its first moment on.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

use crate::failure::Failure;

/// A listening socket, which is removed at the end.
pub(crate) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode: another server may have put its socket into the place.
    identity: (u64, u64),
}

impl UnixSocket {
    /// Listens on a path. The socket of a server that no longer runs is replaced; that of one that runs, and any other file, is an
    /// error.
    pub(super) fn bind(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::local(format!("listen on {}", path.display()))(error);
        let HiddenSocket { listener, path: hidden, directory: _directory } =
            HiddenSocket::beside(path).map_err(failed)?;
        let metadata = fs::symlink_metadata(&hidden).map_err(failed)?;
        put_into_place(&hidden, path)?;
        Ok(Self { listener, path: path.to_owned(), identity: (metadata.dev(), metadata.ino()) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for a client.
    ///
    /// # Cancel safety
    /// Cancel safe: a client that was not returned stays in the queue.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path).map(|metadata| (metadata.dev(), metadata.ino()));
        if found.is_ok_and(|identity| identity == self.identity) {
            _ = fs::remove_file(&self.path);
        }
    }
}

/// A listening socket of its owner, where nobody else can look until it is put into its place.
pub(crate) struct HiddenSocket {
    pub(crate) listener: UnixListener,
    pub(crate) path: PathBuf,
    /// The directory, which is removed at the end.
    pub(crate) directory: TempDir,
}

impl HiddenSocket {
    /// Listens in a directory beside the path.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let directory = private_directory(path)?;
        let path = directory.path().join("s");
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path, directory })
    }
}

/// A directory beside the path, with a short name: paths of sockets are limited to 107 bytes.
fn private_directory(path: &Path) -> io::Result<TempDir> {
    // That of a name without directory is empty, which stands for the current directory.
    let parent = path.parent().unwrap_or(Path::new(""));
    tempfile::Builder::new().prefix(".i").rand_bytes(6).tempdir_in(parent)
}

/// Gives the socket its name.
fn put_into_place(hidden: &Path, path: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::local(format!("listen on {}", path.display()))(error);
    match fs::hard_link(hidden, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            check_stale(path)?;
            fs::rename(hidden, path).map_err(failed)
        }
        outcome => outcome.map_err(failed),
    }
}

/// Checks that the path is a socket on which nothing listens.
fn check_stale(path: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::local(format!("listen on {}", path.display()))(error);
    if !fs::symlink_metadata(path).map_err(failed)?.file_type().is_socket() {
        return Err(Failure::usage(
            format!("{} exists, and is not a socket", path.display()),
            "choose another path for --socket",
        ));
    }
    match BlockingStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(_) => Err(failed(ErrorKind::AddrInUse.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_socket_is_its_owners_and_removed_at_the_end() {
        let place = TempDir::new().unwrap();
        let path = place.path().join("nbd");
        let socket = UnixSocket::bind(&path).ok().unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        let client = UnixStream::connect(&path).await.unwrap();
        drop((socket.accept().await.unwrap(), client));
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_without_a_server_is_replaced_and_one_with_a_server_is_not() {
        let place = TempDir::new().unwrap();
        let path = place.path().join("nbd");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let socket = UnixSocket::bind(&path).ok().unwrap();
        assert!(matches!(UnixSocket::bind(&path), Err(Failure::Local { .. })));
        // One that another server has put into the place stays.
        fs::remove_file(&path).unwrap();
        let other = UnixSocket::bind(&path).ok().unwrap();
        drop(socket);
        assert!(path.exists());
        drop(other);
        // Nor is one of another type replaced.
        let datagrams = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        assert!(matches!(UnixSocket::bind(&path), Err(Failure::Local { .. })));
        drop(datagrams);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert!(matches!(UnixSocket::bind(&path), Err(Failure::Usage { .. })));
        assert!(path.exists());
    }
}
