//! Who gets in, who does not, and with which exit code; the same table for each target.

use iscsi_tests::lab::{Access, FORWARD, Istgt, IstgtUnit, REVERSE, Tgt, TgtTarget};

use crate::program::{Outcome, RIGHT, User, wrong};

const DISK: u64 = 16 << 20;

/// The targets of one laboratory, named by what they demand.
struct Stage {
    portal: String,
    name: fn(&str) -> String,
    /// The logical unit that is a disk.
    lun: u8,
}

impl Stage {
    fn url(&self, suffix: &str) -> String {
        format!("iscsi://{}/{}", self.portal, (self.name)(suffix))
    }

    fn login(&self, user: &User, suffix: &str, options: &[&str]) -> Outcome {
        user.run(&[&["login", &self.url(suffix)], options].concat())
    }
}

fn with_tgt(test: impl Fn(&Stage)) {
    let target = |suffix, access| TgtTarget { suffix, access, parameters: &[] };
    let targets = [target("open", Access::Open), target("chap", Access::Chap), target("mutual", Access::Mutual)];
    let tgt = Tgt::start(&targets, DISK, Access::Open);
    test(&Stage { portal: tgt.portal().to_string(), name: Tgt::name, lun: 1 });
}

fn with_istgt(test: impl Fn(&Stage)) {
    let unit = |suffix, access| IstgtUnit { suffix, access, digests: "Auto" };
    let units = [unit("open", Access::Open), unit("chap", Access::Chap), unit("mutual", Access::Mutual)];
    let istgt = Istgt::start(&units, DISK >> 20, &[], Access::Open);
    test(&Stage { portal: istgt.portal().to_string(), name: Istgt::name, lun: 0 });
}

#[test]
fn tgt_admits_and_refuses() {
    with_tgt(admits_and_refuses);
}

#[test]
fn istgt_admits_and_refuses() {
    with_istgt(admits_and_refuses);
}

fn admits_and_refuses(stage: &Stage) {
    let user = User::new();
    user.create_store();
    let open = stage.login(&user, "open", &[]).expect(&[0]);
    assert!(open.stdout.contains("none"), "{}", open.stdout);

    let user = User::new();
    user.remember(&(stage.name)("chap"), FORWARD, None);
    stage.login(&user, "chap", &[]).expect(&[0]);

    let user = User::new();
    user.remember(&(stage.name)("mutual"), RIGHT.0, RIGHT.1);
    let mutual = stage.login(&user, "mutual", &[]).expect(&[0]);
    assert!(mutual.stdout.contains("mutual") && mutual.stdout.contains(REVERSE.name), "{}", mutual.stdout);

    for (suffix, forward, reverse, codes) in [
        ("chap", wrong(FORWARD), None, &[3][..]),
        ("mutual", wrong(FORWARD), Some(REVERSE), &[3]),
        ("mutual", FORWARD, Some(wrong(REVERSE)), &[4]),
        // tgt and istgt differ in who notices that there is nothing to prove with.
        ("open", FORWARD, Some(REVERSE), &[3, 4]),
    ] {
        let user = User::new();
        user.remember(&(stage.name)(suffix), forward, reverse);
        let refused = stage.login(&user, suffix, &[]).expect(codes);
        assert!(refused.stderr.contains("error:") && refused.stderr.contains("hint:"), "{}", refused.stderr);
    }
}

/// Only tgt has targets without a second account: in istgt both accounts stand on one line.
#[test]
fn tgt_without_a_second_account_fails_mutual_logins() {
    with_tgt(|stage| {
        let user = User::new();
        user.remember(&(stage.name)("chap"), FORWARD, Some(REVERSE));
        stage.login(&user, "chap", &[]).expect(&[3, 4]);
    });
}

/// A secret that was cleared, or a demand that cannot be met, fails before any packet: here nobody even listens.
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
    stranger.create_store();
    stranger.run(&["login", url, "--auth", "chap"]).expect(&[4]);
}

/// One secret for both directions never reaches the network.
#[test]
fn one_secret_for_both_directions_is_refused_before_connecting() {
    let (url, name) = ("iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk", "iqn.2001-04.com.example:disk");
    let user = User::new();
    let same = iscsi_tests::lab::TestAccount { secret: FORWARD.secret, ..REVERSE };
    user.remember(name, FORWARD, Some(same));
    user.run(&["login", url]).expect(&[9]);
}

#[test]
fn secrets_come_from_files_too() {
    with_tgt(|stage| {
        let user = User::new();
        user.create_store();
        let forward = user.secret_file("f", "initsecret123\n");
        let reverse = user.secret_file("r", "targsecret456\n");
        let credentials = ["--user", FORWARD.name, "--secret-file", &forward];
        let both = [&credentials[..], &["--target-user", REVERSE.name, "--target-secret-file", &reverse]].concat();
        let login = stage.login(&user, "mutual", &both).expect(&[0]);
        assert!(login.stdout.contains("mutual"), "{}", login.stdout);
        let wrong_name = [&credentials[..], &["--target-user", "somebody", "--target-secret-file", &reverse]].concat();
        stage.login(&user, "mutual", &wrong_name).expect(&[4]);
        // The same by libiscsi's form of the URL, with a warning.
        let url = stage.url("mutual").replace("iscsi://", "iscsi://labuser%initsecret123@");
        let url = format!("{url}?target_user=labtarget&target_password=targsecret456");
        let login = user.run(&["login", &url]).expect(&[0]);
        assert!(login.stdout.contains("mutual") && login.stderr.contains("warning:"), "{}", login.stderr);
    });
}

#[test]
fn tgt_discovery() {
    with_tgt(discovery);
}

#[test]
fn istgt_discovery() {
    with_istgt(discovery);
}

fn discovery(stage: &Stage) {
    let user = User::new();
    user.create_store();
    let found = user.run(&["discover", &stage.portal]).expect(&[0]);
    for suffix in ["open", "chap", "mutual"] {
        assert!(found.stdout.contains(&(stage.name)(suffix)), "{}", found.stdout);
    }
    assert!(found.stdout.contains(&stage.portal), "{}", found.stdout);
    let json = user.run(&["discover", &stage.portal, "--output", "json"]).expect(&[0]);
    assert!(json.stdout.trim_start().starts_with(['{', '[']), "{}", json.stdout);
}

/// A daemon that demands CHAP for discovery.
#[test]
fn tgt_discovery_with_authentication() {
    let tgt = Tgt::start(&[TgtTarget { suffix: "open", access: Access::Open, parameters: &[] }], DISK, Access::Mutual);
    let (user, portal) = (User::new(), tgt.portal().to_string());
    user.create_store();
    let (forward, reverse) = (user.secret_file("f", FORWARD.secret), user.secret_file("r", REVERSE.secret));
    let bad = user.secret_file("bad", "not-the-secret-1");
    let ask = |reverse: &str| {
        user.run(&[
            "discover", &portal, "--user", FORWARD.name, "--secret-file", &forward, "--target-user", REVERSE.name,
            "--target-secret-file", reverse,
        ])
    };
    assert!(ask(&reverse).expect(&[0]).stdout.contains(&Tgt::name("open")));
    ask(&bad).expect(&[4]);
    user.run(&["discover", &portal]).expect(&[3]);
}

#[test]
fn tgt_shows_its_units() {
    with_tgt(shows_its_units);
}

#[test]
fn istgt_shows_its_units() {
    with_istgt(shows_its_units);
}

fn shows_its_units(stage: &Stage) {
    let user = User::new();
    user.create_store();
    let luns = user.run(&["luns", &stage.url("open"), "--output", "json"]).expect(&[0]);
    assert!(luns.stdout.contains(&DISK.to_string()), "{}", luns.stdout);
    let info = user.run(&["info", &format!("{}/{}", stage.url("open"), stage.lun)]).expect(&[0]);
    assert!(info.stdout.contains("512"), "{}", info.stdout);
    // A logical unit that is not there is a SCSI error with its key and codes.
    let missing = user.run(&["info", &format!("{}/99", stage.url("open"))]);
    assert_ne!(missing.code, 0, "{}", missing.stdout);
}
