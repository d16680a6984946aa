//! Exit code 2: invalid arguments. The program connects to nothing and stores nothing.

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
    let cases: [&[&str]; 19] = [
        &["set"],
        &["set", "--global", "--discovery", "--secret-file", "-"],
        &["set", "--target", "a/disk", "--secret-file", "-"],
        // There is nothing to store, or nothing that goes with the name.
        &["set", "--global"],
        &["set", "--global", "--user", "x"],
        &["set", "--global", "--target-user", "x"],
        &["set", "--global", "--user", "x", "--target-secret-file", "-"],
        // What --secret-file meant with this name in earlier versions.
        &["set", "--target", TARGET, "--target-user", "x", "--secret-file", "-"],
        &["set", "--global", "--secret-file", "-", "--target-secret-file", "-"],
        &["require"],
        &["require", "mutual"],
        &["require", "--global"],
        &["require", "everything", "--global"],
        &["require", "mutual", "--global", "--discovery"],
        &["clear"],
        &["forget"],
        &["forget", "--portal", "not a portal"],
        &["generate"],
        &["remember", "--target", TARGET, "--target-user", "x"],
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
    let cases: [&[&str]; 5] = [
        &["info", url],
        &["read", url, "-o", "x"],
        &["write", url, "-i", "/dev/null"],
        &["raw", url, "000000000000"],
        &["reserve", "list", url],
    ];
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
fn options_stand_before_and_behind_their_command() {
    let place = Place::with_store();
    place.run(&["login", "--auth", "none", URL]).expect(7);
    place.run(&["login", URL, "--auth", "none"]).expect(7);
    place.run(&["--output", "table", "-v", "login", URL, "--auth", "none"]).expect(7);
    place.run(&["--auth", "none", "login", URL]).expect(7);
    place.run(&["--auth", "none", "secret", "list"]).expect(2).complains("unexpected argument '--auth'");
}

/// An option that would have no effect is an error.
#[test]
fn options_are_refused_where_they_mean_nothing() {
    const CONNECTION: [&[&str]; 5] = [
        &["--initiator-name", "iqn.2001-04.com.example:host"],
        &["--redirect-to", "127.0.0.1"],
        &["--header-digest", "none"],
        &["--data-digest", "crc32c"],
        &["--strict"],
    ];
    const AUTHENTICATION: [&[&str]; 4] = [
        &["--auth", "none"],
        &["--require-auth", "none"],
        &["--algorithms", "md5"],
        &["--allow-shared-secret"],
    ];
    const SECRETS: [&[&str]; 5] = [
        &["--user", "x"],
        &["--secret-file", "x"],
        &["--target-user", "x"],
        &["--target-secret-file", "x"],
        &["--secret-format", "hex"],
    ];
    const STORE: [&[&str]; 4] =
        [&["--store", "x"], &["--key-file", "x"], &["--passphrase-file", "x"], &["--timeout", "1"]];
    let (connects, authenticates) = (CONNECTION.as_slice(), AUTHENTICATION.as_slice());
    let every: Vec<&[&str]> = [connects, authenticates, &SECRETS, &STORE].concat();
    let of_secret_commands: Vec<&[&str]> = [connects, authenticates, &SECRETS].concat();
    let cases: [(&[&str], &[&[&str]]); 11] = [
        (&["bench", "compare", "a", "b"], &every),
        (&["help", "login"], &every),
        (&["secret", "generate", "-o", "x"], &every),
        (&["secret", "set", "--global"], &[connects, authenticates].concat()),
        (&["secret", "require", "chap", "--global"], &of_secret_commands),
        (&["secret", "clear", "--global"], &of_secret_commands),
        (&["secret", "forget", "--global"], &of_secret_commands),
        (&["secret", "list"], &[&of_secret_commands[..], &[&["--timeout", "1"]]].concat()),
        (&["secret", "check"], &[&of_secret_commands[..], &[&["--timeout", "1"]]].concat()),
        (&["secret", "import", "--open-iscsi", "x"], &of_secret_commands),
        (&["secret", "rekey"], &of_secret_commands),
    ];
    for (command, options) in cases {
        for option in options {
            let place = Place::new();
            let outcome = place.run(&[command, *option].concat()).expect(2);
            outcome.complains(&format!("unexpected argument '{}' found", option[0]));
            assert!(!place.path("store").exists() && !place.path("x").exists(), "{command:?} {option:?}");
        }
    }
}
