//! Attacks of targets that do not authenticate themselves, over TCP: each ends in its error, and nothing is sent after it.

use std::sync::Arc;

use iscsi_initiator::{AuthenticationMode, AuthenticationRequest, Error, Initiator};
use iscsi_login::{LoginError, ProtocolViolation, TargetAuthError};
use iscsi_pdu::{Opcode, Stage, TextError, ValueError};
use iscsi_secrets::{ForwardCredential, MemoryStore, ReverseCredential, Secret};
use iscsi_tests::scripted_target::{Received, Script, ScriptedTarget, login};

use crate::stage::{config, target_name};

const FORWARD: &[u8] = b"what-the-host-proves";
const REVERSE: &[u8] = b"what-the-disk-proves";

/// Both secrets, and nothing less than mutual CHAP.
fn mutual() -> AuthenticationRequest {
    let secret = |bytes: &[u8]| Secret::from_bytes(bytes).unwrap();
    let forward = ForwardCredential::new(Some("host".to_owned()), secret(FORWARD)).unwrap();
    let reverse = ReverseCredential::new(Some("disk".to_owned()), secret(REVERSE)).unwrap();
    AuthenticationRequest {
        mode: AuthenticationMode::Mutual,
        forward: Some(Arc::new(forward)),
        reverse: Some(Arc::new(reverse)),
    }
}

/// Logs in to a scripted target that plays this script; the login ends in this error after so many requests, the last PDUs ever.
async fn attack(script: Script, requests: usize, expected: impl Into<LoginError>) {
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let portal = scripted.portal().to_string().parse().unwrap();
    let initiator = Initiator::new(config(), Arc::new(MemoryStore::new()));
    let error = initiator.login(&target_name(), &portal, &mutual()).await.err();
    let stage = Stage::SECURITY;
    assert_eq!(error, Some(Error::Login { portal, stage, error: expected.into() }));
    scripted.all_closed().await;
    let opcodes: Vec<_> = scripted.received().iter().map(Received::opcode).collect();
    assert_eq!(opcodes, vec![Opcode::LOGIN_REQUEST; requests]);
}

fn skipped(next: Stage) -> TargetAuthError {
    TargetAuthError::Skipped { next }
}

fn method(chosen: &str) -> TargetAuthError {
    TargetAuthError::Method { chosen: chosen.to_owned() }
}

const RULE_OF_ALGORITHMS: ProtocolViolation =
    ProtocolViolation::Rule { key: "CHAP_A", rule: "one of the algorithms offered (12.1.3)" };

#[tokio::test]
async fn chp_23_straight_to_full_feature_phase() {
    attack(Script::new().answer_login(login::straight_to_full_feature), 1, skipped(Stage::FULL_FEATURE))
        .await;
}

#[tokio::test]
async fn chp_23_straight_to_the_operational_stage() {
    attack(Script::new().answer_login(login::straight_to_operational), 1, skipped(Stage::OPERATIONAL)).await;
}

#[tokio::test]
async fn chp_23_no_method() {
    attack(Script::new().answer_login(login::method("None")), 1, method("None")).await;
}

#[tokio::test]
async fn chp_23_a_rejected_method() {
    attack(Script::new().answer_login(login::method("Reject")), 1, method("Reject")).await;
}

#[tokio::test]
async fn chp_19_no_chap_response() {
    attack(Script::omits_chap_response(), 3, TargetAuthError::NoResponse).await;
}

#[tokio::test]
async fn chp_19_full_feature_phase_instead_of_a_chap_response() {
    attack(Script::completes_without_chap_response(), 3, skipped(Stage::FULL_FEATURE)).await;
}

#[tokio::test]
async fn chp_19_a_name_without_a_response() {
    attack(Script::sends_chap_name_only(), 3, ProtocolViolation::MissingKey { key: "CHAP_R" }).await;
}

#[tokio::test]
async fn chp_20_log_26_a_wrong_response() {
    attack(
        Script::sends_wrong_chap_response(),
        3,
        TargetAuthError::WrongResponse { name: "scripted".to_owned() },
    )
    .await;
}

#[tokio::test]
async fn chp_15_our_own_secret() {
    attack(Script::authenticates_with_secret("disk", FORWARD), 3, TargetAuthError::OwnResponse).await;
}

#[tokio::test]
async fn chp_15_our_own_response_sent_back() {
    let wrong = TargetAuthError::WrongResponse { name: "scripted".to_owned() };
    attack(Script::reflects_response(), 3, wrong).await;
}

#[tokio::test]
async fn chp_21_the_right_secret_under_another_name() {
    let wrong = TargetAuthError::WrongName { expected: "disk".to_owned(), received: "other".to_owned() };
    attack(Script::authenticates_with_secret("other", REVERSE), 3, wrong).await;
}

#[tokio::test]
async fn chp_03_an_algorithm_that_was_not_offered() {
    attack(Script::chooses_algorithm("6"), 2, RULE_OF_ALGORITHMS).await;
}

#[tokio::test]
async fn chp_03_two_algorithms() {
    let error = ValueError::NotANumber;
    attack(Script::chooses_two_algorithms(), 2, ProtocolViolation::Value { key: "CHAP_A", error }).await;
}

#[tokio::test]
async fn chp_04_no_challenge() {
    attack(Script::challenges_without_challenge(), 2, ProtocolViolation::MissingKey { key: "CHAP_C" }).await;
}

#[tokio::test]
async fn chp_22_a_key_twice() {
    let twice = ProtocolViolation::DuplicateKey { key: "CHAP_I".to_owned() };
    attack(Script::challenges_with_duplicate_key(), 2, twice).await;
}

#[tokio::test]
async fn chp_06_a_challenge_that_is_too_long() {
    let error = ValueError::TooLong { length: 1025, limit: 1024 };
    attack(Script::challenges_with_length(1025), 2, ProtocolViolation::Value { key: "CHAP_C", error }).await;
}

#[tokio::test]
async fn chp_06_an_empty_challenge() {
    let error = ValueError::NotBinary;
    attack(Script::challenges_with_length(0), 2, ProtocolViolation::Value { key: "CHAP_C", error }).await;
}

#[tokio::test]
async fn txt_19_text_that_is_none() {
    let script = Script::new().answer_login(|request| iscsi_pdu::LoginResponse {
        text: bytes::Bytes::from_static(b"AuthMethod"),
        ..login::plain(request)
    });
    attack(script, 1, ProtocolViolation::Text(TextError::Unterminated)).await;
}
