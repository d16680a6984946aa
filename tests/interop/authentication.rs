//! Who gets in, who does not, and with which exit code; the same table for each target.

use iscsi_tests::lab::{Istgt, IstgtTarget, Tgt, TgtTarget};

use crate::program::{FORWARD, Outcome, REVERSE, User, access, wrong};

const DISK: u64 = 16 << 20;
const NAMES: [&str; 3] = ["open", "chap", "mutual"];

/// Three targets of one laboratory, named by what they demand.
struct Stage {
    portal: String,
    /// The iSCSI name of a target.
    iqn: Box<dyn Fn(&str) -> String>,
    /// The logical unit that is a disk.
    lun: u16,
    // Kept running.
    _daemon: Box<dyn std::any::Any>,
}

impl Stage {
    fn url(&self, name: &str) -> String {
        format!("iscsi://{}/{}", self.portal, (self.iqn)(name))
    }

    fn login(&self, user: &User, name: &str, options: &[&str]) -> Outcome {
        user.run(&[&["login", &self.url(name)], options].concat())
    }

    fn tgt() -> Self {
        let target = |name| TgtTarget::named(name).size(DISK).auth(access(name));
        let tgt =
            Tgt::builder().target(target("open")).target(target("chap")).target(target("mutual")).start();
        let names = NAMES.map(|name| (name, tgt.iqn(name)));
        Self {
            portal: tgt.portal().to_string(),
            iqn: lookup(names),
            lun: TgtTarget::FILE_LUN,
            _daemon: Box::new(tgt),
        }
    }

    fn istgt() -> Self {
        let target = |name| IstgtTarget::named(name).size(DISK).auth(access(name));
        let istgt =
            Istgt::builder().target(target("open")).target(target("chap")).target(target("mutual")).start();
        let names = NAMES.map(|name| (name, istgt.iqn(name)));
        Self {
            portal: istgt.portal().to_string(),
            iqn: lookup(names),
            lun: IstgtTarget::LUN,
            _daemon: Box::new(istgt),
        }
    }
}

fn lookup(names: [(&'static str, String); 3]) -> Box<dyn Fn(&str) -> String> {
    Box::new(move |name| names.iter().find(|pair| pair.0 == name).unwrap().1.clone())
}

#[test]
fn tgt_admits_and_refuses() {
    admits_and_refuses(&Stage::tgt());
}

#[test]
fn istgt_admits_and_refuses() {
    admits_and_refuses(&Stage::istgt());
}

fn admits_and_refuses(stage: &Stage) {
    let user = User::new();
    let open = stage.login(&user, "open", &[]).expect(&[0]);
    assert!(open.stdout.contains("none"), "{}", open.stdout);

    let user = User::new();
    user.remember(&(stage.iqn)("chap"), FORWARD, None);
    stage.login(&user, "chap", &[]).expect(&[0]);

    let user = User::new();
    user.remember(&(stage.iqn)("mutual"), FORWARD, Some(REVERSE));
    let mutual = stage.login(&user, "mutual", &[]).expect(&[0]);
    assert!(mutual.stdout.contains("mutual") && mutual.stdout.contains(REVERSE.0), "{}", mutual.stdout);

    for (suffix, forward, reverse, codes) in [
        ("chap", wrong(FORWARD), None, &[3][..]),
        ("mutual", wrong(FORWARD), Some(REVERSE), &[3]),
        ("mutual", FORWARD, Some(wrong(REVERSE)), &[4]),
        // tgt and istgt differ in who notices that there is nothing to prove with.
        ("open", FORWARD, Some(REVERSE), &[3, 4]),
    ] {
        let user = User::new();
        user.remember(&(stage.iqn)(suffix), forward, reverse);
        let refused = stage.login(&user, suffix, &[]).expect(codes);
        assert!(refused.stderr.contains("error:") && refused.stderr.contains("hint:"), "{}", refused.stderr);
    }
}

/// Only tgt has targets without a second account: in istgt both accounts stand on one line.
#[test]
fn tgt_without_a_second_account_fails_mutual_logins() {
    let (stage, user) = (Stage::tgt(), User::new());
    user.remember(&(stage.iqn)("chap"), FORWARD, Some(REVERSE));
    stage.login(&user, "chap", &[]).expect(&[3, 4]);
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
    let stage = Stage::tgt();
    let user = User::new();
    let forward = user.secret_file("f", "initsecret123\n");
    let reverse = user.secret_file("r", "targsecret456\n");
    let credentials = ["--user", FORWARD.0, "--secret-file", &forward];
    let both = [&credentials[..], &["--target-user", REVERSE.0, "--target-secret-file", &reverse]].concat();
    let login = stage.login(&user, "mutual", &both).expect(&[0]);
    assert!(login.stdout.contains("mutual"), "{}", login.stdout);
    let wrong_name =
        [&credentials[..], &["--target-user", "somebody", "--target-secret-file", &reverse]].concat();
    stage.login(&user, "mutual", &wrong_name).expect(&[4]);
    // The same by libiscsi's form of the URL, with a warning.
    let url = stage.url("mutual").replace("iscsi://", "iscsi://labuser%initsecret123@");
    let url = format!("{url}?target_user=labtarget&target_password=targsecret456");
    let login = user.run(&["login", &url]).expect(&[0]);
    assert!(login.stdout.contains("mutual") && login.stderr.contains("warning:"), "{}", login.stderr);
}

#[test]
fn tgt_discovery() {
    discovery(&Stage::tgt());
}

#[test]
fn istgt_discovery() {
    discovery(&Stage::istgt());
}

fn discovery(stage: &Stage) {
    let user = User::new();
    let found = user.run(&["discover", &stage.portal]).expect(&[0]);
    for name in NAMES {
        assert!(found.stdout.contains(&(stage.iqn)(name)), "{}", found.stdout);
    }
    assert!(found.stdout.contains(&stage.portal), "{}", found.stdout);
    let json = user.run(&["discover", &stage.portal, "--output", "json"]).expect(&[0]);
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
    shows_its_units(&Stage::tgt());
}

#[test]
fn istgt_shows_its_units() {
    shows_its_units(&Stage::istgt());
}

fn shows_its_units(stage: &Stage) {
    let user = User::new();
    let luns = user.run(&["luns", &stage.url("open"), "--output", "json"]).expect(&[0]);
    assert!(luns.stdout.contains(&DISK.to_string()), "{}", luns.stdout);
    let info = user.run(&["info", &format!("{}/{}", stage.url("open"), stage.lun)]).expect(&[0]);
    assert!(info.stdout.contains("512"), "{}", info.stdout);
    // A logical unit that is not there is a SCSI error with its key and codes.
    let missing = user.run(&["info", &format!("{}/99", stage.url("open"))]);
    assert_ne!(missing.code, 0, "{}", missing.stdout);
}
