//! The end of the process that has started this one.

use std::io;

use rustix::process::getppid;

/// The parent of this process.
pub(crate) struct Parent {
    #[cfg(target_os = "linux")]
    handle: tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>,
    #[cfg(not(target_os = "linux"))]
    pid: Option<rustix::process::Pid>,
}

#[cfg(target_os = "linux")]
impl Parent {
    pub(crate) fn new() -> io::Result<Self> {
        use rustix::process::{PidfdFlags, pidfd_open};
        let gone = || io::Error::new(io::ErrorKind::NotFound, "the parent has ended");
        let pid = getppid().ok_or_else(gone)?;
        let handle = pidfd_open(pid, PidfdFlags::empty())?;
        // The number may have been given to another process before it had a handle.
        if getppid() != Some(pid) {
            return Err(gone());
        }
        let interest = tokio::io::Interest::READABLE;
        Ok(Self { handle: tokio::io::unix::AsyncFd::register_with_interest(handle, interest)? })
    }

    /// Waits until the parent has ended.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn ended(&self) {
        if self.handle.readable().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Parent {
    #[allow(clippy::unnecessary_wraps, reason = "the same signature on every system")]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { pid: getppid() })
    }

    /// Waits until the parent has ended, with a delay of a second at most.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn ended(&self) {
        while getppid() == self.pid {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}
