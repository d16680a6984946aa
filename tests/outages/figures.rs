//! Figures of a course: what callers met, and what the process and its thread took.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of what callers met.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Calls that returned.
    pub(crate) calls: AtomicU64,
    /// Bytes read and written by calls that succeeded.
    pub(crate) bytes: AtomicU64,
    /// Calls that ended as `Error::Ambiguous`.
    pub(crate) ambiguous: AtomicU64,
    /// Calls that ended as `Error::NoSession`.
    pub(crate) not_sent: AtomicU64,
    /// Flushes that ended as `Error::WritesMayBeLost`.
    pub(crate) may_be_lost: AtomicU64,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64, number: u64) {
        count.fetch_add(number, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// A thread of this process.
pub(crate) struct Thread(PathBuf);

impl Thread {
    pub(crate) fn current() -> Self {
        Self(PathBuf::from("/proc").join(fs::read_link("/proc/thread-self").unwrap()))
    }

    /// The number of times that it went to sleep, and so was woken.
    pub(crate) fn wakeups(&self) -> u64 {
        let status = fs::read_to_string(self.0.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse().unwrap()
    }
}
