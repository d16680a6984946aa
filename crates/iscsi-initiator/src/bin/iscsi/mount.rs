//! A logical unit as one file, through FUSE: `iscsi mount`.
//!
//! Threads of `fuser` take requests from the kernel, and hand them to the runtime, which answers them when the target has.

mod attributes;
mod directory;
mod errno;
mod file_system;
mod handover;
mod limit;
mod mounted;
mod operations;
mod remarks;

use iscsi_initiator::{BlockDevice, Session};

use crate::failure::Failure;
use crate::process::writeback;
use crate::service_manager;
use crate::signals::StopSignals;
pub(crate) use directory::MountDirectory;
use file_system::FileSystem;
use limit::Limit;
use mounted::Mounted;

/// How a logical unit is mounted.
pub(crate) struct Settings {
    /// The name of the mount's source, as `findmnt` shows it.
    pub(crate) source: String,
    /// The name of the file.
    pub(crate) file_name: String,
    /// Whether writes are refused.
    pub(crate) is_read_only: bool,
    /// Whether the unit zeroes ranges by unmapping them.
    pub(crate) punches_holes: bool,
    /// Whether users other than the one who mounts may use the file.
    pub(crate) allows_others: bool,
}

/// What ends a mount.
enum End {
    /// Somebody unmounted it.
    Unmounted,
    /// SIGTERM or Ctrl-C.
    Stopped,
    /// The session is lost for good, or nobody could be told that the file is there.
    Failed(Failure),
}

/// Mounts a logical unit, calls `ready`, and serves requests until it is unmounted, the program is told to stop, or the session
/// is over. Then requests that were accepted are answered, and the unit is flushed. Another signal does not wait for that.
///
/// # Errors
/// A mount that the system refuses, a unit that cannot be flushed at the end, and the error that ended the session.
///
/// # Cancel safety
/// When the future is dropped, the directory is unmounted; requests that were accepted fail.
pub(crate) async fn serve(
    session: &Session,
    device: BlockDevice,
    directory: &MountDirectory,
    settings: Settings,
    ready: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = StopSignals::new().map_err(Failure::local("wait for signals"))?;
    writeback::prepare();
    let limit = Limit::new();
    let files = FileSystem::new(device.clone(), &settings, limit.clone());
    let mut mounted = Mounted::new(files, directory, &settings).await?;
    let end = match ready() {
        Ok(()) => {
            service_manager::tell_ready(&settings.source);
            tokio::select! {
                biased;
                () = mounted.ended() => End::Unmounted,
                () = signals.next() => End::Stopped,
                error = session.ended() => End::Failed(error.into()),
            }
        }
        Err(failure) => End::Failed(failure),
    };
    service_manager::tell_stopping();
    let work = finish(mounted, end, &limit, &device);
    tokio::select! {
        biased;
        outcome = work => outcome,
        () = signals.next() => Err(Failure::Interrupted),
    }
}

/// Unmounts, unless that is what ended the mount, answers what was accepted, and flushes.
///
/// # Cancel safety
/// When the future is dropped, requests under way fail, and what was not flushed may be lost.
async fn finish(mounted: Mounted, end: End, limit: &Limit, device: &BlockDevice) -> Result<(), Failure> {
    match end {
        End::Unmounted => mounted.forget(),
        End::Stopped => mounted.unmount().await,
        End::Failed(failure) => {
            mounted.unmount().await;
            return Err(failure);
        }
    }
    // Of a directory that was in use, requests still come; each has been answered, or is refused, when the data are flushed.
    limit.drain().await;
    device.flush().await?;
    Ok(())
}
