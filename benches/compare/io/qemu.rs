//! The contender `qemu-img`: its `bench` subcommand, which reads or writes through the same libiscsi.

use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use super::arguments::Operations;
use super::case::{Direction, IoCase};
use crate::Failure;
use crate::sample::ClientSample;

/// Two runs: one of the unmeasured operations alone, and one of all. The processor time of the measured operations is the
/// difference, without start and login; the time is the one that qemu-img states for the longer run.
pub(crate) fn sample(case: &IoCase, url: &str, operations: Operations) -> Result<ClientSample, Failure> {
    let Operations { unmeasured, operations } = operations;
    let (_, beforehand) = run(case, url, unmeasured)?;
    let total = unmeasured + operations;
    let (seconds, cpu) = run(case, url, total)?;
    let cpu_seconds = cpu.saturating_sub(beforehand).as_secs_f64();
    let seconds = seconds / float(total)? * float(operations)?;
    // The target has served the unmeasured operations twice.
    Ok(ClientSample { operations, unmeasured: 2 * unmeasured, seconds, cpu_seconds })
}

fn float(count: u64) -> Result<f64, Failure> {
    Ok(f64::from(u32::try_from(count)?))
}

/// The stated duration in seconds, and the processor time of the whole process.
fn run(case: &IoCase, url: &str, operations: u64) -> Result<(f64, Duration), Failure> {
    let mut command = Command::new("qemu-img");
    command.args(["bench", "-f", "raw", "-c", &operations.to_string(), "-d", &case.depth.to_string()]);
    command.args(["-s", &(case.kib * 1024).to_string()]);
    if case.direction == Direction::Write {
        command.arg("-w");
    }
    let before = of_children()?;
    let output = command.arg(url).output().map_err(|error| format!("qemu-img: {error}"))?;
    let used = of_children()?.saturating_sub(before);
    if !output.status.success() {
        return Err(format!("qemu-img: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let seconds = parse(&text).ok_or_else(|| format!("qemu-img states no time: {text}"))?;
    Ok((seconds, used))
}

/// The seconds of `Run completed in 0.123 seconds.`; less than a millisecond counts as one.
fn parse(text: &str) -> Option<f64> {
    let (_, rest) = text.split_once("Run completed in ")?;
    let seconds: f64 = rest.split(' ').next()?.parse().ok()?;
    Some(seconds.max(0.001))
}

/// Processor time of the children that have ended.
fn of_children() -> Result<Duration, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_time_is_read() {
        let text =
            "Sending 64 read requests, 4096 bytes each, 32 in parallel\nRun completed in 1.250 seconds.\n";
        assert_eq!(parse(text), Some(1.25));
        assert_eq!(parse("Run completed in 0.000 seconds."), Some(0.001));
        assert_eq!(parse("nothing"), None);
    }

    #[test]
    fn a_child_that_worked_has_used_time() {
        let before = of_children().unwrap();
        Command::new("sh").args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]).status().unwrap();
        assert!(of_children().unwrap() > before);
    }
}
