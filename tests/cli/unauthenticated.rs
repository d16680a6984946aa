//! A session without authentication is a warning with its reason, unless --auth none was given.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use iscsi_tests::ram_disk::{Account, Config, Credentials, RamDisk, Running, Target};
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET, finish};

const FORWARD: &[u8] = b"initsecret123";

/// A target with these credentials.
struct Stage {
    runtime: Runtime,
    target: Running,
    place: Place,
}

impl Stage {
    fn new(credentials: Credentials) -> Self {
        let mut target = Target::new(TARGET.parse().unwrap());
        target.credentials = credentials;
        let mut config = Config::with_targets([target]);
        config.unit_attention = false;
        let runtime = Runtime::new().unwrap();
        let target = runtime.block_on(RamDisk::serve(config)).unwrap();
        Self { runtime, target, place: Place::new() }
    }

    fn open() -> Self {
        Self::new(Credentials::None)
    }

    fn url(&self) -> String {
        format!("iscsi://{}/{TARGET}", self.target.portal())
    }

    /// A login whose store is the default one, in the place.
    fn login(&self, options: &[&str]) -> Outcome {
        finish(&mut self.place.command(&[&["login", &self.url()], options].concat())).expect(0)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
    }
}

/// The one line about it.
#[track_caller]
fn warning(outcome: &Outcome) -> String {
    let lines: Vec<&str> =
        outcome.stderr.lines().filter(|line| line.starts_with("warning: no authentication: ")).collect();
    assert_eq!(lines.len(), 1, "{}", outcome.stderr);
    lines[0].to_owned()
}

/// What the JSON form says.
fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn the_reason_tells_a_missing_store_an_empty_one_and_one_without_a_secret_for_the_target() {
    let stage = Stage::open();
    let directory = stage.place.path("state");
    let missing = stage.login(&["--output", "json"]);
    assert!(warning(&missing).contains(&format!("there is no secret store in {}", directory.display())));
    let reason = &json(&missing)["authentication"]["unauthenticated"];
    assert_eq!(
        (reason["kind"].as_str(), reason["store"].as_str()),
        (Some("missing-store"), directory.to_str())
    );

    let store = |arguments: &[&str]| finish(&mut stage.place.command(arguments)).expect(0);
    store(&["secret", "require", "none", "--global"]);
    let empty = stage.login(&["--output", "json"]);
    assert!(warning(&empty).contains(&format!("the secret store {} has no secret (", directory.display())));
    assert_eq!(json(&empty)["authentication"]["unauthenticated"]["kind"], "empty-store");

    let file = stage.place.secret_file("secret", FORWARD);
    store(&["secret", "set", "--target", "iqn.2001-04.com.example:other", "--secret-file", &file]);
    let other = stage.login(&["--output", "json"]);
    assert!(warning(&other).contains(&format!("has no secret for {TARGET}")), "{}", other.stderr);
    assert_eq!(json(&other)["authentication"]["unauthenticated"]["kind"], "no-secret");
}

#[test]
fn the_home_of_another_user_is_named() {
    let stage = Stage::open();
    // It belongs to root, and the program runs as somebody else.
    let mut command = as_somebody(&stage.place, &["login", &stage.url(), "--output", "json"]);
    let outcome = finish(command.env("HOME", "/usr")).expect(0);
    let line = warning(&outcome);
    assert!(line.contains("in /usr/.local/state/iscsi, and /usr belongs to user 0, not to user "), "{line}");
    assert_eq!(json(&outcome)["authentication"]["unauthenticated"]["kind"], "foreign-home");
}

/// What the user stored, and what the program looks at as root, are two stores.
#[test]
fn the_user_behind_sudo_is_named() {
    let stage = Stage::open();
    let with = |user: &str| {
        let mut command = stage.place.command(&["login", &stage.url()]);
        warning(&finish(command.env("SUDO_USER", user)).expect(0))
    };
    assert!(with("alice").contains("; that of alice, who runs this by sudo, is another one ("));
    for nobody in ["", "root"] {
        assert!(!with(nobody).contains("sudo"));
    }
}

/// The program as a user who is not root; a copy, since that user may have no right to the directory of the build.
fn as_somebody(place: &Place, arguments: &[&str]) -> Command {
    let copy = place.path("iscsi");
    fs::copy(env!("CARGO_BIN_EXE_iscsi"), &copy).unwrap();
    fs::set_permissions(place.path(""), Permissions::from_mode(0o755)).unwrap();
    let is_root = fs::metadata(&copy).unwrap().uid() == 0;
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "54321", "--clear-groups", "--"]).arg(copy);
        command
    } else {
        Command::new(copy)
    };
    command.args(arguments).args(["--initiator-name", "iqn.2001-04.com.example:host"]).env_clear();
    command
}

#[test]
fn every_command_that_has_a_session_tells() {
    let stage = Stage::open();
    let (url, portal) = (stage.url(), stage.target.portal().to_string());
    let unit = format!("{url}/0");
    let data = stage.place.secret_file("data", &[7; 512]);
    let cases: [(&[&str], bool); 10] = [
        (&["login", &url], true),
        (&["discover", &portal], true),
        (&["luns", &url], true),
        (&["info", &unit], true),
        (&["reserve", "list", &unit], true),
        (&["reserve", "register", "--key", "0xa1", "--ignore-existing", &unit], true),
        (&["raw", &unit, "000000000000"], true),
        (&["bench", "login", &url, "--count", "2"], true),
        (&["read", &unit, "-o", "/dev/null", "--length", "512"], false),
        (&["write", &unit, "-i", &data], false),
    ];
    for (arguments, has_result) in cases {
        let run = |more: &[&str]| finish(&mut stage.place.command(&[arguments, more].concat())).expect(0);
        let automatic = run(&["--output", "json"]);
        warning(&automatic);
        let none = run(&["--auth", "none", "--output", "json"]);
        assert!(!none.stderr.contains("authentication"), "{}", none.stderr);
        if has_result {
            assert!(automatic.stdout.contains("\"unauthenticated\""), "{}", automatic.stdout);
            assert!(!none.stdout.contains("missing-store"), "{}", none.stdout);
        }
    }
}

#[test]
fn a_target_that_did_not_ask_is_told() {
    let stage = Stage::open();
    let file = stage.place.secret_file("secret", FORWARD);
    let outcome = stage.login(&["--auth", "if-asked", "--user", "host", "--secret-file", &file]);
    assert!(warning(&outcome).contains("the target did not ask for it"));
}

#[test]
fn a_session_with_authentication_tells_nothing() {
    let stage = Stage::new(Credentials::Chap(Account::new("host", FORWARD)));
    let file = stage.place.secret_file("secret", FORWARD);
    let outcome = stage.login(&["--user", "host", "--secret-file", &file, "--output", "json"]);
    assert_eq!(outcome.stderr, "");
    assert!(json(&outcome)["authentication"]["unauthenticated"].is_null());
}

#[test]
fn a_store_that_is_not_needed_and_cannot_be_read_is_told_and_stops_nothing() {
    let stage = Stage::open();
    fs::create_dir(stage.place.path("state")).unwrap();
    fs::set_permissions(stage.place.path("state"), Permissions::from_mode(0o755)).unwrap();
    let outcome = stage.login(&["--auth", "none", "--initiator-name", "iqn.2001-04.com.example:host"]);
    assert!(
        outcome.stderr.contains("cannot read the secret store, so its requirements"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("is accessible to other users"), "{}", outcome.stderr);
}

/// Status 0201 without credentials: there is no secret that could be wrong.
#[test]
fn a_refusal_without_credentials_points_to_credentials_and_not_to_a_wrong_secret() {
    let stage = Stage::new(Credentials::Chap(Account::new("host", FORWARD)));
    let refused = finish(&mut stage.place.command(&["login", &stage.url()])).expect(3);
    assert!(!refused.stderr.contains("check"), "{}", refused.stderr);
    refused
        .complains("hint: the target requires CHAP, and the login offered none")
        .complains("iscsi secret set");
    let wrong = stage.place.secret_file("secret", b"not-the-secret");
    let with = ["login", &stage.url(), "--user", "host", "--secret-file", &wrong];
    finish(&mut stage.place.command(&with)).expect(3).complains("check CHAP name and secret");
}
