//! Memory and progress of a read of 1 GiB: it needs no more memory than a small read, and shows progress on a terminal.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use iscsi_tests::external_targets::{Tgt, TgtTarget};

use crate::program::User;

const GIB: u64 = 1 << 30;
/// 64 MiB, in the KiB of `/proc`.
const LIMIT_KIB: u64 = 64 << 10;

/// The most a process has had resident, in KiB; `None` once it is gone.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn reading_a_gibibyte_keeps_memory_flat() {
    let tgt = Tgt::builder().target(TgtTarget::named("big").size(GIB)).start();
    let user = User::new();
    let url = tgt.url("big", TgtTarget::FILE_LUN);
    let mut command = user.command();
    command.args(["read", &url, "--offset", "0", "--length", &GIB.to_string(), "-o", "/dev/null"]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_kib(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        sleep(Duration::from_millis(5));
    };
    assert!(status.success());
    assert!((1..LIMIT_KIB).contains(&peak), "{peak} KiB resident");
}

#[test]
fn progress_is_for_terminals_only() {
    let tgt = Tgt::builder().target(TgtTarget::named("disk").size(256 << 20)).start();
    let user = User::new();
    let url = tgt.url("disk", TgtTarget::FILE_LUN);
    let read = ["read", &url, "--offset", "0", "--length", "256MiB", "-o", "/dev/null"];
    let piped = user.run(&read).expect(&[0]).stderr;
    assert!(!piped.contains('\r') && !piped.contains("MiB"), "{piped}");

    // util-linux' script gives the program a terminal.
    let line = format!("{} {}", env!("CARGO_BIN_EXE_iscsi"), read.join(" "));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("STATE_DIRECTORY", user.path("store"))
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("MiB"), "{shown}");
}
