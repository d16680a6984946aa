//! That no message repeats a secret, wherever it stands in the arguments.

use clap::{Arg, Command, CommandFactory as _, Parser as _};

use super::*;
use crate::arguments::Arguments;

const SECRET: &str = "hunter2hunter2";

/// Whatever is said about an argument, with the argument in it.
fn said_about(arguments: &[String]) -> String {
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
            let said = said_about(&arguments);
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
            assert!(!said_about(&arguments).contains(SECRET), "{arguments:?}");
        }
        // A file, a path into a directory, a name that is no secret: they have to be named.
        for value in [there.as_str(), missing.as_str(), "nowhere", "-"] {
            assert!(said_about(&[option.to_owned(), value.to_owned()]).contains(value), "{option} {value}");
        }
    }
    assert!(said_about(&["--output-file".to_owned(), SECRET.to_owned()]).contains(SECRET));
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
        assert!(said_about(&[argument.to_owned()]).contains(argument), "{argument}");
    }
}

/// What clap says about these arguments, after the program's name.
fn complaint(arguments: &[&str]) -> String {
    let typed = std::iter::once("iscsi").chain(arguments.iter().copied());
    let error = Arguments::try_parse_from(typed).err();
    error.map(|error| without_values(error).render().to_string()).unwrap_or_default()
}

/// The words of every command.
fn commands(command: &Command, above: &[String]) -> Vec<Vec<String>> {
    let mut found = vec![above.to_vec()];
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let words = [above, &[command.get_name().to_owned()]].concat();
        found.extend(commands(command, &words));
    }
    found
}

/// The options of a command; those that every command takes count as options of the program and of one command.
fn options_of(words: &[String]) -> Vec<String> {
    let mut command = Arguments::command();
    command.build();
    let found = words.iter().fold(&command, |command, word| command.find_subcommand(word).unwrap());
    let everywhere = words.is_empty() || words == ["login"];
    let options = found.get_arguments().filter(|option| everywhere || !option.is_global_set());
    options.filter_map(Arg::get_long).map(|long| format!("--{long}")).collect()
}

/// Every command, every option, every spelling: no complaint of clap repeats what was typed.
#[test]
fn no_complaint_of_clap_repeats_a_value() {
    let url = format!("iscsi://user%{SECRET}@host/iqn.2001-04.com.example:disk/0");
    let values = [url.as_str(), SECRET, "314159265358", "-314159265358"];
    let kept_out = |said: &str, typed: &[&str]| {
        assert!(!said.contains(SECRET) && !said.contains("314159265358"), "{typed:?}: {said}");
    };
    let mut complaints = 0;
    for words in commands(&Arguments::command(), &[]) {
        let options = options_of(&words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for value in values {
            let mut check = |more: &[&str]| {
                let said = complaint(&[&words[..], more].concat());
                complaints += usize::from(!said.is_empty());
                kept_out(&said, &[&words[..], more].concat());
            };
            check(&[value]);
            check(&["URL", value, value, value]);
            check(&["--", value, value, value]);
            check(&[&format!("--unknown={value}")]);
            check(&[&format!("--{value}")]);
            check(&[&format!("-{value}")]);
            for option in &options {
                check(&[&format!("{option}={value}")]);
                check(&[option, value]);
                check(&["URL", "URL", "-o", "x", "-i", "x", option, value]);
            }
        }
    }
    assert!(complaints > 500, "{complaints}");
}

#[test]
fn complaints_still_say_what_is_wrong() {
    let cases: [(&[&str], &[&str]); 8] = [
        (&["login", "URL", "--auth", "kerberos"], &["invalid value '…' for '--auth <HOW>'", "if-asked"]),
        (&["login", "URL", "--auht", "chap"], &["unexpected argument '--auht' found", "'--auth'"]),
        (&["login", "URL", "URL"], &["unexpected argument '…' found", "Usage: iscsi login"]),
        (&["login", "URL", "--hunter2hunter2"], &["unexpected argument '…' found"]),
        (&["login", "URL", "--timeout", "0"], &["'…' for '--timeout <SECONDS>': seconds have to be above 0"]),
        (&["logni", "URL"], &["unrecognized subcommand '…'", "'login'"]),
        (&["login"], &["the following required arguments were not provided", "<URL>"]),
        (&["login", "URL", "--store="], &["'--store <PATH>'"]),
    ];
    for (arguments, parts) in cases {
        let said = complaint(arguments);
        for part in parts {
            assert!(said.contains(part), "not {part:?} in {said}");
        }
    }
}
