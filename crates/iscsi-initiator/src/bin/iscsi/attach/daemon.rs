//! `--daemon`: the same program once more, which goes on in the background when its device is attached.
//!
//! The second process has the streams of the first one until then: it asks for secrets at the terminal, reads them from
//! standard input, and reports errors as ever. Nothing of them is passed on.

use std::env;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};

use rustix::process::setsid;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::failure::Failure;

/// The option that this process was started with, and the one that the second process is started with.
const OPTION: &str = "--daemon";
const IN_BACKGROUND: &str = "--in-background";
/// The most bytes that the second process prints.
const MOST_BYTES: u64 = 64 << 10;

/// Starts the program in the background, and waits until its device is attached. What it prints is printed here.
///
/// # Errors
/// The program cannot be started. If it ends without a device, this process ends with its exit code.
pub(crate) fn start() -> Result<(), Failure> {
    let program = env::current_exe().map_err(Failure::local("find this program"))?;
    let mut command = Command::new(program);
    command.args(arguments(env::args_os().skip(1))).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(Failure::local("start this program in the background"))?;
    let mut printed = Vec::new();
    if let Some(output) = child.stdout.take() {
        // It closes this stream when it is ready, or ends.
        output
            .take(MOST_BYTES)
            .read_to_end(&mut printed)
            .map_err(Failure::local("read from the background"))?;
    }
    if printed.is_empty() {
        let status = child.wait().map_err(Failure::local("wait for the background"))?;
        // The error was reported there.
        std::process::exit(status.code().unwrap_or(1));
    }
    let mut output = io::stdout().lock();
    output
        .write_all(&printed)
        .and_then(|()| output.flush())
        .map_err(Failure::local("write to standard output"))
}

/// The arguments of the second process.
fn arguments(own: impl Iterator<Item = OsString>) -> Vec<OsString> {
    own.map(|argument| if argument == OPTION { IN_BACKGROUND.into() } else { argument }).collect()
}

/// Leaves the terminal and the standard streams, which lets the first process end.
pub(crate) fn leave_foreground() -> io::Result<()> {
    // This process leads no group, so nothing forbids a session of its own.
    setsid()?;
    let nothing = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stderr(&nothing)?;
    Ok(dup2_stdout(&nothing)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_process_has_the_same_arguments_but_for_one() {
        let own = ["attach", "--daemon", "iscsi://host/target/0", "--user", "daemon"];
        let passed = arguments(own.into_iter().map(OsString::from));
        assert_eq!(passed, ["attach", "--in-background", "iscsi://host/target/0", "--user", "daemon"]);
    }
}
