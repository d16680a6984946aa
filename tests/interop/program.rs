//! Running the program `iscsi` with a store, a name and secret files of its own.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use iscsi_tests::external_targets::Auth;
use tempfile::TempDir;

/// A CHAP name with its secret, for tests only.
pub(crate) type TestAccount = (&'static str, &'static str);

/// Name and secret of the initiator.
pub(crate) const FORWARD: TestAccount = ("initiator-user", "initsecret123");
/// Name and secret of the target.
pub(crate) const REVERSE: TestAccount = ("target-user", "targsecret456");

/// The authentication required by the targets `open`, `chap`, `mutual` and `digests`.
pub(crate) fn access(name: &str) -> Auth {
    match name {
        "chap" => Auth::chap(FORWARD),
        "mutual" | "digests" => Auth::mutual(FORWARD, REVERSE),
        _ => Auth::None,
    }
}

/// One user of the program.
pub(crate) struct User {
    home: TempDir,
}

/// The exit code and the output of a run of the program.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Waits for a program that was started.
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails with everything that was printed unless this is in the result.
    #[track_caller]
    pub(crate) fn shows(self, text: &str) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert!(stdout.contains(text), "not {text:?} in stdout: {stdout}\nstderr: {stderr}");
        self
    }

    /// Fails with everything that was printed unless this is in the error.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert!(stderr.contains(text), "not {text:?} in stderr: {stderr}\nstdout: {stdout}");
        self
    }

    /// Fails with everything that was printed unless the exit code is one of these.
    #[track_caller]
    pub(crate) fn expect(self, codes: &[i32]) -> Self {
        let Self { code, stdout, stderr } = &self;
        assert!(
            codes.contains(code),
            "exit code {code}, expected {codes:?}\nstdout: {stdout}\nstderr: {stderr}"
        );
        self
    }
}

impl User {
    pub(crate) fn new() -> Self {
        let home = TempDir::new().unwrap();
        fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
        Self { home }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The program with this user's store, ready for arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iscsi"));
        // The default place of the store: what is not there yet is empty.
        command
            .env("STATE_DIRECTORY", self.path("store"))
            .env_remove("ISCSI_SECRET_STORE")
            .stdin(Stdio::null());
        // No credentials of this host.
        for name in ["USERNAME", "PASSWORD", "TARGET_USERNAME", "TARGET_PASSWORD"] {
            command.env_remove(format!("LIBISCSI_CHAP_{name}"));
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.start(arguments))
    }

    /// Leaves the program running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.start_with_input(arguments, Stdio::null())
    }

    /// Runs the program like [`run`](Self::run), with this on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Outcome {
        let (reader, mut writer) = std::io::pipe().unwrap();
        // A pipe holds more than any secret.
        writer.write_all(input).unwrap();
        drop(writer);
        Outcome::of(self.start_with_input(arguments, reader.into()))
    }

    fn start_with_input(&self, arguments: &[&str], input: Stdio) -> Child {
        let mut command = self.command();
        command.args(arguments);
        // Only commands that log in take a name.
        if arguments.first() != Some(&"secret") {
            command.args(["--initiator-name", "iqn.2001-04.com.example:host"]);
        }
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A file with a secret that only its owner can read.
    pub(crate) fn secret_file(&self, name: &str, secret: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, secret).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Stores the forward credential for a target, and the reverse one if given.
    pub(crate) fn remember(&self, target: &str, forward: TestAccount, reverse: Option<TestAccount>) {
        let file = self.secret_file("forward", forward.1);
        let mut what = vec!["secret", "set", "--target", target, "--user", forward.0, "--secret-file", &file];
        let reverse = reverse.map(|reverse| (reverse.0, self.secret_file("reverse", reverse.1)));
        if let Some((name, file)) = &reverse {
            what.extend(["--target-user", name, "--target-secret-file", file]);
        }
        self.run(&what).expect(&[0]);
    }
}

/// The account with another secret.
pub(crate) const fn wrong(account: TestAccount) -> TestAccount {
    (account.0, "not-the-secret-1")
}

pub(crate) fn read_file(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}
