//! Measurements of the own process: memory, processor time, and the limit of open files.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Bytes of this process that are resident now, counted page by page: `/proc/self/statm` may be some hundred KiB off.
///
/// # Errors
/// There is no `/proc/self/smaps_rollup`, which is Linux' own.
pub fn resident_bytes() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map(|kib| kib << 10).ok_or_else(|| io::Error::other("no Rss in /proc/self/smaps_rollup"))
}

/// Processor time of all threads of this process, in user space and in the kernel.
#[must_use]
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Files that are open besides connections.
const OTHER_FILES: u64 = 64;

/// Allows this process that many connections: their files must be within its hard limit of open files, to which the soft
/// one is raised.
///
/// # Errors
/// The hard limit is lower; the text says how it is raised.
pub fn allow_connections(connections: u32) -> Result<(), String> {
    allow_open_files(u64::from(connections) + OTHER_FILES)
}

fn allow_open_files(needed: u64) -> Result<(), String> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(limit) = maximum.filter(|limit| *limit < needed) {
        return Err(format!(
            "{needed} open files are needed and {limit} allowed: raise the limit with `ulimit -n {needed}` as root, \
             or with LimitNOFILE={needed} in a unit of systemd"
        ));
    }
    let wanted = Rlimit { current: maximum, maximum };
    setrlimit(Resource::Nofile, wanted).map_err(|error| format!("limit of open files: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_open_files_than_there_can_be() {
        let limit = getrlimit(Resource::Nofile).maximum.expect("Linux always has one");
        let refused = allow_open_files(limit + 1).unwrap_err();
        assert!(refused.contains(&format!("ulimit -n {}", limit + 1)), "{refused}");
        allow_open_files(limit).unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, Some(limit));
    }

    #[test]
    fn memory_that_is_taken_is_seen() {
        let before = resident_bytes().unwrap();
        let taken = vec![1_u8; 32 << 20];
        let after = resident_bytes().unwrap();
        assert!(after > before + (16 << 20), "{before} then {after}, with {} more", taken.len());
    }
}
