//! Secrets in places that other initiators use: files with the names of open-iscsi's keys, and libiscsi's variables.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use iscsi_tests::ram_disk::{Account, Config, Credentials, RamDisk, Running, Target};
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET, finish};

const FORWARD: &str = "initsecret123";
const REVERSE: &str = "targsecret456";

/// A target that wants both proofs.
fn mutual(runtime: &Runtime) -> Running {
    let mut target = Target::new(TARGET.parse().unwrap());
    target.credentials = Credentials::Mutual {
        initiator: Account::new("host", FORWARD.as_bytes()),
        target: Account::new("disk", REVERSE.as_bytes()),
    };
    runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap()
}

/// The directory that a mounted Kubernetes secret of type `kubernetes.io/iscsi-chap` is.
fn mount(place: &Place, reverse: &str, mode: u32) -> String {
    let directory = place.path("chap");
    fs::create_dir(&directory).unwrap();
    let session = "node.session.auth";
    for (key, value) in
        [("username", "host"), ("password", FORWARD), ("username_in", "disk"), ("password_in", reverse)]
    {
        let path = directory.join(format!("{session}.{key}"));
        fs::write(&path, value).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    format!("dir:{}", directory.display())
}

fn run_with(place: &Place, store: &str, arguments: &[&str]) -> Outcome {
    finish(place.command(arguments).env("ISCSI_SECRET_STORE", store))
}

#[test]
fn a_mounted_secret_logs_in_mutually() {
    let (place, runtime) = (Place::new(), Runtime::new().unwrap());
    let target = mutual(&runtime);
    let store = mount(&place, REVERSE, 0o400);
    let url = format!("iscsi://{}/{TARGET}", target.portal());
    let outcome = run_with(&place, &store, &["login", &url, "--auth", "mutual"]).expect(0);
    assert!(outcome.stdout.contains("mutual"), "{}", outcome.stdout);
    let listed = run_with(&place, &store, &["secret", "list"]).expect(0).stdout;
    assert!(listed.contains("host") && listed.contains("disk"), "{listed}");
}

#[test]
fn a_mounted_secret_that_the_target_does_not_prove_fails_closed() {
    let (place, runtime) = (Place::new(), Runtime::new().unwrap());
    let target = mutual(&runtime);
    let store = mount(&place, "another-secret-9", 0o400);
    run_with(&place, &store, &["login", &format!("iscsi://{}/{TARGET}", target.portal())]).expect(4);
}

#[test]
fn files_that_others_may_read_are_refused_with_the_setting_that_mends_it() {
    let place = Place::new();
    let store = mount(&place, REVERSE, 0o444);
    run_with(&place, &store, &["secret", "list"]).expect(9).complains("defaultMode: 0400");
}

#[test]
fn a_login_without_authentication_opens_no_plain_source() {
    let place = Place::new();
    let url = format!("iscsi://127.0.0.1:1/{TARGET}");
    run_with(&place, "dir:/absent", &["login", &url]).expect(9);
    run_with(&place, "dir:/absent", &["login", &url, "--auth", "none"]).expect(7);
    let half = |arguments: &[&str], code| {
        let mut command = place.command(&[&["login", &url, "--store", "env:"], arguments].concat());
        finish(command.env("LIBISCSI_CHAP_USERNAME", "host")).expect(code)
    };
    half(&[], 9);
    half(&["--auth", "none"], 7);
}

#[test]
fn plain_sources_are_only_read() {
    let place = Place::new();
    let store = mount(&place, REVERSE, 0o400);
    let secret = place.secret_file("secret", FORWARD.as_bytes());
    for store in [&*store, "env:"] {
        let set = ["secret", "set", "--global", "--secret-file", &secret];
        run_with(&place, store, &set).expect(9).complains("read-only");
    }
    run_with(&place, "dir:/absent", &["secret", "list"]).expect(9).complains("/absent");
    run_with(&place, "env:more", &["secret", "list"]).expect(2);
}

#[test]
fn the_environment_is_a_store_of_one_global_secret() {
    let place = Place::new();
    let mut list = place.command(&["secret", "list", "--store", "env:"]);
    list.env("LIBISCSI_CHAP_USERNAME", "host").env("LIBISCSI_CHAP_PASSWORD", FORWARD);
    let listed = finish(&mut list).expect(0).stdout;
    assert!(listed.contains("host") && !listed.contains(FORWARD), "{listed}");
}
