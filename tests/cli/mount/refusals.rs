//! Mounts that are refused: the message says what is missing, and nothing is left.

use std::fs;
use std::process::Command;

use super::{Stage, expect_fuse, path};
use crate::program::{Outcome, finish, outcome};

/// A mount that fails at a directory.
fn refused(stage: &Stage, directory: &str) -> Outcome {
    expect_fuse();
    stage.run(&["mount", &stage.url(), directory])
}

#[test]
fn a_directory_has_to_be_there_and_empty() {
    let stage = Stage::new();
    fs::write(stage.place.path("mnt/file"), "").unwrap();
    refused(&stage, "mnt")
        .expect(10)
        .complains("error: mnt is not empty\n")
        .complains("hint: name an empty directory");
    let missing = refused(&stage, "missing").expect(10);
    missing.complains("error: cannot mount at missing\n").complains("hint: make it with `mkdir`");
    let file = refused(&stage, "mnt/file").expect(10);
    file.complains("error: cannot mount at mnt/file\n").complains("hint: name a directory that is empty");
    // Nothing was sent to the target.
    assert_eq!(stage.target.report().connections, 0);
}

#[test]
fn a_directory_with_a_logical_unit_takes_no_second_one() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let outcome = refused(&stage, "mnt").expect(10);
    outcome.complains("error: mnt already has a logical unit mounted\n").complains("hint: unmount it");
    mount.unmount();
    mount.end().expect(0);
}

/// Runs the program in a mount namespace of its own after some commands of the shell.
fn in_namespace(stage: &Stage, before: &str) -> Outcome {
    let script = format!("{before}; exec \"$0\" mount \"$1\" mnt --auth none");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_iscsi"), &stage.url()]);
    command.current_dir(stage.place.path("")).env("STATE_DIRECTORY", stage.place.path("state"));
    outcome(command.output().unwrap())
}

#[test]
fn a_system_without_fuse_is_told_what_to_load_or_grant() {
    let stage = Stage::new();
    let missing = in_namespace(&stage, "mount -t tmpfs none /dev").expect(10);
    let missing = missing.complains("error: /dev/fuse cannot be used\n").complains("modprobe fuse");
    missing.complains("--device /dev/fuse --cap-add SYS_ADMIN");
    assert_eq!(stage.target.report().connections, 0);
}

#[test]
fn a_user_who_may_not_mount_is_told_what_to_grant() {
    let stage = Stage::new();
    let drop_capability = ["--bounding-set=-sys_admin", "--inh-caps=-sys_admin", "--"];
    let program = env!("CARGO_BIN_EXE_iscsi");
    let mut command = Command::new("setpriv");
    command.args(drop_capability).args([program, "mount", &stage.url(), path(&stage.place.path("mnt"))]);
    command.args(["--auth", "none"]).env_clear().env("STATE_DIRECTORY", stage.place.path("state"));
    // No fusermount3 may help.
    command.env("FUSERMOUNT_PATH", "/nonexistent/fusermount3");
    let outcome = finish(&mut command).expect(10);
    let outcome = outcome.complains("error: cannot mount at ").complains("there is no fusermount3");
    outcome.complains("--device /dev/fuse --cap-add SYS_ADMIN");
    stage.expect_clean(1);
}

#[test]
fn a_logical_unit_has_to_be_named() {
    let stage = Stage::new();
    let url = stage.url();
    let target = url.strip_suffix("/0").unwrap();
    stage.run(&["mount", target, "mnt"]).expect(2).complains("the URL names no logical unit");
    stage.run(&["mount", &format!("{target}/7"), "mnt"]).expect(8);
    stage.expect_clean(1);
}
