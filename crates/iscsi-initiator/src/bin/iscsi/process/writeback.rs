//! The memory of a process that the kernel writes its dirty pages through: it must not have to wait for them itself.

#![cfg(target_os = "linux")]

use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, configure_io_flusher_behavior, getrlimit, setrlimit};

use crate::messages::warn;

/// Keeps all memory of the process resident, and has the kernel take no memory for it by writing to block devices. Each
/// refusal is a warning: without a shortage of memory, the disk works all the same.
pub(crate) fn prepare() {
    if let Err(error) = lock_memory() {
        warn(&format!(
            "cannot lock the memory of this process: {error}; under memory pressure the disk may hang. Raise the limit: \
             `ulimit -l unlimited`, LimitMEMLOCK=infinity in a systemd unit, --ulimit memlock=-1 for a container"
        ));
    }
    if let Err(error) = configure_io_flusher_behavior(true) {
        warn(&format!(
            "cannot mark this process as one that writes back (PR_SET_IO_FLUSHER): {error}; under memory pressure the \
             disk may hang. It needs CAP_SYS_RESOURCE"
        ));
    }
}

fn lock_memory() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Memlock);
    // A refusal shows below.
    _ = setrlimit(Resource::Memlock, Rlimit { current: maximum, maximum });
    Ok(mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE)?)
}
