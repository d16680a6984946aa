//! Logins of the program with and without CHAP, and their exit codes; the same cases for each external target.

use iscsi_tests::external_targets::{Tgt, TgtTarget};

use crate::program::{FORWARD, Outcome, REVERSE, User, access, wrong};
use crate::stage::{DISK, Daemon, NAMES, Stage};

/// Somebody logs in with the program.
fn log_in(stage: &Stage, user: &User, name: &str, options: &[&str]) -> Outcome {
    user.run(&[&["login", &stage.url(name)], options].concat())
}

#[test]
fn tgt_admits_and_refuses() {
    admits_and_refuses(&Stage::of(Daemon::Tgt));
}

#[test]
fn istgt_admits_and_refuses() {
    admits_and_refuses(&Stage::of(Daemon::Istgt));
}

#[test]
fn lio_admits_and_refuses() {
    admits_and_refuses(&Stage::of(Daemon::Lio));
}

fn admits_and_refuses(stage: &Stage) {
    let user = User::new();
    let open = log_in(stage, &user, "open", &[]).expect(&[0]);
    assert!(open.stdout.contains("none"), "{}", open.stdout);

    let user = User::new();
    user.remember(&stage.iqn("chap"), FORWARD, None);
    log_in(stage, &user, "chap", &[]).expect(&[0]);

    let user = User::new();
    user.remember(&stage.iqn("mutual"), FORWARD, Some(REVERSE));
    let mutual = log_in(stage, &user, "mutual", &[]).expect(&[0]);
    assert!(mutual.stdout.contains("mutual") && mutual.stdout.contains(REVERSE.0), "{}", mutual.stdout);

    for (suffix, forward, reverse, codes) in [
        ("chap", wrong(FORWARD), None, &[3][..]),
        ("mutual", wrong(FORWARD), Some(REVERSE), &[3]),
        ("mutual", FORWARD, Some(wrong(REVERSE)), &[4]),
        // The error depends on the target: LIO closes the connection if CHAP is required where it has no account.
        ("open", FORWARD, Some(REVERSE), &[3, 4, 7]),
    ] {
        let user = User::new();
        user.remember(&stage.iqn(suffix), forward, reverse);
        let refused = log_in(stage, &user, suffix, &[]).expect(codes);
        let advised = refused.stderr.contains("hint:");
        assert!(refused.stderr.contains("error:") && advised, "{}", refused.stderr);
    }
}

/// tgt takes the number of SHA-256 for SHA-1 and then refuses without a reason; the hint has the way out.
#[test]
fn tgt_offered_sha_256_first_leads_to_the_option_for_algorithms() {
    let (stage, user) = (Stage::of(Daemon::Tgt), User::new());
    user.remember(&stage.iqn("chap"), FORWARD, None);
    let refused = log_in(&stage, &user, "chap", &["--algorithms", "sha256,md5"]).expect(&[5]);
    refused.complains("0200 initiator error").complains("`--algorithms md5` works with most targets");
    log_in(&stage, &user, "chap", &["--algorithms", "md5"]).expect(&[0]);
}

/// If a target requires CHAP and the login offers none, the hint asks for credentials instead of suspecting wrong ones.
#[test]
fn tgt_that_requires_chap_asks_for_credentials() {
    required_chap_asks_for_credentials(&Stage::of(Daemon::Tgt));
}

#[test]
fn istgt_that_requires_chap_asks_for_credentials() {
    required_chap_asks_for_credentials(&Stage::of(Daemon::Istgt));
}

#[test]
fn lio_that_requires_chap_asks_for_credentials() {
    required_chap_asks_for_credentials(&Stage::of(Daemon::Lio));
}

fn required_chap_asks_for_credentials(stage: &Stage) {
    let refused = log_in(stage, &User::new(), "chap", &["--auth", "none"]).expect(&[3, 5, 7]);
    refused.complains("give --user and --secret-file");
}

/// The program, where `matrix` has the library.
#[test]
fn tgt_without_a_second_account_fails_mutual_logins() {
    let (stage, user) = (Stage::of(Daemon::Tgt), User::new());
    user.remember(&stage.iqn("chap"), FORWARD, Some(REVERSE));
    log_in(&stage, &user, "chap", &[]).expect(&[3, 4]);
}

/// A login with a cleared secret, or with a requirement that cannot be met, fails before anything is sent: no target listens here.
#[test]
fn demands_that_cannot_be_met_fail_before_connecting() {
    let url = "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk";
    let name = "iqn.2001-04.com.example:disk";
    let user = User::new();
    user.remember(name, FORWARD, Some(REVERSE));
    user.run(&["secret", "clear", "--target", name]).expect(&[0]);
    user.run(&["login", url]).expect(&[4]);
    user.run(&["login", url, "--auth", "mutual"]).expect(&[4]);
    user.run(&["login", url, "--auth", "none"]).expect(&[7]);
    let stranger = User::new();
    stranger.run(&["login", url, "--auth", "chap"]).expect(&[4]);
}

/// One secret for both directions never reaches the network.
#[test]
fn one_secret_for_both_directions_is_refused_before_connecting() {
    let (url, name) = ("iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk", "iqn.2001-04.com.example:disk");
    let user = User::new();
    user.remember(name, FORWARD, Some((REVERSE.0, FORWARD.1)));
    user.run(&["login", url]).expect(&[9]);
}

#[test]
fn secrets_come_from_files_too() {
    let stage = Stage::of(Daemon::Tgt);
    let user = User::new();
    let forward = user.secret_file("f", "initsecret123\n");
    let reverse = user.secret_file("r", "targsecret456\n");
    let credentials = ["--user", FORWARD.0, "--secret-file", &forward];
    let both = [&credentials[..], &["--target-user", REVERSE.0, "--target-secret-file", &reverse]].concat();
    let login = log_in(&stage, &user, "mutual", &both).expect(&[0]);
    assert!(login.stdout.contains("mutual"), "{}", login.stdout);
    let wrong_name =
        [&credentials[..], &["--target-user", "somebody", "--target-secret-file", &reverse]].concat();
    log_in(&stage, &user, "mutual", &wrong_name).expect(&[4]);
    // A login by libiscsi's form of the URL prints a warning.
    let url = stage.url("mutual").replace("iscsi://", "iscsi://initiator-user%initsecret123@");
    let url = format!("{url}?target_user=target-user&target_password=targsecret456");
    let login = user.run(&["login", &url]).expect(&[0]);
    assert!(login.stdout.contains("mutual") && login.stderr.contains("warning:"), "{}", login.stderr);
}

#[test]
fn tgt_discovery() {
    discovery(&Stage::of(Daemon::Tgt));
}

#[test]
fn istgt_discovery() {
    discovery(&Stage::of(Daemon::Istgt));
}

#[test]
fn lio_discovery() {
    discovery(&Stage::of(Daemon::Lio));
}

fn discovery(stage: &Stage) {
    let (user, portal) = (User::new(), stage.portal.to_string());
    let found = user.run(&["discover", &portal]).expect(&[0]);
    for name in NAMES {
        assert!(found.stdout.contains(&stage.iqn(name)), "{}", found.stdout);
    }
    assert!(found.stdout.contains(&portal), "{}", found.stdout);
    let json = user.run(&["discover", &portal, "--output", "json"]).expect(&[0]);
    assert!(json.stdout.trim_start().starts_with(['{', '[']), "{}", json.stdout);
}

/// A daemon that demands CHAP for discovery.
#[test]
fn tgt_discovery_with_authentication() {
    let tgt = Tgt::builder().target(TgtTarget::named("open")).discovery(access("mutual")).start();
    let (user, portal) = (User::new(), tgt.portal().to_string());
    let (forward, reverse) = (user.secret_file("f", FORWARD.1), user.secret_file("r", REVERSE.1));
    let bad = user.secret_file("bad", "not-the-secret-1");
    let ask = |reverse: &str| {
        user.run(&[
            "discover",
            &portal,
            "--user",
            FORWARD.0,
            "--secret-file",
            &forward,
            "--target-user",
            REVERSE.0,
            "--target-secret-file",
            reverse,
        ])
    };
    assert!(ask(&reverse).expect(&[0]).stdout.contains(&tgt.iqn("open")));
    ask(&bad).expect(&[4]);
    user.run(&["discover", &portal]).expect(&[3]);
}

#[test]
fn tgt_shows_its_units() {
    shows_its_units(&Stage::of(Daemon::Tgt));
}

#[test]
fn istgt_shows_its_units() {
    shows_its_units(&Stage::of(Daemon::Istgt));
}

#[test]
fn lio_shows_its_units() {
    shows_its_units(&Stage::of(Daemon::Lio));
}

fn shows_its_units(stage: &Stage) {
    let user = User::new();
    let luns = user.run(&["luns", &stage.url("open"), "--output", "json"]).expect(&[0]);
    assert!(luns.stdout.contains(&DISK.to_string()), "{}", luns.stdout);
    let info = user.run(&["info", &format!("{}/{}", stage.url("open"), stage.lun)]).expect(&[0]);
    assert!(info.stdout.contains("512"), "{}", info.stdout);
    shows_the_unit_as_json(stage, &user);
    // A logical unit that is not there is a SCSI error with its key and codes.
    let missing = user.run(&["info", &format!("{}/99", stage.url("open"))]);
    assert_ne!(missing.code, 0, "{}", missing.stdout);
}

/// The JSON names the unit that was asked for, LUN 0 of istgt and LIO among them, and what the target says of it.
fn shows_the_unit_as_json(stage: &Stage, user: &User) {
    let url = format!("{}/{}", stage.url("open"), stage.lun);
    let json = user.run(&["info", &url, "--output", "json"]).expect(&[0]).stdout;
    let info: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&info["lun"], &info["device_type"]), (&stage.lun.to_string().into(), &0.into()), "{json}");
    assert_eq!(
        (&info["capacity"]["size"], &info["capacity"]["block_size"]),
        (&DISK.into(), &512.into()),
        "{json}"
    );
    assert!(info["vendor"].is_string() && info["product"].is_string(), "{json}");
    assert_eq!(info["remarks"], serde_json::json!([]), "{json}");
}
