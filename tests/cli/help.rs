//! The pages of help are part of the contract: forms, options, topics and exit codes, and a size that can be read.

use crate::program::Place;

/// Every command with a page of its own, and its form. One of the options of a scope stands for SCOPE.
const FORMS: &[(&str, &str)] = &[
    ("discover", "iscsi discover [OPTIONS] <PORTAL>"),
    ("login", "iscsi login [OPTIONS] <URL>"),
    ("ping", "iscsi ping [OPTIONS] <URL>"),
    ("luns", "iscsi luns [OPTIONS] <URL>"),
    ("info", "iscsi info [OPTIONS] <URL>"),
    ("read", "iscsi read [OPTIONS] --output-file <FILE> <URL>"),
    ("write", "iscsi write [OPTIONS] --input-file <FILE> <URL>"),
    ("copy", "iscsi copy [OPTIONS] <SOURCE> <DESTINATION>"),
    ("compare", "iscsi compare [OPTIONS] <FIRST> <SECOND>"),
    ("checksum", "iscsi checksum [OPTIONS] <SOURCE>"),
    ("discard", "iscsi discard [OPTIONS] <URL>"),
    ("zero", "iscsi zero [OPTIONS] <URL>"),
    #[cfg(all(feature = "fuse", target_os = "linux"))]
    ("mount", "iscsi mount [OPTIONS] <URL> <DIRECTORY>"),
    ("reserve", "iscsi reserve [OPTIONS] <COMMAND>"),
    ("reserve list", "iscsi reserve list [OPTIONS] <URL>"),
    ("reserve register", "iscsi reserve register [OPTIONS] --key <KEY> <URL>"),
    ("reserve unregister", "iscsi reserve unregister [OPTIONS] --key <KEY> <URL>"),
    ("reserve reserve", "iscsi reserve reserve [OPTIONS] --key <KEY> --type <TYPE> <URL>"),
    ("reserve release", "iscsi reserve release [OPTIONS] --key <KEY> <URL>"),
    ("reserve preempt", "iscsi reserve preempt [OPTIONS] --key <KEY> --victim <KEY> <URL>"),
    ("reserve clear", "iscsi reserve clear [OPTIONS] --key <KEY> <URL>"),
    ("raw", "iscsi raw [OPTIONS] <URL> <CDB>..."),
    ("reset", "iscsi reset [OPTIONS] <--lun <LUN>|--target> <URL>"),
    ("attach", "iscsi attach [OPTIONS] <URL>"),
    ("detach", "iscsi detach [OPTIONS] <DEVICE>"),
    ("attached", "iscsi attached [OPTIONS]"),
    ("serve", "iscsi serve [OPTIONS] <COMMAND>"),
    ("serve nbd", "iscsi serve nbd [OPTIONS] <URL>..."),
    ("secret", "iscsi secret [OPTIONS] <COMMAND>"),
    ("secret require", "iscsi secret require [OPTIONS] <SCOPE> <LEVEL>"),
    ("secret set", "iscsi secret set [OPTIONS] <SCOPE>"),
    ("secret clear", "iscsi secret clear [OPTIONS] <SCOPE>"),
    ("secret forget", "iscsi secret forget [OPTIONS] <SCOPE>"),
    ("secret list", "iscsi secret list [OPTIONS]"),
    ("secret generate", "iscsi secret generate [OPTIONS] --output-file <FILE>"),
    ("secret check", "iscsi secret check [OPTIONS]"),
    ("secret rekey", "iscsi secret rekey [OPTIONS]"),
    ("secret import", "iscsi secret import [OPTIONS] --open-iscsi <DIR>"),
    ("bench", "iscsi bench [OPTIONS] <COMMAND>"),
    ("bench login", "iscsi bench login [OPTIONS] <URL>..."),
    ("bench io", "iscsi bench io [OPTIONS] <URL>"),
    ("bench compare", "iscsi bench compare [OPTIONS] <A.json> <B.json>"),
];

const TOPICS: [&str; 5] = ["connection", "secrets", "urls", "output", "exit-codes"];

const SECRETS: [&str; 5] =
    ["--user", "--secret-file", "--target-user", "--target-secret-file", "--secret-format"];
const AUTHENTICATION: [&str; 4] = ["--auth", "--require-auth", "--algorithms", "--allow-shared-secret"];
const STORE: [&str; 3] = ["--store", "--key-file", "--passphrase-file"];
const CONNECTION: [&str; 5] =
    ["--initiator-name", "--redirect-to", "--header-digest", "--data-digest", "--strict"];
/// Options of the commands that use logical units.
const RETRY: [&str; 2] = ["--wait-ready", "--busy-timeout"];

fn words(command: &str) -> Vec<&str> {
    command.split(' ').filter(|word| !word.is_empty()).collect()
}

/// What `COMMAND --help` shows.
fn help(command: &str) -> String {
    Place::new().run(&[&words(command)[..], &["--help"]].concat()).expect(0).stdout
}

/// What `iscsi help WORDS` shows.
fn page(of: &str) -> String {
    Place::new().run(&[&["help"], &words(of)[..]].concat()).expect(0).stdout
}

/// Whether an option has a line of its own on a page.
fn lists(page: &str, option: &str) -> bool {
    let lines = page.lines().filter(|line| line.starts_with("  "));
    lines.flat_map(|line| line.split_whitespace().take(2)).any(|word| word.trim_end_matches("...") == option)
}

#[track_caller]
fn expect_size(page: &str, lines: usize) {
    assert!(page.lines().count() <= lines, "{} lines: {page}", page.lines().count());
    let long = page.lines().find(|line| line.chars().count() > 80);
    assert_eq!(long, None);
}

#[test]
fn the_page_of_the_program_fits_a_screen_and_lists_every_command() {
    let overview = help("");
    expect_size(&overview, 36);
    assert!(overview.contains("\nExample: iscsi luns iscsi://"), "{overview}");
    for (command, _) in FORMS.iter().copied().filter(|(command, _)| !command.contains(' ')) {
        // The same words as on the command's own page.
        let about = help(command).lines().nth(2).unwrap().to_owned();
        let line = overview.lines().find(|line| line.trim_start().starts_with(&format!("{command} ")));
        assert!(line.unwrap().ends_with(&about), "{command}: {about:?} in {overview}");
    }
    assert!(TOPICS.iter().all(|topic| overview.contains(topic)), "{overview}");
}

/// Commands that a build does not have are neither listed nor accepted.
#[cfg(not(feature = "fuse"))]
#[test]
fn a_build_without_fuse_has_no_mounts() {
    let overview = help("");
    assert!(!overview.contains("mount"), "{overview}");
    Place::new().run(&["mount", "--help"]).expect(2);
}

#[test]
fn every_page_begins_with_an_example_and_is_short() {
    for (command, form) in FORMS.iter().copied() {
        let page = help(command);
        let example = page.lines().next().unwrap().strip_prefix("Example: iscsi ").unwrap_or_default();
        assert!(example.starts_with(command), "{command}: {page}");
        expect_size(&page, 60);
        let scopes = ["--target", "--global", "--portal", "--discovery"];
        assert_eq!(form.contains("<SCOPE>"), scopes.iter().all(|option| lists(&page, option)), "{page}");
        assert!(page.contains(&format!("Usage: {form}\n")), "{form} in {page}");
    }
}

#[test]
fn help_and_the_option_help_show_the_same_page() {
    for (command, _) in FORMS.iter().copied() {
        assert_eq!(page(command), help(command), "{command}");
        assert_eq!(
            Place::new().run(&[&words(command)[..], &["-h"]].concat()).expect(0).stdout,
            help(command)
        );
    }
    assert_eq!(page(""), help(""));
    for unknown in ["secrets list", "nothing", "secret nothing", "topics"] {
        let outcome = Place::new().run(&[&["help"], &words(unknown)[..]].concat()).expect(2);
        outcome.complains("error: there is no such command or topic\n").complains("hint: `iscsi --help`");
    }
}

#[test]
fn every_topic_has_a_page_with_an_example() {
    for topic in TOPICS {
        let page = page(topic);
        expect_size(&page, 60);
        assert!(page.starts_with("Example: iscsi "), "{page}");
    }
    let codes = page("exit-codes");
    let codes = codes.split("Exit codes:").nth(1).unwrap();
    let codes = codes.lines().filter_map(|line| line.split_whitespace().next());
    let codes: Vec<&str> = codes.filter(|word| word.parse::<u8>().is_ok()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
}

#[test]
fn topics_document_every_option_in_full() {
    let (secrets, connection) = (page("secrets"), page("connection"));
    for option in SECRETS.iter().chain(&AUTHENTICATION).chain(&STORE) {
        assert!(lists(&secrets, option), "{option} in {secrets}");
    }
    for option in CONNECTION.iter().chain(&RETRY).chain(&["--timeout"]) {
        assert!(lists(&connection, option), "{option} in {connection}");
    }
    let secrets = secrets.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["[env: ISCSI_SECRET_STORE]", "[env: ISCSI_REQUIRE_AUTH]", "/var/lib/iscsi-initiator"] {
        assert!(secrets.contains(part), "{part} in {secrets}");
    }
}

/// Each command lists the options that mean something to it, and no others.
#[test]
fn commands_list_only_options_that_mean_something() {
    for (command, _) in FORMS.iter().copied() {
        let page = help(command);
        let logs_in = !matches!(words(command)[0], "secret" | "detach" | "attached")
            && !matches!(command, "bench" | "bench compare" | "reserve" | "serve");
        let uses_store = logs_in || command.starts_with("secret ") && command != "secret generate";
        let changes_store = uses_store && !matches!(command, "secret list" | "secret check");
        let uses_units = matches!(command, "luns" | "info" | "read" | "write" | "raw" | "bench io")
            || matches!(
                command,
                "copy" | "compare" | "checksum" | "discard" | "zero" | "mount" | "attach" | "serve nbd"
            )
            || command.starts_with("reserve ");
        let groups: [(&[&str], bool); 6] = [
            (&SECRETS, logs_in || command == "secret set"),
            (&AUTHENTICATION, logs_in),
            (&CONNECTION, logs_in),
            (&RETRY, uses_units),
            (&STORE, uses_store),
            (&["--timeout"], changes_store),
        ];
        for (options, expected) in groups {
            for option in options {
                assert_eq!(lists(&page, option), expected, "{option} of {command}: {page}");
            }
        }
        assert!(lists(&page, "--output") && lists(&page, "--verbose"), "{page}");
    }
}

#[test]
fn what_clearing_does_to_logins_is_said_on_its_page() {
    assert!(help("secret clear").split_whitespace().collect::<Vec<_>>().join(" ").contains("one-way CHAP"));
    let shown = help("secret");
    assert!(!shown.contains("remember"), "{shown}");
}

/// Values of variables, which may be paths that tell too much, are not shown.
#[test]
fn variables_are_named_and_their_values_not_shown() {
    let place = Place::new();
    let shown = place.run(&["help", "secrets"]).expect(0).stdout;
    assert!(!shown.contains(&*place.path("store").to_string_lossy()), "{shown}");
}
