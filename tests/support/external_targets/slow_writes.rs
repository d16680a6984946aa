//! A process whose writes to one file take longer: `strace` delays the calls of the system.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::patience::{PATIENCE, wait_for};
use super::program::Program;

const STRACE: Program = Program { name: "strace", package: "strace" };

/// Delays the writes of a process to a file. Dropping it ends the delays, those under way too.
pub struct SlowWrites(Child);

impl SlowWrites {
    /// Lets each write of this process to this file begin so much later.
    #[must_use]
    pub fn start(pid: u32, file: &Path, delay: Duration) -> Self {
        const CALLS: &str = "write,pwrite64";
        let delayed = format!("inject={CALLS}:delay_enter={}", delay.as_micros());
        let mut command: Command = STRACE.command();
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e", &delayed]);
        command.arg("-P").arg(file).args(["-p", &pid.to_string()]);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = quiet.spawn().expect("strace starts");
        let attached = wait_for(PATIENCE, || is_traced(pid).then_some(()));
        assert!(
            attached.is_some(),
            "strace does not trace {pid}: that takes root, or the same user and no Yama"
        );
        Self(child)
    }
}

/// Whether all threads of the process are traced.
fn is_traced(pid: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    tasks.flatten().all(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
    })
}

impl Drop for SlowWrites {
    fn drop(&mut self) {
        // Either fails only for a process that is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
