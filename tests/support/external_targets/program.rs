//! Programs that the external targets need, and the Debian packages that contain them.

use std::env;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::patience::wait_for;

/// A program and where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Program {
    /// Its file name.
    pub(super) name: &'static str,
    /// The Debian package that brings it.
    pub(super) package: &'static str,
}

/// Daemons live here, and the search path of an ordinary user may not say so.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

impl Program {
    /// The beginning of a command line. Panics with the line that installs the program if it is missing.
    pub(super) fn command(self) -> Command {
        Command::new(self.file())
    }

    /// Its file. Panics with the line that installs the program if it is missing.
    pub(super) fn file(self) -> PathBuf {
        let Self { name, package } = self;
        self.path().unwrap_or_else(|| {
            panic!("`{name}` is not installed; install it with: sudo apt-get install -y {package}")
        })
    }

    fn path(self) -> Option<PathBuf> {
        let search_path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&search_path).chain(SYSTEM_FOLDERS.map(PathBuf::from));
        folders.map(|folder| folder.join(self.name)).find(|path| Path::is_file(path))
    }
}

/// The exit status and the output of a program that has ended.
pub(super) struct Outcome {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a command to its end. `None` if that took longer than `limit`; the process is ended in any case.
pub(super) fn run(command: &mut Command, limit: Duration) -> Option<Outcome> {
    let (mut stdout, mut stderr) = (scratch_file(), scratch_file());
    command.stdin(Stdio::null()).stdout(clone_of(&stdout)).stderr(clone_of(&stderr));
    let mut child = command.spawn().expect("the program starts");
    let Some(status) = wait_for(limit, || child.try_wait().expect("a child can be waited for")) else {
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
        return None;
    };
    Some(Outcome { status, stdout: text_of(&mut stdout), stderr: text_of(&mut stderr) })
}

/// Output goes to files: a full pipe that is not read would block the program.
fn scratch_file() -> File {
    tempfile::tempfile().expect("a temporary file")
}

fn clone_of(file: &File) -> File {
    file.try_clone().expect("one more handle of a file")
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("a temporary file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "sudo apt-get install -y the-package")]
    fn a_missing_program_is_a_failure_with_the_line_that_installs_it() {
        Program { name: "no-such-program", package: "the-package" }.command();
    }

    #[test]
    fn output_and_status_are_kept() {
        let script = "echo seen; echo complained >&2; exit 3";
        let outcome = run(Command::new("sh").args(["-c", script]), Duration::from_secs(10)).unwrap();
        assert_eq!(outcome.status.code(), Some(3));
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("seen\n", "complained\n"));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        assert!(run(Command::new("sleep").arg("600"), Duration::from_millis(50)).is_none());
    }
}
