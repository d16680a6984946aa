//! The login phase on the wire.

use std::time::{Duration, Instant};

use bytes::Bytes;
use iscsi_initiator::{Error, Fault, LoginStep, Lun, Portal};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, InitiatorTaskTag, LoginStatus, NopIn, Opcode, Reject, RejectReason,
    SequenceNumbers, Stage, TargetPdu, TargetTransferTag,
};
use iscsi_tests::scripted_target::{Script, ScriptedTarget, bytes, login};

use crate::stage::{config, log_in, log_in_by, open_config, ram_disk};

/// LOG-01, LOG-34: Login Requests first, and none after the last of them.
#[tokio::test]
async fn log_01_log_34_one_login_phase_at_the_beginning() {
    let scripted = ScriptedTarget::serve(Script::new().log_in(open_config()).serve()).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
    let received = scripted.received();
    let is_login: Vec<_> = received.iter().map(|pdu| pdu.opcode() == Opcode::LOGIN_REQUEST).collect();
    assert!(is_login[0] && is_login.is_sorted_by(|earlier, later| earlier >= later), "{is_login:?}");
}

/// LOG-02: anything but a Login Response ends the connection at once, a Reject of whatever reason too.
#[tokio::test]
async fn log_02_rej_03_other_pdus_during_the_login() {
    let numbers = SequenceNumbers::default();
    let reject = |reason| TargetPdu::Reject(Reject { reason, numbers, data_sn: 0, data: Bytes::new() });
    let (lun, itt, ttt) = (Lun::ZERO, InitiatorTaskTag::RESERVED, TargetTransferTag(1));
    let others = [
        TargetPdu::NopIn(NopIn { lun, itt, ttt, numbers, data: Bytes::new() }),
        reject(RejectReason::PROTOCOL_ERROR),
        reject(RejectReason::NEGOTIATION_RESET),
        TargetPdu::AsyncMessage(AsyncMessage {
            lun,
            numbers,
            event: AsyncEvent::LOGOUT_REQUEST,
            vendor_code: 0,
            parameter1: 0,
            parameter2: 0,
            parameter3: 0,
            sense: Bytes::new(),
            event_data: Bytes::new(),
        }),
    ];
    for other in others {
        let script = Script::new().take().send(bytes(&other, iscsi_pdu::Digests::default()));
        let scripted = ScriptedTarget::serve(script).await.unwrap();
        let error = log_in(scripted.portal()).await.err().unwrap();
        assert_eq!(error.fault(), Fault::Protocol, "{other:?}: {error}");
        scripted.all_closed().await;
        assert_eq!(scripted.received().len(), 1);
    }
}

/// LOG-33: a target that says nothing, and one that says it byte by byte, run into the same limit.
#[tokio::test]
async fn log_33_one_limit_for_the_whole_login() {
    let slow = Script::new().take().trickle(vec![0x23; 4096], Duration::from_millis(20));
    for script in [Script::new(), slow] {
        let scripted = ScriptedTarget::serve(script).await.unwrap();
        let mut config = config();
        config.login_timeout = Duration::from_millis(300);
        let limit = config.login_timeout;
        let begin = Instant::now();
        let initiator =
            iscsi_initiator::Initiator::new(config, std::sync::Arc::new(iscsi_secrets::MemoryStore::new()));
        let error = log_in_by(&initiator, scripted.portal()).await.err();
        let portal: Portal = scripted.portal().to_string().parse().unwrap();
        let step = LoginStep::Negotiating(Stage::OPERATIONAL);
        let first = portal.clone();
        assert_eq!(error, Some(Error::LoginTimeout { portal, redirects: 0, first, step, limit }));
        assert!(begin.elapsed() < Duration::from_secs(3));
        scripted.all_closed().await;
    }
}

/// LOG-33: the error says where the login was waiting: after which redirections, at which portal, in which stage.
#[tokio::test]
async fn log_33_a_login_that_runs_out_of_time_says_how_far_it_came() {
    let silent = ScriptedTarget::serve(Script::new().take()).await.unwrap();
    let address = silent.portal().to_string();
    let first = ScriptedTarget::serve(
        Script::new().answer_login(login::redirect(LoginStatus::MOVED_TEMPORARILY, address.clone())),
    )
    .await
    .unwrap();
    let mut config = config();
    config.login_timeout = Duration::from_millis(500);
    let initiator =
        iscsi_initiator::Initiator::new(config, std::sync::Arc::new(iscsi_secrets::MemoryStore::new()));
    let error = log_in_by(&initiator, first.portal()).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "login to {address} took longer than 500ms, during operational negotiation (redirected once, from {})",
            first.portal()
        )
    );
}

/// NEG-15: a failed negotiation ends login and connection.
#[tokio::test]
async fn neg_15_a_failed_negotiation_closes_the_connection() {
    let script = Script::new().answer_login(|request| {
        login::with_text(request, iscsi_pdu::TextWriter::new().pair("MaxBurstLength", 16_777_216))
    });
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    assert_eq!(log_in(scripted.portal()).await.err().unwrap().fault(), Fault::Protocol);
    scripted.all_closed().await;
    assert_eq!(scripted.received().len(), 1);
}

/// The parts of a login take some time each, and together no longer than the login.
#[tokio::test]
async fn the_times_of_a_login() {
    let running = ram_disk().await;
    let begin = Instant::now();
    let session = log_in(running.portal()).await.unwrap();
    let (times, elapsed) = (session.details().times, begin.elapsed());
    assert!(times.connect > Duration::ZERO && times.total() > times.connect, "{times:?}");
    assert!(times.total() <= elapsed, "{times:?} {elapsed:?}");
}
