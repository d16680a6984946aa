//! Processor time of processes, in nanoseconds.

use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use crate::Failure;

/// Of this process, all its threads.
pub(crate) fn own() -> Result<Duration, Failure> {
    read(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// Of another process, all its threads.
pub(crate) fn of(pid: u32) -> Result<Duration, Failure> {
    read(clock_getcpuclockid(Pid::from_raw(i32::try_from(pid)?))?)
}

fn read(clock: ClockId) -> Result<Duration, Failure> {
    let time: TimeSpec = clock_gettime(clock)?;
    Ok(time.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_this_process_is_the_same_from_outside() {
        let before = own().unwrap();
        let outside = of(std::process::id()).unwrap();
        assert!(before <= outside && outside <= own().unwrap());
    }
}
