//! Hints, each by the condition that causes it: they name a decision of the user, and never lead in a circle.

use iscsi_pdu::{AsyncEvent, AsyncMessage, LoginStatus, Lun, ScsiStatus, TargetPdu, TextWriter};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::{Moment, Reply, Script, login};

use crate::program::{Outcome, Place, TARGET};
use crate::scripted::{CHAP, FORWARD, MUTUAL, NO_SENSE, NONE, REVERSE, Scripted, open_config};

const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
const TEST_UNIT_READY: u8 = 0x00;

/// The hint of an outcome.
#[track_caller]
fn hint(outcome: &Outcome) -> String {
    let hints: Vec<_> = outcome.stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).collect();
    assert_eq!(hints.len(), 1, "{}", outcome.stderr);
    hints[0].to_owned()
}

/// Fails unless a login to a target of this script ends so, with all of this in its hint.
#[track_caller]
fn login_hints(script: Script, options: &[&str], code: i32, parts: &[&str]) -> String {
    let hint = hint(&Scripted::new(script).log_in(options).expect(code));
    for part in parts {
        assert!(hint.contains(part), "not {part:?} in: {hint}");
    }
    hint
}

fn refuses(status: LoginStatus) -> Script {
    Script::new().answer_login(login::status(status))
}

#[test]
fn an_unacceptable_algorithm_points_to_the_option_for_algorithms() {
    let only_sha = [&CHAP[..], &["--algorithms", "sha256"]].concat();
    login_hints(Script::chooses_algorithm("5"), &only_sha, 4, &["--algorithms", "at the target"]);
    // One that was not offered, and a target that knows none of those offered.
    login_hints(Script::chooses_algorithm("6"), &CHAP, 6, &["--algorithms"]);
    let rejects = Script::challenges_with(|_| TextWriter::new().pair("CHAP_A", "Reject"));
    login_hints(rejects, &CHAP, 6, &["--algorithms"]);
}

#[test]
fn status_0200_names_what_usually_causes_it() {
    let in_security = login_hints(refuses(LoginStatus::INITIATOR_ERROR), &CHAP, 5, &[]);
    assert!(
        in_security.contains("CHAP is not enabled") && in_security.contains("--algorithms md5"),
        "{in_security}"
    );
    let after_challenge = Script::refuses_chap_response(LoginStatus::INITIATOR_ERROR);
    assert_eq!(login_hints(after_challenge, &CHAP, 5, &[]), in_security);
    let parts = ["--header-digest crc32c", "--data-digest crc32c", "--secret-file"];
    login_hints(refuses(LoginStatus::INITIATOR_ERROR), &NONE, 5, &parts);
}

#[test]
fn status_0201_asks_for_credentials_or_for_a_look_at_them() {
    let parts = ["requires CHAP", "the login offered none", "--secret-file"];
    login_hints(refuses(LoginStatus::AUTHENTICATION_FAILURE), &NONE, 3, &parts);
    let parts = ["check CHAP name and secret", "mutual"];
    login_hints(Script::refuses_chap_response(LoginStatus::AUTHENTICATION_FAILURE), &MUTUAL, 3, &parts);
}

#[test]
fn other_refusals_name_what_to_look_at() {
    let cases = [
        (LoginStatus::AUTHORIZATION_FAILURE, 3, "access list"),
        (LoginStatus::NOT_FOUND, 5, "`iscsi discover PORTAL`"),
        (LoginStatus::TARGET_REMOVED, 5, "`iscsi discover PORTAL`"),
        (LoginStatus::TOO_MANY_CONNECTIONS, 5, "log out of sessions"),
        (LoginStatus::TARGET_ERROR, 5, "try again later"),
        (LoginStatus::SERVICE_UNAVAILABLE, 5, "try again later"),
        (LoginStatus::OUT_OF_RESOURCES, 5, "try again later"),
    ];
    for (status, code, part) in cases {
        login_hints(refuses(status), &NONE, code, &[part]);
    }
}

/// `chap` led to `if-asked`, that to `none`, and that back to `chap`: now each hint says where the reason is to be found,
/// and names at most the one decision that is a person's.
#[test]
fn no_hint_leads_from_one_mode_of_authentication_to_the_next_and_back() {
    let without_chap = || Script::new().answer_login(login::method("None"));
    let rejects = || Script::new().answer_login(login::method("Reject"));
    let skips = || Script::new().answer_login(login::straight_to_operational);
    let closes = || Script::new().take().close();
    let if_asked = ["--auth", "if-asked", "--user", "host", "--secret-file", "forward"];
    for options in [&CHAP[..], &MUTUAL] {
        for script in [without_chap(), rejects(), skips()] {
            let parts =
                ["enable it there", "decide that this session needs no authentication", "--auth none"];
            login_hints(script, options, 4, &parts);
        }
    }
    for options in [&CHAP[..], &MUTUAL, &if_asked] {
        login_hints(closes(), options, 7, &["in the target's log", "decide with --auth"]);
    }
    let hint = login_hints(closes(), &NONE, 7, &["in the target's log", "--secret-file"]);
    assert!(!hint.contains("--auth"), "{hint}");
    login_hints(rejects(), &if_asked, 4, &["enable it there"]);
}

#[test]
fn a_target_that_does_not_authenticate_itself() {
    let no_response = "no secret to authenticate itself with";
    login_hints(Script::omits_chap_response(), &MUTUAL, 4, &[no_response, "--auth chap"]);
    login_hints(Script::reflects_challenge(), &MUTUAL, 4, &[no_response]);
    login_hints(
        Script::sends_wrong_chap_response(),
        &MUTUAL,
        4,
        &["wrong or outdated", "not the target you expect"],
    );
    let named = [&MUTUAL[..], &["--target-user", "disk"]].concat();
    login_hints(Script::authenticates_with_secret("other", REVERSE), &named, 4, &["--target-user"]);
    let reflection = ["do not trust this target", "reflection"];
    login_hints(Script::authenticates_with_secret("other", FORWARD), &MUTUAL, 4, &reflection);
}

#[test]
fn credentials_that_cannot_be_used_name_the_way_to_better_ones() {
    let place = Place::new();
    let file = place.secret_file("secret", b"initsecret123");
    let url = format!("iscsi://127.0.0.1:1/{TARGET}");
    place.secret_file("other", b"of-another-target");
    place.run(&["secret", "set", "--target", "iqn.2001-04.com.example:other", "--secret-file", "other"]);
    let both = ["login", &url, "--secret-file", &file, "--target-secret-file", &file];
    assert!(hint(&place.run(&both).expect(9)).contains("a secret of its own"));
    assert!(
        hint(&place.run(&["login", &url, "--auth", "mutual"]).expect(4)).contains("--target-secret-file")
    );
    let missing = hint(&place.run(&["login", &url, "--secret-file", "nowhere"]).expect(9));
    assert!(missing.contains("name of a file, not the secret"), "{missing}");
}

#[test]
fn redirections() {
    let away = |status| Script::new().answer_login(login::redirect(status, "127.0.0.1:1"));
    let allowed = [&NONE[..], &["--redirect-to", "127.0.0.2"]].concat();
    login_hints(away(LoginStatus::MOVED_TEMPORARILY), &allowed, 5, &["--redirect-to"]);
    let circle = Scripted::each(|own| {
        vec![Script::new().answer_login(login::redirect(LoginStatus::MOVED_TEMPORARILY, own.to_string()))]
    });
    assert!(hint(&circle.log_in(&NONE).expect(5)).contains("to each other"));
}

#[test]
fn a_digest_that_the_target_does_not_do() {
    let mut config = open_config();
    config.offer.header_digest = iscsi_login::DigestPreference::None;
    let digest = [&NONE[..], &["--header-digest", "crc32c"]].concat();
    login_hints(Script::new().log_in(config), &digest, 6, &["prefer-crc32c", "--header-digest"]);
}

#[test]
fn a_login_that_runs_out_of_time_names_portal_redirection_and_stage() {
    let silent = Scripted::new(Script::new().take());
    let portal = silent.peer.portal().to_string();
    let first = Scripted::new(
        Script::new().answer_login(login::redirect(LoginStatus::MOVED_TEMPORARILY, portal.clone())),
    );
    let outcome = first.log_in(&[&CHAP[..], &["--timeout", "0.5"]].concat());
    assert_eq!(outcome.code, Some(2), "an option twice: {}", outcome.stderr);
    let url = first.url();
    let login = [&["login", &url, "--timeout", "0.5"], &CHAP[..]].concat();
    let outcome = crate::program::finish(&mut first.place.command(&login)).expect(7);
    let expected = format!(
        "error: login to {portal} took longer than 500ms, during security negotiation (redirected once, from {})\n",
        first.peer.portal()
    );
    assert!(hint(&outcome).contains("--timeout"));
    outcome.complains(&expected);
}

fn asks_for_logout(moment: &Moment) -> Reply {
    let message = AsyncMessage {
        lun: Lun::ZERO,
        numbers: moment.numbers,
        event: AsyncEvent::LOGOUT_REQUEST,
        vendor_code: 0,
        parameter1: 0,
        parameter2: 0,
        parameter3: 5,
        sense: NO_SENSE,
        event_data: NO_SENSE,
    };
    Reply::of(&[TargetPdu::AsyncMessage(message)], moment.digests)
}

#[test]
fn a_logout_that_the_target_requests_is_called_one() {
    let target = Scripted::after_login(|script| {
        script.answer_command(READ_10, |_, moment| asks_for_logout(moment)).serve()
    });
    let outcome = target.read(&["--no-recovery"]).expect(7);
    assert!(hint(&outcome).contains("log in again"), "{}", outcome.stderr);
    let outcome = outcome.complains("target requested a logout");
    // Told once, by what failed of it.
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
}

/// The request comes after the work: nothing failed of it.
#[test]
fn a_logout_that_is_requested_after_the_work_is_no_warning() {
    let target = Scripted::after_login(|script| script.announce(asks_for_logout).serve());
    let outcome = target.log_in(&NONE).expect(0);
    assert!(!outcome.stderr.contains("warning: logout"), "{}", outcome.stderr);
}

/// Sense codes with what they lead to, on the command that meets them most.
#[test]
fn failed_commands_are_explained_by_their_sense() {
    let cases = [
        (TEST_UNIT_READY, (0x2, 0x04, 0x00), "not ready"),
        (TEST_UNIT_READY, (0x2, 0x04, 0x01), "--wait-ready"),
        (TEST_UNIT_READY, (0x2, 0x04, 0x03), "not ready"),
        (TEST_UNIT_READY, (0x2, 0x04, 0x04), "takes its time"),
        (TEST_UNIT_READY, (0x2, 0x04, 0x0a), "try again in a few seconds"),
        (TEST_UNIT_READY, (0x2, 0x04, 0x0b), "standby"),
        (TEST_UNIT_READY, (0x2, 0x04, 0x0c), "another portal"),
        (TEST_UNIT_READY, (0x2, 0x04, 0x02), "start it"),
        (TEST_UNIT_READY, (0x2, 0x3a, 0x00), "medium"),
        (TEST_UNIT_READY, (0x5, 0x25, 0x00), "`iscsi luns`"),
        (READ_10, (0x3, 0x11, 0x00), "damaged"),
        (READ_10, (0x4, 0x44, 0x00), "has failed"),
        (READ_10, (0x5, 0x21, 0x00), "resized: `iscsi info`"),
        (READ_10, (0x5, 0x24, 0x00), "a field of this command"),
        (READ_10, (0x5, 0x55, 0x00), "short of resources"),
        (WRITE_10, (0x3, 0x0c, 0x00), "does not take data"),
        (WRITE_10, (0x7, 0x27, 0x00), "read-only"),
        (WRITE_10, (0x7, 0x27, 0x02), "read-only"),
        (WRITE_10, (0x7, 0x27, 0x07), "is full"),
    ];
    for (operation, (key, asc, ascq), part) in cases {
        let hint = hint_on_sense(operation, Sense::new(key, asc, ascq));
        assert!(hint.contains(part), "{key:x}/{asc:02x}/{ascq:02x}: {hint}");
    }
}

/// The hint of a read, or of a write, whose command ends so.
#[track_caller]
fn hint_on_sense(operation: u8, sense: Sense) -> String {
    let target = Scripted::after_login(|script| script.check_condition(operation, sense).serve());
    let outcome = if operation == WRITE_10 { target.write() } else { target.read(&["--wait-ready", "0"]) };
    hint(&outcome.expect(8))
}

#[test]
fn a_reservation_of_another_initiator() {
    for operation in [READ_10, WRITE_10] {
        let target = Scripted::after_login(|script| {
            script.scsi_status(operation, ScsiStatus::RESERVATION_CONFLICT, NO_SENSE).serve()
        });
        let outcome = if operation == WRITE_10 { target.write() } else { target.read(&[]) };
        assert!(hint(&outcome.expect(8)).contains("another initiator holds a reservation"));
    }
}

/// A value that breaks a rule is named with the rule, and not with one of the many that would have kept it.
#[test]
fn a_value_that_breaks_a_rule_is_told_with_the_rule() {
    let script = Script::new().answer_login(|request| {
        let response = login::straight_to_full_feature(request);
        iscsi_pdu::LoginResponse { status: LoginStatus(0x0500), ..response }
    });
    let outcome = Scripted::new(script).log_in(&NONE).expect(6);
    assert!(!outcome.stderr.contains("expected"), "{}", outcome.stderr);
    outcome.complains("Status-Class is 0x5: classes above 3 are reserved");
}
