//! The program's commands for a storage engineer against the external targets: `raw`, `reserve` and `info`.

use std::process::Stdio;

use serde_json::Value;

use crate::program::{Outcome, User};
use crate::stage::{Daemon, Stage};

const OWN: &str = "iqn.2001-04.com.example:host";
const OTHER: &str = "iqn.2001-04.com.example:other-host";
const JSON: [&str; 2] = ["--output", "json"];

/// tgt forgets a registration when its session ends, so commands one after the other cannot reserve anything.
#[test]
fn tgt_takes_raw_commands_and_forgets_registrations() {
    let unit = Unit::of(Daemon::Tgt);
    answers(&unit);
    unit.reserve(OTHER, &["register", "--key", "0xb2"]).expect(&[0]);
    let reserve = ["reserve", "--key", "0xb2", "--type", "write-exclusive"];
    unit.reserve(OTHER, &reserve).expect(&[8]).complains("RESERVATION CONFLICT");
}

/// istgt writes its own form of `TransportID`, so the holder is known by its key alone.
#[test]
fn istgt_takes_raw_commands_and_names_the_key_of_the_holder() {
    let unit = Unit::of(Daemon::Istgt);
    answers(&unit);
    is_reserved_by_another_host(&unit).complains("key 0x00000000000000b2");
}

#[test]
fn lio_takes_raw_commands_and_names_the_holder() {
    let unit = Unit::of(Daemon::Lio);
    answers(&unit);
    is_reserved_by_another_host(&unit).complains(&format!("by {OTHER}")).complains("is not registered");
    unit.reserve(OWN, &["register", "--key", "0xa1"]).expect(&[0]);
    unit.reserve(OWN, &["preempt", "--key", "0xa1", "--victim", "0xb2"]).expect(&[0]);
    let listed = unit.json(&["reserve", "list"]);
    assert_eq!(listed["keys"], serde_json::json!(["0x00000000000000a1"]), "{listed}");
    assert_eq!(listed["reservation"]["key"], "0x00000000000000a1", "{listed}");
    unit.reserve(OWN, &["release", "--key", "0xa1"]).expect(&[0]);
    unit.reserve(OWN, &["clear", "--key", "0xa1"]).expect(&[0]);
    assert_eq!(unit.json(&["reserve", "list"])["keys"], serde_json::json!([]));
}

/// `raw` with a command that the target knows and one that it does not, and `info` with the facts that all targets have.
fn answers(unit: &Unit) {
    let inquiry = unit.run(&["raw"], &["120000002400", "--read", "36"]).expect(&[0]);
    assert!(
        inquiry.stdout.contains("GOOD (0x00)") && inquiry.stdout.contains("00000020"),
        "{}",
        inquiry.stdout
    );
    let unknown = unit.run(&["raw"], &["c1 00 00 00 00 00", "--destroy-data"]).expect(&[8]);
    assert!(unknown.stdout.contains("0x5 ILLEGAL REQUEST"), "{}", unknown.stdout);
    let info = unit.json(&["info"]);
    assert!(info["caches"].is_object() && info["reservations"].is_object(), "{info}");
}

/// The failure of a write to a unit that another host has reserved.
fn is_reserved_by_another_host(unit: &Unit) -> Outcome {
    unit.reserve(OTHER, &["register", "--key", "0xb2"]).expect(&[0]);
    unit.reserve(OTHER, &["reserve", "--key", "0xb2", "--type", "write-exclusive"]).expect(&[0]);
    let block = unit.user.path("block");
    std::fs::write(&block, [7; 512]).unwrap();
    let write = ["2a000000000000000100", "--destroy-data", "--write", block.to_str().unwrap()];
    let refused = unit.run(&["raw"], &write).expect(&[8]);
    refused.complains("RESERVATION CONFLICT").complains("is reserved (Write Exclusive")
}

/// A unit of a target, and somebody who uses it.
struct Unit {
    url: String,
    user: User,
    _stage: Stage,
}

impl Unit {
    fn of(daemon: Daemon) -> Self {
        let stage = Stage::of(daemon);
        Self { url: format!("{}/{}", stage.url("open"), stage.lun), user: User::new(), _stage: stage }
    }

    /// Runs `iscsi reserve` as this initiator.
    fn reserve(&self, initiator: &str, words: &[&str]) -> Outcome {
        self.run_as(initiator, &[&["reserve"], words].concat(), &[])
    }

    fn run(&self, words: &[&str], options: &[&str]) -> Outcome {
        self.run_as(OWN, words, options)
    }

    /// Runs the program as this initiator.
    fn run_as(&self, initiator: &str, words: &[&str], options: &[&str]) -> Outcome {
        let mut command = self.user.command();
        command.args(words).args([&self.url, "--auth", "none", "--initiator-name", initiator]).args(options);
        Outcome::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.run(words, &JSON).expect(&[0]).stdout).unwrap()
    }
}
