//! Messages repeat no secret, wherever it stands in the arguments, and control no terminal.

use super::*;

const SECRET: &str = "hunter2hunter2";

/// Messages that quote each argument, after redaction.
fn messages_about(arguments: &[String]) -> String {
    let pieces = secret_pieces(arguments);
    arguments
        .iter()
        .map(|argument| without(&format!("cannot open {argument}: it is not there\n"), &pieces))
        .collect()
}

/// Every spelling of an account or a query with a secret, right or wrong.
fn spellings() -> Vec<String> {
    let places = [
        "user%¤@host/iqn.2001-04.com.example:disk",
        "//user%¤@host/iqn.2001-04.com.example:disk",
        "iscsi:user%¤@host",
        "iscsi://user%¤@host/iqn.2001-04.com.example:disk/0",
        "ISCSI://user%¤@host",
        "http://user:¤@host/disk",
        "user:¤@host",
        "iscsi://user%¤%40host/disk",
        "iqn.2001-04.com.example:host%¤@10.0.0.1",
        "iscsi://user%¤/with@slash@host/disk",
        "host/disk?target_password=¤",
        "iscsi://host/disk?target_user=u&target_password=¤&header_digest=none",
        "target_password=¤",
        "TARGET_PASSWORD=¤",
        "?secret=¤",
        "iscsi://user%a@host/disk?target_password=¤",
    ];
    places.map(|place| place.replace('¤', SECRET)).to_vec()
}

#[test]
fn messages_leave_out_arguments_with_a_secret_in_any_spelling() {
    for spelling in spellings() {
        let placements = [
            vec![spelling.clone()],
            vec!["-i".to_owned(), spelling.clone()],
            vec![format!("-i{spelling}")],
            vec![format!("--store={spelling}")],
        ];
        for arguments in placements {
            let said = messages_about(&arguments);
            assert!(!said.contains(SECRET), "{arguments:?}: {said}");
            assert!(said.contains(LEFT_OUT), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn a_secret_is_left_out_apart_from_its_argument_too() {
    let pieces = secret_pieces(&[format!("user%{SECRET}@host/x?target_password=other%2Fsecret")]);
    assert_eq!(without(&format!("{SECRET} and other%2Fsecret, but user"), &pieces), "… and …, but user");
    // Two characters would garble every text.
    assert_eq!(without("a user at home", &secret_pieces(&["u%us@host".to_owned()])), "a user at home");
}

#[test]
fn a_secret_in_the_place_of_its_file_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let there = directory.path().join("initiator-secret");
    std::fs::write(&there, SECRET).unwrap();
    let there = there.to_str().unwrap().to_owned();
    let missing = directory.path().join("missing-secret").to_str().unwrap().to_owned();
    for option in ["--secret-file", "--target-secret-file", "--passphrase-file", "--key-file"] {
        for arguments in [vec![option.to_owned(), SECRET.to_owned()], vec![format!("{option}={SECRET}")]] {
            assert!(!messages_about(&arguments).contains(SECRET), "{arguments:?}");
        }
        // A file, a path into a directory, a name that is no secret: they have to be named.
        for value in [there.as_str(), missing.as_str(), "nowhere", "-"] {
            assert!(
                messages_about(&[option.to_owned(), value.to_owned()]).contains(value),
                "{option} {value}"
            );
        }
    }
    assert!(messages_about(&["--output-file".to_owned(), SECRET.to_owned()]).contains(SECRET));
}

#[test]
fn ordinary_arguments_are_repeated() {
    let ordinary = [
        "iscsi://[fe80::1%25eth0]:3260/iqn.2001-04.com.example:disk/0",
        "/srv/backup@home/disk.img",
        "10.0.0.1:3260",
        "--timeout=5",
        "-",
        "",
    ];
    for argument in ordinary {
        assert!(messages_about(&[argument.to_owned()]).contains(argument), "{argument}");
    }
}

#[test]
fn terminal_control_sequences_are_escaped() {
    assert_eq!(printable(r#"disk "1", it's \ päth ☺"#), r#"disk "1", it's \ päth ☺"#);
    assert_eq!(printable("a\x1b[2Jb\r\nc\u{9b}d"), r"a\u{1b}[2Jb\r\nc\u{9b}d");
    assert_eq!(printable("a\u{202e}b\u{200b}c\u{feff}"), r"a\u{202e}b\u{200b}c\u{feff}");
}
