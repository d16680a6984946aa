//! Keeping this process's memory to itself.

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dump is written of this process, and no other process of the same user reads its memory.
///
/// Where the system refuses that, the pages of secrets are left out of dumps all the same.
pub(crate) fn forbid() {
    _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    {
        _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
}
