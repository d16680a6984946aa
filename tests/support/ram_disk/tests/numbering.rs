//! Command numbers, pings, task management and logout.

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorPdu, InitiatorTaskTag, LogoutReason, LogoutRequest, LogoutResponseCode, Lun, NopOut,
    SerialNumber, TargetPdu, TargetTransferTag, TaskManagementFunction, TaskManagementRequest,
    TaskManagementResponseCode,
};

use super::by_hand::{cdb, cdb_10, log_in_plainly, offer, plain_config};
use crate::ram_disk::RamDisk;

#[tokio::test]
async fn gap_in_cmd_sn_ends_the_connection() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let mut command = session.command(cdb(&[0x00]), false, false, 0);
    command.cmd_sn = command.cmd_sn.next();
    session.send(&InitiatorPdu::ScsiCommand(command)).await;
    assert!(session.receive().await.is_none());
    assert!(running.report().violations[0].contains("4.2.2.1"));
}

#[tokio::test]
async fn command_beyond_the_window_is_ignored() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let mut beyond = session.command(cdb(&[0x00]), false, false, 0);
    session.cmd_sn = beyond.cmd_sn;
    beyond.cmd_sn = beyond.cmd_sn.plus(64);
    session.send(&InitiatorPdu::ScsiCommand(beyond)).await;
    let next = session.read(cdb(&[0x25]), 8).await;
    assert_eq!(next.data.len(), 8);
}

#[tokio::test]
async fn ping_comes_back_with_its_data() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(true)).await;
    let ping = NopOut {
        immediate: true,
        lun: Lun::ZERO,
        itt: InitiatorTaskTag(99),
        ttt: TargetTransferTag::RESERVED,
        cmd_sn: session.cmd_sn,
        exp_stat_sn: session.exp_stat_sn,
        data: Bytes::from_static(b"ping"),
    };
    session.send(&InitiatorPdu::NopOut(ping)).await;
    let Some(TargetPdu::NopIn(answer)) = session.receive().await else { panic!("no NOP-In") };
    assert_eq!((answer.itt.0, &answer.data[..]), (99, &b"ping"[..]));
    assert_eq!(answer.numbers.exp_cmd_sn, session.cmd_sn);
}

#[tokio::test]
async fn aborted_write_gives_its_place_in_the_window_back() {
    let mut config = plain_config();
    config.offer.parameters.initial_r2t = true;
    let running = RamDisk::serve(config).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let write = session.command(cdb_10(0x2a, 0, 1), false, true, 512);
    session.send(&InitiatorPdu::ScsiCommand(write.clone())).await;
    let r2t = session.r2t().await;
    assert_eq!(r2t.numbers.exp_cmd_sn.distance_to(r2t.numbers.max_cmd_sn), 62);
    let abort = TaskManagementRequest {
        immediate: true,
        function: TaskManagementFunction::ABORT_TASK,
        lun: Lun::ZERO,
        itt: InitiatorTaskTag(77),
        referenced_task_tag: write.itt,
        cmd_sn: session.cmd_sn,
        exp_stat_sn: session.exp_stat_sn,
        ref_cmd_sn: write.cmd_sn,
        exp_data_sn: SerialNumber(0),
    };
    session.send(&InitiatorPdu::TaskManagementRequest(abort)).await;
    let Some(TargetPdu::TaskManagementResponse(done)) = session.receive().await else { panic!("no answer") };
    assert_eq!(done.response, TaskManagementResponseCode::FUNCTION_COMPLETE);
    assert_eq!(done.numbers.exp_cmd_sn.distance_to(done.numbers.max_cmd_sn), 63);
    // Data that were on their way are no violation.
    let late = session.answer(&r2t, &[0; 512]);
    session.take_status(done.numbers.stat_sn);
    session.send(&InitiatorPdu::DataOut(late)).await;
    assert_eq!(session.read(cdb(&[0x25]), 8).await.data.len(), 8);
    assert!(running.report().violations.is_empty());
}

#[tokio::test]
async fn logout_is_answered_and_then_the_connection_closes() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let logout = |cid, session: &super::by_hand::ByHand| LogoutRequest {
        immediate: true,
        reason: LogoutReason::CLOSE_CONNECTION,
        itt: InitiatorTaskTag(5),
        cid,
        cmd_sn: session.cmd_sn,
        exp_stat_sn: session.exp_stat_sn,
    };
    for (cid, code) in [(8, LogoutResponseCode::CID_NOT_FOUND), (7, LogoutResponseCode::CLOSED)] {
        let request = logout(cid, &session);
        session.send(&InitiatorPdu::LogoutRequest(request)).await;
        let Some(TargetPdu::LogoutResponse(answer)) = session.receive().await else { panic!("no answer") };
        assert_eq!(answer.response, code);
        session.take_status(answer.numbers.stat_sn);
    }
    assert!(session.receive().await.is_none());
    assert_eq!(running.report().logouts, 1);
}
