//! What this process has used.

use std::fs;
use std::time::Duration;

use cpu_time::ProcessTime;

/// CPU time of all threads, in user mode and in the kernel.
pub(crate) fn cpu_time() -> Option<Duration> {
    ProcessTime::try_now().ok().map(|time| time.as_duration())
}

/// Memory that is resident, in bytes; `None` where the system does not say.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Raises the limit of open files as far as this process may, and gives it.
pub(crate) fn open_files_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if raised.is_ok() { maximum } else { current }
}
