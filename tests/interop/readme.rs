//! The commands of the README, run against tgtd.

use std::path::Path;
use std::process::Command;

use iscsi_tests::external_targets::free_port;

const README: &str = include_str!("../../README.md");

/// The commands from the build on, up to the end of their block.
fn walk() -> &'static str {
    let begin = README.find("cargo build --release --bin iscsi").expect("the README builds the program");
    let rest = &README[begin..];
    &rest[..rest.find("```").expect("the block ends")]
}

#[test]
fn the_walk_of_the_readme_works() {
    let program = Path::new(env!("CARGO_BIN_EXE_iscsi"));
    // The program is built already, the port of the README may be taken, and a walk that fails leaves no daemon.
    let script = walk()
        .replace("cargo build --release --bin iscsi\n", "set -e; trap 'kill -9 $TGTD' EXIT\n")
        .replace("$PWD/target/release", program.parent().unwrap().to_str().unwrap())
        .replace("3261", &free_port().to_string())
        .replace("kill -9 $TGTD; rm", "rm");
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{errors}");
    assert!(shown.contains("mutual CHAP") && shown.contains("hello"), "{shown}\n{errors}");
    assert!(errors.contains("flushed to stable storage"), "{errors}");
}
