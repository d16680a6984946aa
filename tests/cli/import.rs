//! `iscsi secret import`: directories as open-iscsi leaves them behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::program::{Outcome, Place, TARGET, mode};

const FORWARD: &str = "initsecret123";
const REVERSE: &str = "targsecret456";
const DISCOVERY: &str = "discsecret789";

/// What open-iscsi 2.1 writes for a target that has these lines; the directories are for root alone.
fn node(place: &Place, target: &str, portal: &str, lines: &str) -> String {
    record(place, &format!("nodes/{target}/{portal}"), "default", &format!("node.name = {target}\n{lines}"))
}

fn record(place: &Place, directory: &str, name: &str, lines: &str) -> String {
    let directory = format!("etc/{directory}");
    fs::create_dir_all(place.path(&directory)).unwrap();
    let content = format!("# BEGIN RECORD 2.1.8\n{lines}node.session.auth.chap_algs = MD5\n# END RECORD\n");
    place.file(&format!("{directory}/{name}"), content.as_bytes(), 0o600)
}

fn credentials() -> String {
    format!(
        "node.session.auth.authmethod = CHAP\n\
         node.session.auth.username = user\n\
         node.session.auth.password = {FORWARD}\n\
         node.session.auth.username_in = target\n\
         node.session.auth.password_in = {REVERSE}\n"
    )
}

/// A configuration, two targets and a portal.
fn with_records() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("etc")).unwrap();
    let configuration = format!(
        "node.startup = manual\n#node.session.auth.password = x\nnode.session.auth.password = {FORWARD}\n"
    );
    place.file("etc/iscsid.conf", configuration.as_bytes(), 0o600);
    node(&place, TARGET, "192.0.2.7,3260,1", &credentials());
    node(&place, TARGET, "2001:db8::7,3260,1", &credentials());
    node(&place, "iqn.2001-04.com.example:open", "192.0.2.7,3260,1", "node.session.auth.authmethod = None\n");
    let discovery = format!("discovery.sendtargets.auth.password = {DISCOVERY}\n");
    record(&place, "send_targets/192.0.2.7,3260", "st_config", &discovery);
    place
}

fn import(place: &Place, more: &[&str]) -> Outcome {
    place.run(&[&["secret", "import", "--open-iscsi", "etc"], more].concat())
}

/// Every line of a table, its columns parted by one blank.
fn lines(outcome: &Outcome) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    outcome.stdout.lines().map(words).collect()
}

#[test]
fn what_was_imported_is_shown_and_stored() {
    let place = with_records();
    let outcome = import(&place, &[]).expect(0);
    let expected = [
        "FOR INITIATOR SECRET AS TARGET SECRET AS REQUIRES",
        "(every other) imported (initiator name) unset - -",
        "iqn.2001-04.com.example:disk imported user imported target -",
        "discovery at 192.0.2.7:3260 imported (initiator name) unset - -",
    ];
    assert_eq!(lines(&outcome), expected);
    let outcome = outcome.complains("warning: 1 record holds no credentials\n");
    outcome.complains("hint: the files in etc still hold these secrets in the clear");
    let list = place.run(&["secret", "list"]).expect(0);
    assert_eq!(lines(&list), expected.map(|line| line.replace("imported", "set")));
    assert_eq!(mode(&place.path("store/secrets.db")), 0o600);
}

#[test]
fn a_second_import_changes_nothing() {
    let place = with_records();
    import(&place, &[]).expect(0);
    let before = fs::read(place.path("store/secrets.db")).unwrap();
    let outcome = import(&place, &["--output", "json"]).expect(0);
    assert!(outcome.stdout.contains("\"unchanged\"") && !outcome.stdout.contains("\"imported\""));
    assert!(fs::read(place.path("store/secrets.db")).unwrap() == before, "the store was written again");
}

#[test]
fn the_json_form_of_the_contract() {
    let place = Place::new();
    node(&place, TARGET, "192.0.2.7,3260,1", &format!("node.session.auth.password = {FORWARD}\n"));
    let outcome = import(&place, &["--output", "json"]).expect(0);
    let expected = r#"[
  {
    "scope": "target",
    "target": "iqn.2001-04.com.example:disk",
    "portal": null,
    "remembered": "imported",
    "user": null,
    "target_secret": "unset",
    "target_user": null
  }
]
"#;
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn what_the_store_has_stays_unless_it_is_to_be_replaced() {
    let place = with_records();
    let secret = place.secret_file("stored", b"stored-secret");
    place.run(&["secret", "set", "--target", TARGET, "--target-secret-file", &secret]).expect(0);
    let line = |outcome: &Outcome| lines(outcome).into_iter().find(|line| line.starts_with(TARGET)).unwrap();
    let outcome = import(&place, &[]).expect(9);
    assert_eq!(line(&outcome), format!("{TARGET} imported user kept - -"));
    let outcome = outcome.complains("error: not everything was imported: 0 left out, 1 kept as in the store");
    outcome.complains("hint: --replace overwrites");
    let list = place.run(&["secret", "list"]).expect(0);
    assert_eq!(line(&list), format!("{TARGET} set user set (any) -"));
    let outcome = import(&place, &["--replace"]).expect(0);
    assert_eq!(line(&outcome), format!("{TARGET} unchanged user replaced target -"));
    let list = place.run(&["secret", "list"]).expect(0);
    assert_eq!(line(&list), format!("{TARGET} set user set target -"));
}

#[test]
fn what_is_contradictory_or_unusable_is_left_out_and_the_rest_imported() {
    type Harm = fn(&Place);
    let harms: [(&str, Harm); 5] = [
        ("have different credentials", |place| {
            let other = "iqn.2001-04.com.example:other";
            node(place, other, "192.0.2.7,3260,1", "node.session.auth.password = one-secret-of-it\n");
            node(place, other, "192.0.2.8,3260,1", "node.session.auth.password = another-secret\n");
        }),
        ("node.session.auth.password has more than 255 bytes", |place| {
            let long = format!("node.session.auth.password = {}\n", "x".repeat(256));
            node(place, "iqn.2001-04.com.example:other", "192.0.2.7,3260,1", &long);
        }),
        ("node.session.auth.username has no secret", |place| {
            let name = "node.session.auth.username = user\n";
            node(place, "iqn.2001-04.com.example:other", "192.0.2.7,3260,1", name);
        }),
        ("does not have the name of a target", |place| {
            node(place, "\u{1b}[2J", "192.0.2.7,3260,1", &credentials());
        }),
        ("leads out of the directory", |place| {
            let link = place.path("etc/nodes/iqn.2001-04.com.example:other");
            std::os::unix::fs::symlink("/", link).unwrap();
        }),
    ];
    for (complaint, harm) in harms {
        let place = with_records();
        harm(&place);
        let outcome = import(&place, &[]).expect(9);
        assert!(lines(&outcome).contains(&format!("{TARGET} imported user imported target -")));
        assert!(!outcome.stderr.contains('\u{1b}'));
        let outcome = outcome.complains(complaint);
        outcome.complains("error: not everything was imported: 1 left out, 0 kept");
        let list = place.run(&["secret", "list"]).expect(0);
        assert!(lines(&list).contains(&format!("{TARGET} set user set target -")));
    }
}

#[test]
fn files_that_others_can_read_and_short_secrets_are_told_and_names_keep_their_spelling() {
    let place = Place::new();
    let target = "iqn.2001-04.com.example:Disk";
    let file = node(&place, target, "192.0.2.7,3260,1", "node.session.auth.password = elevenocts.\n");
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    let outcome = import(&place, &[]).expect(0);
    let record = format!("etc/nodes/{target}/192.0.2.7,3260,1/default");
    let outcome = outcome
        .complains(&format!("warning: {record} holds secrets and is readable by other users (mode 0644)\n"));
    let outcome = outcome.complains(&format!(
        "warning: {record}: node.session.auth.password has 11 bytes, fewer than the recommended 12\n"
    ));
    assert!(!outcome.stderr.contains("capitals"), "{}", outcome.stderr);
    let list = place.run(&["secret", "list"]).expect(0);
    assert!(lines(&list).contains(&format!("{target} set (initiator name) unset - -")));
}

#[test]
fn no_secret_is_printed() {
    let place = with_records();
    node(&place, TARGET, "192.0.2.9,3260,1", "node.session.auth.password = othersecret0\n");
    node(
        &place,
        "iqn.2001-04.com.example:other",
        "192.0.2.9,3260,1",
        "node.session.auth.password=typedsecret1\n",
    );
    for more in [&["-vvv"][..], &["-vvv", "--output", "json"], &["-vvv", "--replace"]] {
        let outcome = import(&place, more).expect(9);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        for secret in [FORWARD, REVERSE, DISCOVERY, "othersecret0", "typedsecret1"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn a_directory_that_is_none_of_open_iscsi_makes_no_store() {
    let place = Place::new();
    import(&place, &[]).expect(9).complains("cannot list etc").complains("hint: name the directory");
    fs::create_dir(place.path("etc")).unwrap();
    import(&place, &[]).expect(9).complains("etc holds no open-iscsi configuration");
    // A configuration that says nothing of CHAP is one all the same.
    place.file("etc/iscsid.conf", b"node.startup = automatic\n", 0o644);
    let outcome = import(&place, &["--output", "json"]).expect(0);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("[]\n", ""));
    assert!(!place.path("store").exists());
}

#[test]
fn the_form_of_the_contract() {
    let help = Place::new().run(&["secret", "import", "--help"]).expect(0).stdout;
    assert!(help.contains("Usage: iscsi secret import [OPTIONS] --open-iscsi <DIR>\n"), "{help}");
    Place::new().run(&["secret", "import"]).expect(2);
}
