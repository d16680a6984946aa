//! Tests of scripted targets with the initiator's side of the login, which has to detect every violation.

use std::time::Duration;

use bytes::Bytes;
use iscsi_login::{Authentication, LoginError, TargetAuthError};
use iscsi_pdu::{
    InitiatorPdu, InitiatorTaskTag, LoginStatus, Lun, NopIn, Opcode, ScsiStatus, Stage, TargetPdu,
    TargetTransferTag,
};

use super::{Received, Reply, Script, ScriptedTarget, login};
use crate::ram_disk::Sense;
use crate::ram_disk::tests::by_hand::{
    FORWARD, REVERSE, cdb, cdb_10, disk_name, log_in, log_in_plainly, mutual, mutual_config, offer,
    plain_config,
};

/// The error of a mutual login, and the number of PDUs that the scripted target received.
async fn mutual_login(script: Script) -> (LoginError, usize) {
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let outcome = log_in(scripted.portal(), Some(&disk_name()), mutual(FORWARD, REVERSE), offer(false)).await;
    let error = outcome.err().expect("a scripted target gets nobody in");
    scripted.all_closed().await;
    assert_eq!(scripted.connections(), 1);
    assert!(scripted.received().iter().all(|pdu| pdu.opcode() == Opcode::LOGIN_REQUEST));
    (error, scripted.received().len())
}

#[tokio::test]
async fn skipped_authentication_is_noticed() {
    for (script, requests) in [
        (Script::new().answer_login(login::straight_to_full_feature), 1),
        (Script::new().answer_login(login::straight_to_operational), 1),
        (Script::new().answer_login(login::method("None")), 1),
        (Script::omits_chap_response(), 3),
        (Script::completes_without_chap_response(), 3),
    ] {
        let (error, seen) = mutual_login(script).await;
        assert!(matches!(error, LoginError::NotAuthenticated(_)), "{error:?}");
        assert_eq!(seen, requests, "{error:?}");
    }
}

#[tokio::test]
async fn wrong_responses_are_noticed() {
    let (error, _) = mutual_login(Script::sends_wrong_chap_response()).await;
    assert!(
        matches!(error, LoginError::NotAuthenticated(TargetAuthError::WrongResponse { .. })),
        "{error:?}"
    );
    let (error, _) = mutual_login(Script::authenticates_with_secret("disk", FORWARD)).await;
    assert_eq!(error, LoginError::NotAuthenticated(TargetAuthError::OwnResponse));
    for script in [Script::reflects_challenge(), Script::reflects_response(), Script::sends_chap_name_only()]
    {
        let (error, _) = mutual_login(script).await;
        assert!(matches!(error, LoginError::NotAuthenticated(_) | LoginError::Protocol(_)), "{error:?}");
    }
}

#[tokio::test]
async fn malformed_challenges_are_noticed() {
    for script in [
        Script::chooses_algorithm("6"),
        Script::chooses_two_algorithms(),
        Script::challenges_without_challenge(),
        Script::challenges_with_duplicate_key(),
        Script::challenges_with_length(1025),
        Script::new().answer_login(login::method("Reject")),
    ] {
        let (error, seen) = mutual_login(script).await;
        assert!(matches!(error, LoginError::Protocol(_) | LoginError::NotAuthenticated(_)), "{error:?}");
        assert!(seen <= 2);
    }
}

#[tokio::test]
async fn refusals_carry_their_status() {
    for code in [0x0201, 0x0202, 0x0203, 0x0300, 0x0301, 0x0302] {
        let status = LoginStatus(code);
        let (error, seen) = mutual_login(Script::new().answer_login(login::status(status))).await;
        assert_eq!((error, seen), (LoginError::Refused { stage: Stage::SECURITY, status }, 1));
    }
    let (error, _) = mutual_login(Script::refuses_chap_response(LoginStatus::AUTHENTICATION_FAILURE)).await;
    assert!(matches!(error, LoginError::Refused { .. }));
}

#[tokio::test]
async fn the_right_response_is_right() {
    let script =
        Script::authenticates_with_secret("disk", REVERSE).answer_login(login::straight_to_full_feature);
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal(), Some(&disk_name()), mutual(FORWARD, REVERSE), offer(false)).await;
    assert!(session.is_ok());
}

#[tokio::test]
async fn scripted_answers_follow_a_whole_login() {
    let aborted = Sense::new(0x0b, 0x00, 0x00);
    let script = Script::new()
        .log_in(plain_config())
        .check_condition(0x28, aborted)
        .data_in_beyond_command(0x28)
        .r2t_beyond_command(0x2a)
        .unknown_task_tag(0x00)
        .serve();
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let mut session = log_in_plainly(scripted.portal(), offer(true)).await;
    assert_eq!(session.read(cdb(&[0x25]), 8).await.status, ScsiStatus::GOOD);
    assert_eq!(session.read(cdb_10(0x28, 0, 1), 512).await.sense_codes(), (0x0b, 0, 0));
    let read = session.command(cdb_10(0x28, 0, 1), true, false, 512);
    session.send(&InitiatorPdu::ScsiCommand(read)).await;
    let Some(TargetPdu::DataIn(beyond)) = session.receive().await else { panic!("no Data-In") };
    assert_eq!((beyond.buffer_offset, beyond.data.len()), (512, 512));
    session.take_status(beyond.numbers.stat_sn);
    let write = session.command(cdb_10(0x2a, 0, 1), false, true, 512);
    session.send(&InitiatorPdu::ScsiCommand(write)).await;
    assert_eq!(session.r2t().await.buffer_offset, 512);
    let test = session.command(cdb(&[0x00]), false, false, 0);
    session.send(&InitiatorPdu::ScsiCommand(test.clone())).await;
    let Some(TargetPdu::ScsiResponse(stray)) = session.receive().await else { panic!("no response") };
    assert_ne!(stray.itt, test.itt);
    session.take_status(stray.numbers.stat_sn);
    assert_eq!(session.read(cdb(&[0x25]), 8).await.status, ScsiStatus::GOOD);
    assert!(scripted.faults().is_empty());
}

#[tokio::test]
async fn unasked_ping_is_sent_and_what_comes_back_is_kept() {
    let script = Script::new().log_in(plain_config()).announce(|moment| {
        let ping = NopIn {
            lun: Lun::ZERO,
            itt: InitiatorTaskTag::RESERVED,
            ttt: TargetTransferTag(5),
            numbers: moment.numbers,
            data: Bytes::from_static(b"there?"),
        };
        Reply::of(&[TargetPdu::NopIn(ping)], moment.digests)
    });
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let mut session = log_in_plainly(scripted.portal(), offer(true)).await;
    let Some(TargetPdu::NopIn(ping)) = session.receive().await else { panic!("no ping") };
    assert_eq!((ping.numbers.stat_sn, &ping.data[..]), (session.exp_stat_sn, &b"there?"[..]));
    let test = session.command(cdb(&[0x00]), false, false, 0);
    session.send(&InitiatorPdu::ScsiCommand(test)).await;
    drop(session);
    scripted.all_closed().await;
    assert_eq!(scripted.received().last().map(Received::opcode), Some(Opcode::SCSI_COMMAND));
}

#[tokio::test]
async fn mutual_login_and_bad_data_digest() {
    let script = Script::new().log_in(mutual_config()).bad_data_digest(0x12);
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let mut session =
        log_in(scripted.portal(), Some(&disk_name()), mutual(FORWARD, REVERSE), offer(true)).await.unwrap();
    let inquiry = session.command(cdb(&[0x12, 0, 0, 0, 36]), true, false, 36);
    session.send(&InitiatorPdu::ScsiCommand(inquiry)).await;
    let error = session.wire.receive().await.err().map(|fault| fault.to_string()).unwrap_or_default();
    assert!(error.contains("data digest"), "{error}");
}

#[tokio::test]
async fn silence_trickle_garbage_and_closing() {
    let slow = Script::new().take().trickle(vec![0x23; 4], Duration::from_millis(1)).close();
    for script in [slow, Script::closes_at_once(), Script::garbage(), Script::enormous_segment()] {
        let scripted = ScriptedTarget::serve(script).await.unwrap();
        let mut wire =
            super::wire::Wire::new(tokio::net::TcpStream::connect(scripted.portal()).await.unwrap()).unwrap();
        let request =
            iscsi_pdu::NopOut::decode(iscsi_pdu::RawPdu::header(iscsi_pdu::Bhs::new(Opcode::NOP_OUT)));
        let _ = wire.send(request.unwrap().encode()).await;
        assert!(!matches!(wire.receive().await, Ok(Some(_))));
    }
    let scripted = ScriptedTarget::serve(Script::new()).await.unwrap();
    let name = disk_name();
    let login = log_in(scripted.portal(), Some(&name), Authentication::None, offer(false));
    assert!(tokio::time::timeout(Duration::from_millis(100), login).await.is_err());
    scripted.all_closed().await;
    assert_eq!(scripted.received().len(), 1);
    assert!(scripted.received()[0].text().contains("TargetName=iqn.2001-04.com.example:disk\n"));
}

#[tokio::test]
async fn redirection_to_itself() {
    let scripted = ScriptedTarget::serve_with_address(|own| {
        let address = own.to_string();
        vec![Script::new().answer_login(login::redirect(LoginStatus::MOVED_TEMPORARILY, address))]
    });
    let scripted = scripted.await.unwrap();
    let mut wire =
        super::wire::Wire::new(tokio::net::TcpStream::connect(scripted.portal()).await.unwrap()).unwrap();
    let (name, offer) = ("iqn.2001-04.com.example:host".parse().unwrap(), offer(false).into());
    let (_, request) = iscsi_login::initiator::Login::start(iscsi_login::initiator::LoginConfig {
        initiator_name: &name,
        initiator_alias: None,
        session_type: iscsi_login::initiator::SessionType::Discovery,
        isid: iscsi_pdu::Isid::from_random([1, 2, 3], 0),
        cid: 0,
        itt: iscsi_pdu::InitiatorTaskTag(0),
        cmd_sn: iscsi_pdu::SerialNumber(1),
        authentication: Authentication::None,
        algorithms: &[iscsi_login::ChapAlgorithm::Md5],
        offer: &offer,
        strictness: iscsi_login::Strictness::Strict,
        reinstates: false,
        nonce: iscsi_login::Nonce::from_random([9; 33]),
        is_own_challenge: &|_| false,
    })
    .unwrap();
    wire.send(request.encode()).await.unwrap();
    let response = iscsi_pdu::LoginResponse::decode(wire.receive().await.unwrap().unwrap()).unwrap();
    assert_eq!(response.status, LoginStatus::MOVED_TEMPORARILY);
    assert_eq!(response.text, format!("TargetAddress={}\0", scripted.portal()));
}
