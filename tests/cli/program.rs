//! Running the program in a directory of its own, with nothing of this host's settings.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A target name for tests.
pub(crate) const TARGET: &str = "iqn.2001-04.com.example:disk";

/// A directory in which one test lives.
pub(crate) struct Place(TempDir);

/// The outcome of a run.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Fails, with everything that was printed, unless the program ended so.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        let Self { code: found, stdout, stderr } = &self;
        assert_eq!(*found, Some(code), "stdout: {stdout}\nstderr: {stderr}");
        self
    }

    /// Fails unless standard error has this text.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "not {text:?} in: {}", self.stderr);
        self
    }
}

impl Outcome {
    /// The error of a run with `--output json`: the last line on standard error.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        let document: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}", self.stderr));
        document["error"].clone()
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, with its state in this place and standard input at its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iscsi"));
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command.env("STATE_DIRECTORY", self.path("state")).stdin(Stdio::null());
        command
    }

    /// Runs it with the store in this place.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        finish(self.command(arguments).env("ISCSI_SECRET_STORE", self.path("store")))
    }

    /// Runs the program with this on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Outcome {
        let mut command = self.command(arguments);
        command.env("ISCSI_SECRET_STORE", self.path("store"));
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::thread::scope(|scope| {
            // A program that ends early does not read everything.
            scope.spawn(move || _ = writer.write_all(input));
            command.stdin(reader);
            let outcome = finish(&mut command);
            // The pipe has no reader then.
            command.stdin(Stdio::null());
            outcome
        })
    }

    /// Stores the initiator's secret for the scope of these arguments.
    #[track_caller]
    pub(crate) fn store_forward(&self, arguments: &[&str], secret: &[u8]) -> Outcome {
        let arguments = [&["secret", "set"], arguments, &["--secret-file", "-"]].concat();
        self.run_with_input(&arguments, secret).expect(0)
    }

    /// Stores the target's secret for the scope of these arguments.
    #[track_caller]
    pub(crate) fn store_reverse(&self, arguments: &[&str], secret: &[u8]) -> Outcome {
        let arguments = [&["secret", "set"], arguments, &["--target-secret-file", "-"]].concat();
        self.run_with_input(&arguments, secret).expect(0)
    }

    /// A file of this mode.
    pub(crate) fn file(&self, name: &str, content: &[u8], mode: u32) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        text(&path)
    }

    /// A secret in a file as it should be.
    pub(crate) fn secret_file(&self, name: &str, secret: &[u8]) -> String {
        self.file(name, secret, 0o600)
    }

    /// A store that knows another target than [`TARGET`].
    pub(crate) fn with_store() -> Self {
        let place = Self::new();
        let file = place.secret_file("other-secret", b"of-another-target");
        let other = "iqn.2001-04.com.example:other";
        place.run(&["secret", "set", "--target", other, "--secret-file", &file]).expect(0);
        place
    }
}

pub(crate) fn finish(command: &mut Command) -> Outcome {
    outcome(command.output().unwrap())
}

/// The outcome of a run, as text.
pub(crate) fn outcome(output: Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
