//! Logins: mutual CHAP, refusals, and fields that must not change during a login.

use iscsi_login::initiator::Authenticated;
use iscsi_login::{LoginError, TargetAuthError};
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, Stage};
use tokio::net::TcpStream;

use super::by_hand::{
    FORWARD, REVERSE, cdb, disk_name, log_in, log_in_plainly, mutual, mutual_config, offer, plain_config,
};
use crate::ram_disk::RamDisk;
use crate::scripted_target::wire::Wire;

#[tokio::test]
async fn mutual_chap_with_digests_and_without() {
    let running = RamDisk::serve(mutual_config()).await.unwrap();
    for digests in [false, true] {
        let session = log_in(running.portal(), Some(&disk_name()), mutual(FORWARD, REVERSE), offer(digests))
            .await
            .unwrap();
        assert!(
            matches!(session.login.authenticated, Authenticated::Mutual(ref proof) if proof.name() == "disk")
        );
        assert_eq!(session.login.parameters.digests.data, digests);
    }
    assert_eq!(running.report().mutual_sessions, 2);
    assert!(running.report().violations.is_empty());
}

#[tokio::test]
async fn wrong_forward_secret_is_refused_with_0201() {
    let running = RamDisk::serve(mutual_config()).await.unwrap();
    let error =
        log_in(running.portal(), Some(&disk_name()), mutual(b"not-what-he-proves", REVERSE), offer(false))
            .await
            .err();
    let refused = LoginError::Refused { stage: Stage::SECURITY, status: LoginStatus::AUTHENTICATION_FAILURE };
    assert_eq!(error, Some(refused));
    assert_eq!(running.report().refusals, [LoginStatus::AUTHENTICATION_FAILURE]);
}

#[tokio::test]
async fn wrong_reverse_secret_is_noticed_by_the_initiator() {
    let running = RamDisk::serve(mutual_config()).await.unwrap();
    let error =
        log_in(running.portal(), Some(&disk_name()), mutual(FORWARD, b"another-disk-proof"), offer(false))
            .await
            .err();
    let wrong = TargetAuthError::WrongResponse { name: "disk".to_owned() };
    assert_eq!(error, Some(LoginError::NotAuthenticated(wrong)));
}

#[tokio::test]
async fn unknown_target_is_refused_with_0203() {
    let running = RamDisk::serve(mutual_config()).await.unwrap();
    let other = "iqn.2001-04.com.example:other".parse().unwrap();
    let error = log_in(running.portal(), Some(&other), mutual(FORWARD, REVERSE), offer(false)).await.err();
    assert!(
        matches!(error, Some(LoginError::Refused { status, .. }) if status == LoginStatus::NOT_FOUND),
        "{error:?}"
    );
}

/// RFC 7143, 6.3.5: a login with the names of an open session ends that session.
#[tokio::test]
async fn second_login_reinstates_the_session() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut first = log_in_plainly(running.portal(), offer(false)).await;
    let mut second = log_in_plainly(running.portal(), offer(false)).await;
    assert!(first.receive().await.is_none());
    assert_eq!(second.read(cdb(&[0x25]), 8).await.data.len(), 8);
    assert_eq!(running.cut_sessions(), 1);
    assert!(second.receive().await.is_none());
}

/// RFC 7143, 6.3: the task tag is one for the whole login.
#[tokio::test]
async fn changed_task_tag_is_refused_with_0200() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut wire = Wire::new(TcpStream::connect(running.portal()).await.unwrap()).unwrap();
    let mut request = LoginRequest {
        transit: false,
        continues: false,
        current_stage: Stage::OPERATIONAL,
        next_stage: Stage(0),
        version_max: 0,
        version_min: 0,
        isid: iscsi_pdu::Isid::from_random([1, 2, 3], 0),
        tsih: 0,
        itt: iscsi_pdu::InitiatorTaskTag(1),
        cid: 0,
        cmd_sn: iscsi_pdu::SerialNumber(1),
        exp_stat_sn: iscsi_pdu::SerialNumber(0),
        text: format!("InitiatorName=iqn.2001-04.com.example:host\0TargetName={}\0", disk_name()).into(),
    };
    wire.send(request.encode()).await.unwrap();
    let first = LoginResponse::decode(wire.receive().await.unwrap().unwrap()).unwrap();
    request.itt = iscsi_pdu::InitiatorTaskTag(2);
    request.text = bytes::Bytes::new();
    request.exp_stat_sn = first.numbers.stat_sn.next();
    wire.send(request.encode()).await.unwrap();
    let refused = LoginResponse::decode(wire.receive().await.unwrap().unwrap()).unwrap();
    assert_eq!(refused.status, LoginStatus::INITIATOR_ERROR);
    assert!(matches!(wire.receive().await, Ok(None) | Err(_)));
    assert_eq!(running.report().refusals, [LoginStatus::INITIATOR_ERROR]);
}
