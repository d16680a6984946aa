//! Ctrl-C and SIGTERM: the program logs out, reports the bytes done, and exits with code 1.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use iscsi_tests::external_targets::{Tgt, TgtTarget};

use crate::program::User;

#[test]
fn ctrl_c_logs_out_and_says_what_was_done() {
    stopped_by("-INT");
}

#[test]
fn sigterm_logs_out_and_says_what_was_done() {
    stopped_by("-TERM");
}

fn stopped_by(signal: &str) {
    let tgt = Tgt::builder().target(TgtTarget::named("endless").with_null_unit()).start();
    let user = User::new();
    let url = tgt.url("endless", TgtTarget::NULL_LUN);
    let mut command = user.command();
    command.args(["-vv", "read", &url, "--length", "1024GiB", "-o", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first bytes are here: the read is under way.
    let mut bytes = child.stdout.take().unwrap();
    bytes.read_exact(&mut vec![0; 1 << 20]).unwrap();
    interrupt(&child, signal);
    std::thread::spawn(move || std::io::copy(&mut bytes, &mut std::io::sink()));
    let lines: Vec<String> =
        BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok).collect();
    let status = child.wait().unwrap();
    let shown = lines.join("\n");
    assert_eq!(status.code(), Some(1), "{shown}");
    assert!(shown.contains("read ended early") && shown.contains("session logged out"), "{shown}");
}

/// Sends a signal to the program.
pub(crate) fn interrupt(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
