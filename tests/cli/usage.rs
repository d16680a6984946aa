//! Exit code 2: arguments that ask for what cannot be. Nothing is connected to, nothing is stored.

use crate::program::{Place, TARGET};

/// A URL of a port where nobody listens: reaching it would be exit code 7.
const URL: &str = "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk/0";

#[test]
fn wrong_arguments() {
    let cases: [&[&str]; 20] = [
        &[],
        &["secret"],
        &["format", URL],
        &["login"],
        &["login", URL, URL],
        &["login", URL, "--auth", "kerberos"],
        &["login", URL, "--header-digest", "md5"],
        &["login", URL, "--output", "xml"],
        &["login", URL, "--timeout", "0"],
        &["login", URL, "--timeout", "soon"],
        &["login", URL, "--store", ""],
        &["login", URL, "--secret", "do-not-put-it-here"],
        &["login", URL, "--initiator-name", "host"],
        &["discover", "127.0.0.1:0"],
        &["discover", "host:3260,1"],
        &["read", URL],
        &["read", URL, "-o", "x", "--offset", "-1"],
        &["read", URL, "-o", "x", "--length", "1.5G"],
        &["write", URL],
        &["write", URL, "-i", "x", "--offset", "1KB"],
    ];
    for arguments in cases {
        Place::with_store().run(arguments).expect(2);
    }
}

#[test]
fn wrong_arguments_about_secrets() {
    let cases: [&[&str]; 11] = [
        &["remember"],
        &["remember", "--global", "--discovery"],
        &["remember", "--target", "a/disk"],
        &["set"],
        &["set", "--global", "--target", TARGET],
        &["clear"],
        &["forget"],
        &["forget", "--portal", "not a portal"],
        &["generate"],
        &["remember", "--target", TARGET, "--target-user", "x"],
        &["set", "--target", TARGET, "--user", "x"],
    ];
    for arguments in cases {
        let place = Place::new();
        place.run_with_input(&[&["secret"], arguments].concat(), b"secret-of-16-oct").expect(2);
        assert!(!place.path("store").exists(), "{arguments:?}");
    }
}

#[test]
fn a_logical_unit_is_needed_where_one_is_used() {
    let url = URL.strip_suffix("/0").unwrap();
    let cases: [&[&str]; 3] = [&["info", url], &["read", url, "-o", "x"], &["write", url, "-i", "/dev/null"]];
    for arguments in cases {
        Place::with_store().run(arguments).expect(2).complains("hint: add its number");
    }
}

#[test]
fn without_a_terminal_a_name_alone_is_no_credential() {
    for option in ["--user", "--target-user"] {
        Place::with_store().run(&["login", URL, option, "x"]).expect(2).complains(option);
    }
    Place::new().run(&["secret", "set", "--global"]).expect(2).complains("--secret-file");
}

#[test]
fn standard_input_is_read_once() {
    let place = Place::with_store();
    let twice = ["--secret-file", "-", "--target-secret-file", "-"];
    place.run(&[&["login", URL], &twice[..]].concat()).expect(2).complains("standard input is named twice");
    place
        .run(&["write", URL, "-i", "-", "--secret-file", "-"])
        .expect(2)
        .complains("standard input is named twice");
}

#[test]
fn options_stand_before_or_behind_the_command() {
    let place = Place::with_store();
    place.run(&["--auth", "none", "login", URL]).expect(7);
    place.run(&["login", "--auth", "none", URL]).expect(7);
    place.run(&["login", URL, "--auth", "none"]).expect(7);
}
