//! The program against a scripted target over TCP: every attack and every failure ends with its exit code, and nothing is
//! sent after it.

use iscsi_pdu::{LoginStatus, Opcode, ScsiStatus};
use iscsi_tests::ram_disk::{self, Credentials, Sense, Target};
use iscsi_tests::scripted_target::{Received, Script, ScriptedTarget, login};
use tokio::runtime::Runtime;

use crate::program::{FORWARD, Outcome, REVERSE, User};

pub(crate) const NAME: &str = "iqn.2001-04.com.example:disk";
const READ_10: u8 = 0x28;
const TEST_UNIT_READY: u8 = 0x00;

/// A scripted target on a thread of its own, and a user of the program.
pub(crate) struct Stage {
    runtime: Runtime,
    scripted: ScriptedTarget,
    pub(crate) user: User,
}

impl Stage {
    pub(crate) fn new(script: Script) -> Self {
        let runtime = Runtime::new().unwrap();
        let scripted = runtime.block_on(ScriptedTarget::serve(script)).unwrap();
        Self { runtime, scripted, user: User::new() }
    }

    /// The user knows both secrets.
    fn demanding_mutual(script: Script) -> Self {
        let stage = Self::new(script);
        stage.user.remember(NAME, FORWARD, Some(REVERSE));
        stage
    }

    pub(crate) fn run(&self, command: &str, lun: &str, options: &[&str]) -> Outcome {
        self.user.run(&[&[command, &self.url(lun)], options].concat())
    }

    pub(crate) fn url(&self, lun: &str) -> String {
        format!("iscsi://{}/{NAME}{lun}", self.scripted.portal())
    }

    /// Logs in, expects this exit code, and that nothing was sent beyond the Login Requests.
    fn login_ends_in(&self, codes: &[i32]) -> Outcome {
        let outcome = self.run("login", "", &["--timeout", "3"]).expect(codes);
        self.runtime.block_on(self.scripted.all_closed());
        let foreign: Vec<_> = self
            .scripted
            .received()
            .iter()
            .map(Received::opcode)
            .filter(|opcode| *opcode != Opcode::LOGIN_REQUEST)
            .collect();
        assert_eq!(foreign, [], "sent after the failure");
        outcome
    }

    /// Login Requests received so far.
    fn requests(&self) -> usize {
        self.scripted.received().len()
    }
}

/// Targets that do not authenticate themselves: exit code 4 or 6, never 0, and no further PDU is sent.
#[test]
fn targets_that_do_not_authenticate_themselves() {
    let scripts = [
        ("straight to full feature phase", Script::new().answer_login(login::straight_to_full_feature), 1),
        ("straight to the operational stage", Script::new().answer_login(login::straight_to_operational), 1),
        ("AuthMethod=None", Script::new().answer_login(login::method("None")), 1),
        ("AuthMethod=Reject", Script::new().answer_login(login::method("Reject")), 1),
        ("no CHAP key in the last answer", Script::omits_chap_response(), 3),
        ("full feature phase instead of a CHAP response", Script::completes_without_chap_response(), 3),
        ("a name without a response", Script::sends_chap_name_only(), 3),
        ("a wrong response", Script::sends_wrong_chap_response(), 3),
        ("the initiator's own secret", Script::authenticates_with_secret(REVERSE.0, FORWARD.1.as_bytes()), 3),
        ("our own response", Script::reflects_response(), 3),
        ("an algorithm not offered", Script::chooses_algorithm("6"), 2),
        ("two algorithms", Script::chooses_two_algorithms(), 2),
        ("no challenge", Script::challenges_without_challenge(), 2),
        ("a key twice", Script::challenges_with_duplicate_key(), 2),
        ("a challenge of 1025 bytes", Script::challenges_with_length(1025), 2),
        ("garbage", Script::garbage(), 1),
        ("a segment of 16 MiB", Script::enormous_segment(), 1),
    ];
    for (what, script, requests) in scripts {
        let stage = Stage::demanding_mutual(script);
        println!("{what}");
        let outcome = stage.login_ends_in(&[4, 6]);
        assert_eq!(stage.requests(), requests, "{what}");
        for (_, secret) in [FORWARD, REVERSE] {
            assert!(!outcome.stderr.contains(secret), "{what}: a secret in the error");
        }
    }
}

/// A correct CHAP response with the expected name, by the same script, leads to the operational stage.
#[test]
fn the_right_response_gets_through() {
    let stage = Stage::demanding_mutual(Script::authenticates_with_secret(REVERSE.0, REVERSE.1.as_bytes()));
    // The script ends there and stays silent: the login times out.
    stage.run("login", "", &["--timeout", "1"]).expect(&[7]);
    assert_eq!(stage.requests(), 4);
}

/// Every status class and what the program makes of it.
#[test]
fn refusals_by_status() {
    for (status, code) in [
        (LoginStatus::AUTHENTICATION_FAILURE, 3),
        (LoginStatus::AUTHORIZATION_FAILURE, 3),
        (LoginStatus::NOT_FOUND, 5),
        (LoginStatus::TOO_MANY_CONNECTIONS, 5),
        (LoginStatus::TARGET_ERROR, 5),
        (LoginStatus::SERVICE_UNAVAILABLE, 5),
        (LoginStatus::OUT_OF_RESOURCES, 5),
        // A redirection without an address leads nowhere.
        (LoginStatus::MOVED_TEMPORARILY, 6),
    ] {
        let stage = Stage::demanding_mutual(Script::new().answer_login(login::status(status)));
        let outcome = stage.login_ends_in(&[code]);
        assert!(outcome.stderr.contains(status.meaning()) || code == 6, "{}", outcome.stderr);
    }
}

#[test]
fn redirections_are_bounded() {
    let runtime = Runtime::new().unwrap();
    let scripted = runtime
        .block_on(ScriptedTarget::serve_with_address(|own| {
            vec![
                Script::new().answer_login(login::redirect(LoginStatus::MOVED_TEMPORARILY, own.to_string()));
                9
            ]
        }))
        .unwrap();
    let user = User::new();
    user.remember(NAME, FORWARD, Some(REVERSE));
    user.run(&["login", &format!("iscsi://{}/{NAME}", scripted.portal())]).expect(&[5]);
    assert!(scripted.connections() <= 6, "{}", scripted.connections());
}

#[test]
fn silence_and_closed_connections() {
    for script in [Script::new(), Script::closes_at_once()] {
        let stage = Stage::demanding_mutual(script);
        stage.run("login", "", &["--timeout", "1"]).expect(&[7]);
    }
    let user = User::new();
    user.run(&["login", &format!("iscsi://127.0.0.1:1/{NAME}")]).expect(&[7]);
}

/// A whole login, then this.
pub(crate) fn after_login(misbehave: impl FnOnce(Script) -> Script) -> Stage {
    let target = Target { credentials: Credentials::None, ..Target::new(NAME.parse().unwrap()) };
    let mut config = ram_disk::Config::with_targets([target]);
    config.unit_attention = false;
    Stage::new(misbehave(Script::new().log_in(config)))
}

/// Failures of commands: an error status of the target is exit code 8, a protocol violation 6, a lost connection 7.
#[test]
fn failing_commands() {
    // The script ends after the command, so the logout is not answered.
    let range = ["--offset", "0", "--length", "4096", "-o", "/dev/null"];
    let read = [&range[..], &["--timeout", "1", "--busy-timeout", "0"]].concat();
    let cases: [(&str, Stage, i32); 7] = [
        (
            "CHECK CONDITION",
            after_login(|script| script.check_condition(READ_10, Sense::LBA_OUT_OF_RANGE)),
            8,
        ),
        ("BUSY", after_login(|script| script.scsi_status(READ_10, ScsiStatus::BUSY, bytes::Bytes::new())), 8),
        ("target failure", after_login(|script| script.target_failure(READ_10)), 8),
        ("data beyond the command", after_login(|script| script.data_in_beyond_command(READ_10)), 6),
        ("R2T for a read", after_login(|script| script.r2t_beyond_command(READ_10)), 6),
        ("a task nobody knows", after_login(|script| script.unknown_task_tag(READ_10)), 6),
        ("a closed connection", after_login(|script| script.close_at_command(READ_10)), 7),
    ];
    for (what, stage, code) in cases {
        println!("{what}");
        let outcome = stage.run("read", "/0", &read).expect(&[code]);
        if what == "CHECK CONDITION" {
            for part in ["ILLEGAL REQUEST", "0x21", "LOGICAL BLOCK ADDRESS OUT OF RANGE"] {
                assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
            }
        }
    }
}

#[test]
fn corrupted_data_are_never_delivered() {
    let stage = after_login(|script| script.bad_data_digest(READ_10));
    let copy = stage.user.path("copy");
    let read = [
        "--no-recovery",
        "--offset",
        "0",
        "--length",
        "4096",
        "--data-digest",
        "crc32c",
        "-o",
        copy.to_str().unwrap(),
    ];
    stage.run("read", "/0", &read).expect(&[6]);
    assert_eq!(std::fs::read(&copy).unwrap_or_default(), [0_u8; 0]);
}

#[test]
fn a_unit_that_is_not_ready() {
    let stage = after_login(|script| {
        script.check_condition(TEST_UNIT_READY, Sense { key: 0x2, asc: 0x04, ascq: 0x01 })
    });
    let read = ["--no-recovery", "--length", "512", "-o", "/dev/null", "--timeout", "1", "--wait-ready", "0"];
    let outcome = stage.run("read", "/0", &read).expect(&[8]);
    assert!(outcome.stderr.contains("NOT READY"), "{}", outcome.stderr);
}
