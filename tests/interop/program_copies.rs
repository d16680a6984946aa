//! `iscsi copy`, `compare`, `checksum`, `zero` and `discard` on logical units of the external targets.

use std::fs;
use std::process::Stdio;

use iscsi_tests::external_targets::LioTarget;
use serde_json::Value;

use crate::program::{Outcome, User};
use crate::scratch::{SIZE, Scratch};
use crate::stage::Daemon;
use crate::third_party_copies::TURN;

const MIB: usize = 1 << 20;

/// A unit of a target, and somebody who uses it.
struct Unit {
    scratch: Scratch,
    user: User,
}

impl Unit {
    fn of(daemon: Daemon) -> Self {
        Self { scratch: Scratch::of(daemon, "copies"), user: User::new() }
    }

    fn run(&self, words: &[&str]) -> Outcome {
        let mut command = self.user.command();
        command.args(words).args(["--auth", "none"]);
        Outcome::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[words, &["--output", "json"]].concat()).expect(&[0]).stdout).unwrap()
    }
}

/// A file with zeros in it goes to the unit and comes back; what was around it stays.
fn goes_there_and_back(daemon: Daemon) {
    let unit = Unit::of(daemon);
    let url = unit.scratch.url();
    let mut data: Vec<u8> = (1..=251).cycle().take(5 * MIB + 77).collect();
    data[MIB..3 * MIB].fill(0);
    let [file, back] = ["file", "back"].map(|name| unit.user.path(name));
    let [file_name, back_name] = [&file, &back].map(|path| path.to_str().unwrap());
    fs::write(&file, &data).unwrap();
    unit.run(&["zero", &url, "--destroy-data", "--keep-mapped"]).expect(&[0]);
    unit.run(&["copy", file_name, &url, "--to", "1000", "--verify"]).expect(&[0]).complains("equal");
    let range = ["--from", "1000", "--length", &data.len().to_string()];
    unit.run(&[&["copy", &url, back_name], &range[..]].concat()).expect(&[0]);
    assert!(fs::read(&back).unwrap() == data);
    let of_file = unit.json(&["checksum", file_name]);
    let range = ["--offset", "1000", "--length", &data.len().to_string()];
    let of_unit = unit.json(&[&["checksum", &url], &range[..]].concat());
    assert_eq!(of_unit["sha256"], of_file["sha256"]);
    // The rest is zeros, and so is everything in the end.
    let whole = unit.json(&["checksum", &url]);
    let mut model = vec![0; usize::try_from(SIZE).unwrap()];
    model[1000..1000 + data.len()].copy_from_slice(&data);
    fs::write(&file, &model).unwrap();
    assert_eq!(whole["sha256"], unit.json(&["checksum", file_name])["sha256"]);
    unit.run(&["zero", &url, "--destroy-data"]).expect(&[0]);
    fs::write(&file, vec![0; model.len()]).unwrap();
    unit.run(&["compare", &url, file_name]).expect(&[0]);
    unit.run(&["discard", &url, "--destroy-data"]).expect(&[0]);
}

#[test]
fn copies_go_to_tgt_and_back() {
    goes_there_and_back(Daemon::Tgt);
}

#[test]
fn copies_go_to_istgt_and_back() {
    goes_there_and_back(Daemon::Istgt);
}

#[test]
fn copies_go_to_lio_and_back() {
    let _turn = TURN.blocking_lock();
    goes_there_and_back(Daemon::Lio);
}

/// LIO copies between two of its disks by itself.
#[test]
fn lio_copies_between_its_disks() {
    let _turn = TURN.blocking_lock();
    let unit = Unit::of(Daemon::Lio);
    let file = unit.user.path("file");
    let data: Vec<u8> = (1..=251).cycle().take(4 * MIB).collect();
    fs::write(&file, &data).unwrap();
    let [first, second] = [LioTarget::LUN, LioTarget::SECOND_LUN].map(|number| unit.scratch.url_of(number));
    unit.run(&["copy", file.to_str().unwrap(), &first]).expect(&[0]);
    let range = ["--length", "4M", "--offload", "always", "--no-sparse"];
    let copied = unit.json(&[&["copy", &first, &second], &range[..]].concat());
    assert_eq!(copied["offloaded_bytes"], data.len());
    unit.run(&["compare", &first, &second, "--length", "4M"]).expect(&[0]);
}
