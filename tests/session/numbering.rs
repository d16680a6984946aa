//! Sequence numbers from the first Login Request on.

use bytes::Bytes;
use iscsi_initiator::Lun;
use iscsi_pdu::{InitiatorPdu, InitiatorTaskTag, NopIn, Opcode, SerialNumber, TargetPdu, TargetTransferTag};
use iscsi_tests::ram_disk::RamDisk;
use iscsi_tests::scripted_target::{Moment, Received, Reply, Script, ScriptedTarget};

use crate::stage::{log_in, open_config, scripted, wait_for};

/// A ping of the target.
pub(crate) fn ping(moment: &Moment) -> TargetPdu {
    TargetPdu::NopIn(NopIn {
        lun: Lun::ZERO,
        itt: InitiatorTaskTag::RESERVED,
        ttt: TargetTransferTag(1),
        numbers: moment.numbers,
        data: Bytes::new(),
    })
}

/// `CmdSN` and whether the request uses it up.
fn cmd_sn(pdu: &Received) -> (u32, bool) {
    match pdu.pdu().unwrap() {
        InitiatorPdu::LoginRequest(request) => (request.cmd_sn.0, false),
        InitiatorPdu::ScsiCommand(command) => (command.cmd_sn.0, !command.immediate),
        InitiatorPdu::NopOut(ping) => (ping.cmd_sn.0, !ping.immediate),
        InitiatorPdu::LogoutRequest(request) => (request.cmd_sn.0, !request.immediate),
        InitiatorPdu::TextRequest(request) => (request.cmd_sn.0, !request.immediate),
        other => panic!("{other:?}"),
    }
}

/// The login fixes the number, requests that are not immediate use it up, the answer to a ping does not.
#[tokio::test]
async fn num_02_num_03_num_16_cmd_sn_from_the_login_on() {
    let (scripted, session) = scripted(|script| {
        script.announce(|moment| Reply::of(&[ping(moment)], moment.digests)).take().serve()
    })
    .await;
    wait_for(&scripted, Opcode::NOP_OUT).await;
    for _ in 0..3 {
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        session.send_targets("").await.unwrap();
    }
    session.logout().await.unwrap();
    scripted.all_closed().await;
    let received = scripted.received();
    let mut next = cmd_sn(&received[0]).0;
    for pdu in &received {
        let (number, used_up) = cmd_sn(pdu);
        assert_eq!(number, next, "{}", pdu.opcode());
        next = next.wrapping_add(u32::from(used_up));
    }
    assert_eq!(next, cmd_sn(&received[0]).0.wrapping_add(6));
    let answer = received.iter().find(|pdu| pdu.opcode() == Opcode::NOP_OUT).unwrap();
    let Some(InitiatorPdu::NopOut(answer)) = answer.pdu() else { panic!("no NOP-Out") };
    assert!(answer.immediate && answer.itt == InitiatorTaskTag::RESERVED);
}

/// The strict target notes every acknowledgement that is not the next number.
#[tokio::test]
async fn num_09_status_numbers_from_any_first_one_on() {
    for first in [0, 1, 0x7fff_ffff, 0xffff_fffd, 0xffff_fffe, u32::MAX] {
        let mut config = open_config();
        config.first_stat_sn = SerialNumber(first);
        let running = RamDisk::serve(config).await.unwrap();
        let session = log_in(running.portal()).await.unwrap();
        for _ in 0..4 {
            session.test_unit_ready(Lun::ZERO).await.unwrap();
        }
        session.logout().await.unwrap();
        assert_eq!(running.report().violations, Vec::<String>::new(), "{first:#x}");
    }
}

/// Sequence numbers as seen on the wire.
#[tokio::test]
async fn num_09_requests_acknowledge_what_came_last() {
    for first in [0, 0xffff_fffe] {
        let mut config = open_config();
        config.first_stat_sn = SerialNumber(first);
        let scripted = ScriptedTarget::serve(Script::new().log_in(config).serve()).await.unwrap();
        let session = log_in(scripted.portal()).await.unwrap();
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        session.logout().await.unwrap();
        let received = scripted.received();
        let commands: Vec<_> = received
            .iter()
            .filter_map(|pdu| match pdu.pdu() {
                Some(InitiatorPdu::ScsiCommand(command)) => Some(command.exp_stat_sn.0),
                _ => None,
            })
            .collect();
        let Some(InitiatorPdu::LoginRequest(login)) = received[0].pdu() else { panic!("no login") };
        assert_eq!(login.exp_stat_sn.0, 0);
        assert_eq!(commands, [first.wrapping_add(1), first.wrapping_add(2)]);
    }
}
