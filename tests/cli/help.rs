//! What the program says about itself is a contract too: forms and exit codes.

use crate::program::Place;

fn help(arguments: &[&str]) -> String {
    Place::new().run(&[arguments, &["--help"]].concat()).expect(0).stdout
}

#[test]
fn every_command_and_every_exit_code_is_listed() {
    let help = help(&[]);
    for command in ["discover", "login", "luns", "info", "read", "write", "secret", "bench"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} in {help}");
    }
    let codes = help.split("Exit codes:").nth(1).unwrap();
    let codes: Vec<&str> = codes.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
}

#[test]
fn every_option_is_listed_with_every_command() {
    const OPTIONS: [&str; 20] = [
        "--user <NAME>",
        "--secret-file <FILE>",
        "--target-user <NAME>",
        "--target-secret-file <FILE>",
        "--store <PATH>",
        "ISCSI_SECRET_STORE",
        "--key-file <FILE>",
        "--passphrase-file <FILE>",
        "--auth <HOW>",
        "--secret-format <FORMAT>",
        "--require-auth <LEVEL>",
        "ISCSI_REQUIRE_AUTH",
        "--allow-shared-secret",
        "--strict",
        "--initiator-name <NAME>",
        "--timeout <SECONDS>",
        "--header-digest <DIGEST>",
        "--data-digest <DIGEST>",
        "--output <FORM>",
        "--verbose",
    ];
    for command in ["discover", "login", "luns", "info", "read", "write"] {
        let help = help(&[command]);
        for option in OPTIONS {
            assert!(help.contains(option), "{option} of {command} in {help}");
        }
    }
}

#[test]
fn the_forms_of_the_contract() {
    const WHOM: &str = "<--target <IQN>|--global|--portal <PORTAL>|--discovery>";
    let cases: [(&[&str], &str); 19] = [
        (&["discover"], "iscsi discover [OPTIONS] <PORTAL>"),
        (&["login"], "iscsi login [OPTIONS] <URL>"),
        (&["luns"], "iscsi luns [OPTIONS] <URL>"),
        (&["info"], "iscsi info [OPTIONS] <URL>"),
        (&["read"], "iscsi read [OPTIONS] --output-file <FILE> <URL>"),
        (&["write"], "iscsi write [OPTIONS] --input-file <FILE> <URL>"),
        (&["secret"], "iscsi secret [OPTIONS] <COMMAND>"),
        (&["secret", "require"], "iscsi secret require [OPTIONS] <WHOM> <LEVEL>"),
        (&["secret", "set"], "iscsi secret set [OPTIONS] <WHOM>"),
        (&["secret", "clear"], "iscsi secret clear [OPTIONS] <WHOM>"),
        (&["secret", "forget"], "iscsi secret forget [OPTIONS] <WHOM>"),
        (&["secret", "list"], "iscsi secret list [OPTIONS]"),
        (&["secret", "generate"], "iscsi secret generate [OPTIONS] --output-file <FILE>"),
        (&["secret", "check"], "iscsi secret check [OPTIONS]"),
        (&["secret", "rekey"], "iscsi secret rekey [OPTIONS]"),
        (&["secret", "import"], "iscsi secret import [OPTIONS] --open-iscsi <DIR>"),
        (&["bench"], "iscsi bench [OPTIONS] <COMMAND>"),
        (&["bench", "login"], "iscsi bench login [OPTIONS] <URL>..."),
        (&["bench", "compare"], "iscsi bench compare [OPTIONS] <A.json> <B.json>"),
    ];
    for (command, form) in cases {
        let help = help(command);
        let form = form.replace("<WHOM>", WHOM);
        assert!(help.contains(&format!("Usage: {form}\n")), "{form} in {help}");
    }
}

#[test]
fn what_clearing_does_to_logins_is_said_where_it_is_done() {
    assert!(
        help(&["secret", "clear"]).split_whitespace().collect::<Vec<_>>().join(" ").contains("one-way CHAP")
    );
    assert!(help(&["login"]).contains("/var/lib/iscsi-initiator"));
    let shown = help(&["secret"]);
    assert!(!shown.contains("remember"), "{shown}");
}

#[test]
fn the_environment_is_named_and_not_repeated() {
    let place = Place::new();
    let outcome = place.run(&["login", "--help"]).expect(0);
    assert!(outcome.stdout.contains("[env: ISCSI_SECRET_STORE]"), "{}", outcome.stdout);
}
