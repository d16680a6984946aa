//! `iscsi secret require`, `--require-auth`, and secrets that must not be shared: exit codes before any packet.

use crate::program::{Outcome, Place, TARGET, finish};

const URL: &str = "iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk";
const OTHER: &str = "iqn.2001-04.com.example:other";

/// The exit code of a login that is refused by the policy, and of one that gets as far as the connection.
const REFUSED: i32 = 4;
const BEGUN: i32 = 7;

fn login(place: &Place, options: &[&str], code: i32) -> Outcome {
    place.run(&[&["login", URL], options].concat()).expect(code)
}

fn require(place: &Place, arguments: &[&str]) {
    place.run(&[&["secret", "require"], arguments].concat()).expect(0);
}

/// What the list says is required.
fn listed(place: &Place, scope: &str) -> Option<String> {
    let list = place.run(&["secret", "list"]).expect(0).stdout;
    let line = list.lines().find(|line| line.starts_with(scope))?;
    line.split_whitespace().last().map(str::to_owned)
}

#[test]
fn a_policy_refuses_what_is_weaker_and_says_how_it_is_changed() {
    let place = Place::new();
    require(&place, &["chap", "--global"]);
    for options in [&[][..], &["--auth", "none"], &["--auth", "if-asked"]] {
        let outcome =
            login(&place, options, REFUSED).complains("CHAP is required by the secret store for all targets");
        outcome
            .complains("would have no authentication")
            .complains("hint: `iscsi secret set`")
            .complains("secret require");
    }
    place.store_forward(&["--target", TARGET], b"initsecret123");
    login(&place, &[], BEGUN);
    login(&place, &["--auth", "chap"], BEGUN);
    login(&place, &["--auth", "none"], REFUSED);
    require(&place, &["mutual", "--target", TARGET]);
    login(&place, &[], REFUSED)
        .complains(&format!("mutual CHAP is required by the secret store for {TARGET}"));
    login(&place, &["--auth", "chap"], REFUSED);
    place.store_reverse(&["--target", TARGET], b"targsecret456");
    login(&place, &[], BEGUN);
    // An exemption is explicit, and so is its end.
    require(&place, &["none", "--target", TARGET]);
    login(&place, &["--auth", "none"], BEGUN);
    require(&place, &["inherit", "--target", TARGET]);
    login(&place, &["--auth", "none"], REFUSED);
    require(&place, &["inherit", "--global"]);
    login(&place, &["--auth", "none"], BEGUN);
}

#[test]
fn no_command_about_secrets_lowers_a_policy() {
    let place = Place::new();
    place.store_forward(&["--global"], b"initsecret123");
    place.store_reverse(&["--global"], b"targsecret456");
    let cleared = place.run(&["secret", "clear", "--global"]).expect(0);
    cleared.complains("note: automatic logins that used this secret become one-way CHAP");
    login(&place, &[], BEGUN);
    place.store_reverse(&["--global"], b"targsecret456");
    require(&place, &["mutual", "--global"]);
    assert_eq!(place.run(&["secret", "clear", "--global"]).expect(0).stderr, "");
    login(&place, &[], REFUSED).complains("would have CHAP");
    let forgotten = place.run(&["secret", "forget", "--global"]).expect(0);
    forgotten.complains("still requires mutual").complains("only `iscsi secret require` lowers");
    login(&place, &[], REFUSED).complains("would have no authentication");
    assert_eq!(listed(&place, "(every other)").as_deref(), Some("mutual"));
}

#[test]
fn forgetting_a_target_removes_its_record_but_for_a_stricter_policy() {
    let place = Place::with_store();
    place.store_forward(&["--target", TARGET], b"initsecret123");
    require(&place, &["chap", "--target", TARGET]);
    place.run(&["secret", "forget", "--target", TARGET]).expect(0).complains("still requires chap");
    assert_eq!(listed(&place, TARGET).as_deref(), Some("chap"));
    require(&place, &["mutual", "--global"]);
    assert_eq!(place.run(&["secret", "forget", "--target", TARGET]).expect(0).stderr, "");
    assert_eq!(listed(&place, TARGET), None);
    login(&place, &["--auth", "none"], REFUSED);
}

#[test]
fn policies_are_listed_in_both_forms() {
    let place = Place::new();
    require(&place, &["mutual", "--global"]);
    require(&place, &["none", "--target", TARGET]);
    require(&place, &["chap", "--discovery"]);
    require(&place, &["chap", "--portal", "192.0.2.7"]);
    for (scope, level) in [
        ("(every other)", "mutual"),
        (TARGET, "none"),
        ("discovery (every other)", "chap"),
        ("discovery at 192.0.2.7:3260", "chap"),
    ] {
        assert_eq!(listed(&place, scope).as_deref(), Some(level));
    }
    let json = place.run(&["secret", "list", "--output", "json"]).expect(0).stdout;
    assert_eq!(json.matches("\"requires\": \"mutual\"").count(), 1, "{json}");
    place.run(&["discover", "127.0.0.1:1"]).expect(REFUSED).complains("for all discoveries");
    place.run(&["discover", "192.0.2.7"]).expect(REFUSED).complains("for discovery at 192.0.2.7:3260");
}

#[test]
fn the_setting_counts_without_a_store_and_beside_one() {
    let place = Place::new();
    for arguments in [&["login", URL][..], &["login", URL, "--auth", "none"], &["discover", "127.0.0.1:1"]] {
        let mut command = place.command(arguments);
        let refused = finish(command.env("ISCSI_REQUIRE_AUTH", "chap")).expect(REFUSED);
        refused.complains("CHAP is required, and").complains("ISCSI_REQUIRE_AUTH");
        finish(&mut place.command(&[arguments, &["--require-auth", "mutual"]].concat())).expect(REFUSED);
        finish(place.command(arguments).env("ISCSI_REQUIRE_AUTH", "none")).expect(BEGUN);
        // A typing error must not be no requirement.
        finish(place.command(arguments).env("ISCSI_REQUIRE_AUTH", "mutal")).expect(2);
        finish(place.command(arguments).env("ISCSI_REQUIRE_AUTH", "")).expect(2);
    }
    let place = Place::with_store();
    require(&place, &["chap", "--target", TARGET]);
    login(&place, &["--require-auth", "none", "--auth", "none"], REFUSED).complains("by the secret store");
    require(&place, &["none", "--target", TARGET]);
    login(&place, &["--require-auth", "chap", "--auth", "none"], REFUSED).complains("--require-auth");
}

#[test]
fn credentials_on_the_command_line_are_held_to_the_policy() {
    let place = Place::new();
    require(&place, &["mutual", "--global"]);
    let (forward, reverse) =
        (place.secret_file("a", b"initsecret123"), place.secret_file("b", b"targsecret456"));
    login(&place, &["--secret-file", &forward], REFUSED);
    login(&place, &["--secret-file", &forward, "--target-secret-file", &reverse], BEGUN);
}

#[test]
fn contradictory_options_are_exit_code_2() {
    let place = Place::with_store();
    let (forward_file, reverse_file) =
        (place.secret_file("a", b"initsecret123"), place.secret_file("b", b"targsecret456"));
    let forward: [&[&str]; 3] = [
        &["--secret-file", &forward_file],
        &["--user", "host"],
        &["--user", "host", "--secret-file", &forward_file],
    ];
    let reverse: [&[&str]; 2] = [&["--target-secret-file", &reverse_file], &["--target-user", "disk"]];
    for options in forward.into_iter().chain(reverse) {
        login(&place, &[&["--auth", "none"], options].concat(), 2).complains("--auth none contradicts");
        place.run(&[&["discover", "127.0.0.1:1", "--auth", "none"], options].concat()).expect(2);
    }
    for auth in ["chap", "if-asked"] {
        for options in reverse {
            let all = [&["--auth", auth, "--secret-file", &forward_file], options].concat();
            login(&place, &all, 2).complains(&format!("--auth {auth} contradicts {}", options[0]));
        }
        login(&place, &["--auth", auth, "--secret-file", &forward_file], BEGUN);
    }
    let url =
        "iscsi://user%initsecret123@127.0.0.1:1/iqn.2001-04.com.example:disk?target_password=targsecret456";
    for auth in ["none", "chap", "if-asked"] {
        let refused = place.run(&["login", url, "--auth", auth]).expect(2);
        refused.complains(&format!("--auth {auth} contradicts the credentials in the URL"));
    }
}

#[test]
fn a_variable_with_a_name_and_none_with_its_secret_is_an_error() {
    let place = Place::with_store();
    let with = |variables: &[(&str, &str)], arguments: &[&str], code| {
        let mut command = place.command(&[&["login", URL], arguments].concat());
        command.env("ISCSI_SECRET_STORE", place.path("store")).envs(variables.iter().copied());
        finish(&mut command).expect(code)
    };
    let (user, target_user) = ("LIBISCSI_CHAP_USERNAME", "LIBISCSI_CHAP_TARGET_USERNAME");
    with(&[(user, "host")], &[], 9).complains(user).complains("LIBISCSI_CHAP_PASSWORD");
    let one_way = [(user, "host"), ("LIBISCSI_CHAP_PASSWORD", "initsecret123"), (target_user, "disk")];
    with(&one_way, &[], 9).complains(target_user).complains("LIBISCSI_CHAP_TARGET_PASSWORD");
    with(&one_way, &["--auth", "mutual"], 9);
    // The direction is not used, or given otherwise.
    with(&one_way, &["--auth", "chap"], BEGUN);
    with(&one_way, &["--auth", "none"], BEGUN);
    let reverse = place.secret_file("b", b"targsecret456");
    with(&one_way, &["--target-secret-file", &reverse], BEGUN);
}

#[test]
fn a_name_in_a_variable_that_is_not_text_is_not_any_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::with_store();
    let mut command = place.command(&["login", URL]);
    command
        .env("LIBISCSI_CHAP_PASSWORD", "initsecret123")
        .env("LIBISCSI_CHAP_TARGET_PASSWORD", "targsecret456");
    command.env("LIBISCSI_CHAP_TARGET_USERNAME", std::ffi::OsStr::from_bytes(b"d\xe4sk"));
    finish(&mut command).expect(9).complains("LIBISCSI_CHAP_TARGET_USERNAME");
}

#[test]
fn chp_33_a_secret_that_can_be_reflected_is_refused_unless_allowed() {
    let place = Place::new();
    place.store_reverse(&["--target", OTHER], b"initsecret123");
    place.store_forward(&["--target", TARGET], b"initsecret123");
    let refused = login(&place, &[], 9).complains("used in the other direction").complains(OTHER);
    refused.complains("--allow-shared-secret").complains("iscsi secret check");
    login(&place, &["--allow-shared-secret"], BEGUN);
    login(&place, &["--auth", "none"], BEGUN);
    // Given and stored.
    let place = Place::new();
    place.store_reverse(&["--target", OTHER], b"initsecret123");
    let forward = place.secret_file("a", b"initsecret123");
    login(&place, &["--secret-file", &forward], 9).complains(OTHER);
    login(&place, &["--secret-file", &forward, "--allow-shared-secret"], BEGUN);
}

#[test]
fn secrets_in_hex_are_taken_for_hex_on_request_only() {
    let place = Place::new();
    // "initsecret123"
    let hex = place.secret_file("hex", b"0x696e69747365637265743132330a".strip_suffix(b"0a").unwrap());
    let text = place.secret_file("text", b"initsecret123");
    let set = |file: &str, more: &[&str]| {
        place.run(&[&["secret", "set", "--target", TARGET, "--secret-file", file], more].concat())
    };
    set(&hex, &["--secret-format", "hex"]).expect(0);
    place.store_reverse(&["--target", OTHER], b"initsecret123");
    assert!(place.run(&["secret", "check"]).expect(9).stdout.contains("shared"), "it is the same secret");
    set(&hex, &[]).expect(0);
    place.run(&["secret", "check"]).expect(0);
    set(&text, &["--secret-format", "hex"]).expect(9).complains("hexadecimal");
    login(&place, &["--secret-file", &hex, "--secret-format", "hex"], 9).complains("other direction");
    login(&place, &["--secret-file", &hex], BEGUN);
    place
        .run_with_input(
            &["secret", "set", "--global", "--target-secret-file", "-", "--secret-format", "hex"],
            b"0x01\n",
        )
        .expect(9)
        .complains("holds 1 bytes");
}

#[test]
fn both_secrets_are_stored_together_or_neither() {
    let place = Place::new();
    let (forward, reverse) = (place.secret_file("a", b"initsecret123"), place.secret_file("b", b"too-short"));
    let set = [
        "secret",
        "set",
        "--target",
        TARGET,
        "--user",
        "host",
        "--secret-file",
        &forward,
        "--target-user",
        "disk",
        "--target-secret-file",
        &reverse,
    ];
    place.run(&set).expect(9);
    assert!(!place.path("store").exists());
    place.secret_file("b", b"targsecret456");
    place.run(&set).expect(0).complains(&format!(
        "note: stored for {TARGET}: the initiator's CHAP secret and the target's CHAP secret"
    ));
    let list = place.run(&["secret", "list"]).expect(0).stdout;
    let line: Vec<&str> =
        list.lines().find(|line| line.contains(TARGET)).unwrap().split_whitespace().collect();
    assert_eq!(line[1..], ["set", "host", "set", "disk", "-"]);
    for (option, name) in [("--user", "a\u{7}b"), ("--target-user", "a\nb")] {
        let file = if option == "--user" { "--secret-file" } else { "--target-secret-file" };
        let refused = place.run(&["secret", "set", "--global", option, name, file, &forward]);
        refused.expect(2).complains("CHAP name cannot hold");
    }
}

/// The name of earlier versions takes what it took, and no more.
#[test]
fn remember_still_stores_the_secret_of_the_initiator() {
    let place = Place::new();
    let forward = place.secret_file("a", b"initsecret123");
    let remember = ["secret", "remember", "--target", TARGET, "--user", "host", "--secret-file", &forward];
    place.run(&remember).expect(0);
    for option in ["--target-user", "--target-secret-file"] {
        place.run(&[&remember[..], &[option, &forward]].concat()).expect(2).complains("secret set");
    }
    login(&place, &["--auth", "chap"], BEGUN);
}
