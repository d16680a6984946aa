//! The end of the process that has started this one.

use std::time::Duration;

use rustix::process::{Pid, getppid};
use tokio::time::sleep;

/// How often this process looks whether it has another parent. A signal of the kernel would come when the thread ends that
/// started this process, which need not be the end of its parent.
const INTERVAL: Duration = Duration::from_millis(500);

/// The parent of this process.
#[derive(Clone, Copy)]
pub(crate) struct Parent(Option<Pid>);

impl Parent {
    pub(crate) fn new() -> Self {
        Self(getppid())
    }

    /// Waits until the parent has ended, and this process has another one.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn ended(self) {
        while getppid() == self.0 {
            sleep(INTERVAL).await;
        }
    }
}
