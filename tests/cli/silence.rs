//! No secret is ever printed, whatever fails and however much is logged.

use crate::program::{Outcome, Place, TARGET, finish};

const FORWARD: &str = "initsecret123";
const REVERSE: &str = "targsecret456";

#[track_caller]
fn silent(outcome: &Outcome) {
    for secret in [FORWARD, REVERSE] {
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn about_secrets_of_the_store() {
    let place = Place::new();
    for (option, secret) in [("--secret-file", FORWARD), ("--target-secret-file", REVERSE)] {
        let arguments = ["-vvv", "secret", "set", "--target", TARGET, option, "-"];
        silent(&place.run_with_input(&arguments, secret.as_bytes()).expect(0));
    }
    let url = format!("iscsi://127.0.0.1:1/{TARGET}");
    let cases: [&[&str]; 6] = [
        &["secret", "list"],
        &["secret", "list", "--output", "json"],
        &["login", &url],
        &["login", &url, "--auth", "mutual"],
        &["secret", "clear", "--target", TARGET],
        &["secret", "forget", "--target", TARGET],
    ];
    for arguments in cases {
        silent(&place.run(&[arguments, &["-vvv"]].concat()));
    }
}

#[test]
fn about_secrets_in_files() {
    let place = Place::with_store();
    let forward = place.secret_file("forward", FORWARD.as_bytes());
    let reverse = place.secret_file("reverse", REVERSE.as_bytes());
    let files = ["--secret-file", &forward, "--target-secret-file", &reverse, "-vvv"];
    let url = format!("iscsi://127.0.0.1:1/{TARGET}");
    silent(&place.run(&[&["login", &url], &files[..]].concat()).expect(7));
    silent(&place.run(&[&["discover", "127.0.0.1:1"], &files[..]].concat()).expect(7));
}

#[test]
fn about_secrets_in_arguments_and_environment() {
    let authority = format!("user%{FORWARD}@127.0.0.1:1");
    let query = format!("target_password={REVERSE}");
    let cases: [(&[&str], i32); 8] = [
        (&["login", &format!("iscsi://{authority}/{TARGET}?{query}")], 7),
        // Something about the URL is wrong.
        (&["login", &format!("iscsi://{authority}/%0adisk?{query}")], 2),
        (&["login", &format!("iscsi://{authority}/{TARGET}/x?{query}")], 2),
        (&["login", &format!("iscsi://user%a/{FORWARD}@host/{TARGET}?{query}&{query}")], 2),
        (&["info", &format!("iscsi://{authority}/{TARGET}?{query}")], 2),
        // It stands where none belongs.
        (&["discover", &format!("iscsi://{authority}/{TARGET}?{query}")], 2),
        (&["login", TARGET, &format!("iscsi://{authority}/{TARGET}?{query}")], 2),
        (&["read", "-o", "x", "--offset", &format!("ISCSI://{authority}/{TARGET}?{query}")], 2),
    ];
    for (arguments, code) in cases {
        silent(&Place::with_store().run(&[arguments, &["-vvv"]].concat()).expect(code));
    }
    let place = Place::new();
    let mut command = place.command(&["-vvv", "login", "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk"]);
    command.env("LIBISCSI_CHAP_USERNAME", "user").env("LIBISCSI_CHAP_PASSWORD", FORWARD);
    silent(&finish(command.env("LIBISCSI_CHAP_TARGET_PASSWORD", REVERSE)).expect(7));
}

/// URLs without their scheme, and secrets in the place of something else, in every argument that an error could repeat.
#[test]
fn about_secrets_that_stand_where_none_belongs() {
    let url = format!("iscsi://127.0.0.1:1/{TARGET}/0");
    let mistyped = [
        format!("//user%{FORWARD}@127.0.0.1/{TARGET}/0"),
        format!("user%{FORWARD}@127.0.0.1/{TARGET}/0"),
        format!("user:{FORWARD}@127.0.0.1/{TARGET}/0"),
        format!("iscsi:user%{FORWARD}@127.0.0.1"),
        format!("127.0.0.1/{TARGET}/0?target_password={FORWARD}"),
        FORWARD.to_owned(),
    ];
    for text in &mistyped {
        let option = format!("--password={text}");
        let cases: [&[&str]; 16] = [
            &["login", text],
            &["login", &url, text],
            &["login", &url, &option],
            &["login", &url, "--auth", text],
            &["login", &url, "--timeout", text],
            &["login", &url, "--algorithms", text],
            &["login", &url, "--redirect-to", text],
            &["login", &url, "--initiator-name", text],
            &["login", &url, "--secret-file", text],
            &["login", &url, "--target-secret-file", text],
            &["login", &url, "--key-file", text],
            &["login", &url, "--passphrase-file", text],
            &["discover", text],
            &["secret", "clear", "--target", text],
            &["secret", "set", text],
            &[text],
        ];
        // A word could be the name of a host, which is looked up.
        let may_be_a_host = |arguments: &[&str]| arguments[0] == "discover" && text == FORWARD;
        for arguments in cases.into_iter().filter(|arguments| !may_be_a_host(arguments)) {
            for form in ["table", "json"] {
                let outcome = Place::with_store().run(&[arguments, &["-vvv", "--output", form]].concat());
                silent(&outcome);
                assert!(outcome.code.is_some_and(|code| code > 1), "{arguments:?}: {}", outcome.stderr);
            }
        }
    }
    // Names of files, which errors have to repeat, unless they hold a secret.
    for text in mistyped.iter().filter(|text| *text != FORWARD) {
        let cases: [&[&str]; 6] = [
            &["write", &url, "-i", text],
            &["write", &url, &format!("-i{text}")],
            &["login", &url, &format!("--store={text}")],
            &["login", &url, "--store", &format!("dir:{text}")],
            &["secret", "import", "--open-iscsi", text],
            &["bench", "compare", text, text],
        ];
        for arguments in cases {
            let outcome = Place::with_store().run(&[arguments, &["-vvv"]].concat());
            silent(&outcome);
            assert!(outcome.code.is_some_and(|code| code > 1), "{arguments:?}: {}", outcome.stderr);
        }
    }
}

/// The store is called like a mistyped URL, and log lines name it.
#[test]
fn about_secrets_in_log_lines_and_notes() {
    let place = Place::new();
    let store = format!("user%{FORWARD}@host");
    let file = place.secret_file("secret", b"another-secret-1");
    let made = place.run(&["secret", "set", "--global", "--secret-file", &file, "--store", &store, "-vvv"]);
    silent(&made.expect(0).complains("note: created the secret store …\n"));
    std::fs::write(place.path(&store).join("isid"), "no bits").unwrap();
    let url = format!("iscsi://127.0.0.1:1/{TARGET}");
    let outcome = place.run(&["login", &url, "--auth", "none", "--store", &store, "-vvv"]).expect(7);
    silent(&outcome.complains("the ISID is random"));
}

#[test]
fn what_cannot_be_shown_is_escaped() {
    let outcome = Place::with_store().run(&["login", "iscsi://127.0.0.1:1/\u{1b}[2J"]).expect(2);
    assert!(!outcome.stderr.contains('\u{1b}'), "{}", outcome.stderr);
    let outcome =
        Place::with_store().run(&["write", "iscsi://h/iqn.2001-04.com.example:d/0", "-i", "\u{1b}[2J"]);
    assert!(!outcome.expect(10).stderr.contains('\u{1b}'));
}
