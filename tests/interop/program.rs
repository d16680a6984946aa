//! Running the program `iscsi` with a store, a name and secret files of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use iscsi_tests::lab::{FORWARD, REVERSE, TestAccount};
use tempfile::TempDir;

/// One user of the program.
pub struct User {
    home: TempDir,
}

/// What a run of the program left behind.
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Fails with everything that was printed unless the exit code is one of these.
    pub fn expect(self, codes: &[i32]) -> Self {
        let Self { code, stdout, stderr } = &self;
        assert!(codes.contains(code), "exit code {code}, expected {codes:?}\nstdout: {stdout}\nstderr: {stderr}");
        self
    }
}

impl User {
    pub fn new() -> Self {
        let home = TempDir::new().unwrap();
        fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
        Self { home }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The program with this user's store, ready for arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iscsi"));
        command.env("ISCSI_SECRET_STORE", self.path("store")).env("HOME", self.home.path()).stdin(Stdio::null());
        command.env_remove("STATE_DIRECTORY").env_remove("XDG_STATE_HOME");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command();
        let output = command.args(["--initiator-name", "iqn.2001-04.com.example:host"]).args(arguments).output().unwrap();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A file with a secret that only its owner can read.
    pub fn secret_file(&self, name: &str, secret: &str) -> String {
        let path = self.path(name);
        fs::write(&path, secret).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Stores what we prove, and what the target must prove if `reverse` is given.
    pub fn remember(&self, target: &str, forward: TestAccount, reverse: Option<TestAccount>) {
        self.create_store();
        let file = self.secret_file("forward", forward.secret);
        let what = ["secret", "remember", "--target", target, "--user", forward.name, "--secret-file", &file];
        self.run(&what).expect(&[0]);
        if let Some(reverse) = reverse {
            let file = self.secret_file("reverse", reverse.secret);
            let what = ["secret", "set", "--target", target, "--target-user", reverse.name, "--secret-file", &file];
            self.run(&what).expect(&[0]);
        }
    }

    /// An empty store: a login may then go without authentication.
    pub fn create_store(&self) {
        if !self.path("store").exists() {
            fs::create_dir(self.path("store")).unwrap();
            fs::set_permissions(self.path("store"), Permissions::from_mode(0o700)).unwrap();
        }
        self.run(&["secret", "list"]).expect(&[0]);
    }
}

/// The account with another secret.
pub fn wrong(account: TestAccount) -> TestAccount {
    TestAccount { secret: "not-the-secret-1", ..account }
}

/// Both accounts as the targets have them.
pub const RIGHT: (TestAccount, Option<TestAccount>) = (FORWARD, Some(REVERSE));

pub fn read_file(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}
