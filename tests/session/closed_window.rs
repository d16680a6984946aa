//! A command window that never opens: `MaxCmdSN` stays `ExpCmdSN - 1`. Everyone who waits for it is told in time.

use std::time::Instant;

use bytes::Bytes;
use iscsi_initiator::{Abort, AbortCause, Error, Extent, Lun, Session, TaskManagement};
use iscsi_pdu::{Opcode, TargetTransferTag};
use iscsi_tests::ram_disk;
use iscsi_tests::scripted_target::{Script, ScriptedTarget};
use tokio::task::JoinSet;

use crate::stage::{LIMIT, hurried_config, open_config, session_with, wait_for};
use crate::unasked::{only, ping, reject};

/// More callers than a session accepts requests.
const CALLERS: usize = 400;

/// A session with a target that never takes a command, and serves everything else.
async fn closed(script: Script) -> (ScriptedTarget, Session) {
    let portal = ram_disk::Config { window: 0, ..open_config() };
    session_with(portal, script.serve(), hurried_config()).await
}

/// Whether a PDU that needs the window was received.
fn has_received_requests(scripted: &ScriptedTarget) -> bool {
    let received = scripted.received();
    received.iter().any(|pdu| matches!(pdu.opcode(), Opcode::SCSI_COMMAND | Opcode::TEXT_REQUEST))
}

/// Many callers wait together for little longer than one: no command is sent, and each ends alone. Pings, functions and the
/// logout are immediate and go through all the time.
#[tokio::test]
async fn num_05_num_08_tmf_09_callers_at_a_closed_window() {
    let (scripted, session) = closed(Script::new()).await;
    let begin = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let session = session.clone();
        calls.spawn(async move { session.test_unit_ready(Lun::ZERO).await });
    }
    tokio::task::yield_now().await;
    session.ping(Bytes::new()).await.unwrap();
    session.manage_tasks(TaskManagement::LogicalUnitReset(Lun::ZERO)).await.unwrap();
    let abort = Abort { cause: AbortCause::Timeout, extent: Extent::NotSent };
    let error = Error::Aborted { command: "TEST UNIT READY", abort };
    for outcome in calls.join_all().await {
        assert_eq!(outcome, Err(error.clone()));
    }
    assert!((LIMIT..10 * LIMIT).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    session.ping(Bytes::new()).await.unwrap();
    assert_eq!(session.logout().await, Ok(()));
    assert!(!has_received_requests(&scripted));
    assert_eq!(scripted.faults(), Vec::<String>::new());
}

/// The logout does not wait for the window, and callers that do learn of it.
#[tokio::test]
async fn num_08_lgo_08_a_logout_at_a_closed_window() {
    let (scripted, session) = closed(Script::new()).await;
    let waiting = session.clone();
    let waiting = tokio::spawn(async move { waiting.test_unit_ready(Lun::ZERO).await });
    tokio::task::yield_now().await;
    assert_eq!(session.logout().await, Ok(()));
    assert_eq!(waiting.await.unwrap(), Err(Error::LoggedOut));
    assert!(!has_received_requests(&scripted));
}

/// A text exchange cannot be aborted: one that is never sent ends the session.
#[tokio::test]
async fn num_05_a_text_exchange_at_a_closed_window() {
    let (scripted, session) = closed(Script::new()).await;
    let timed_out = Error::Timeout { operation: "SendTargets", limit: LIMIT };
    assert_eq!(session.send_targets("").await.unwrap_err(), timed_out);
    assert_eq!(session.ended().await, timed_out);
    scripted.all_closed().await;
    assert!(!has_received_requests(&scripted));
}

/// Pings of the target are answered, and what it sends unasked is taken, while the window is closed.
#[tokio::test]
async fn num_08_nop_01_pings_of_the_target_at_a_closed_window() {
    let announced = Script::new()
        .announce(|moment| only(reject(moment), moment))
        .announce(|moment| only(ping(moment, TargetTransferTag(1)), moment))
        .take();
    let (scripted, session) = closed(announced).await;
    wait_for(&scripted, Opcode::NOP_OUT).await;
    assert_eq!(session.logout().await, Ok(()));
}
