//! R2Ts, data, residuals and sense data that contradict their command. Those that cannot be made sense of end the session
//! before any data leave or are delivered.

use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::scsi::{self, Incomplete};
use iscsi_initiator::{Error, Fault, Lun};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, DataIn, DataOut, InitiatorPdu, R2t, ScsiCommand, ScsiResponse, ScsiStatus,
    TargetPdu,
};
use iscsi_tests::ram_disk;
use iscsi_tests::scripted_target::{Moment, Reply, Script, ScriptedTarget, bytes, data_in, r2t, response};
use tokio::time::timeout;

use crate::stage::{config, scripted, session_with, soliciting_config};
use crate::unasked::{news, only};

/// The PDUs by which a target answers a command.
type Answer = fn(&ScsiCommand, &Moment) -> Vec<TargetPdu>;

const TEST_UNIT_READY: u8 = 0x00;
const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
/// The blocks of a read or a write, and their length in bytes.
const BLOCKS: u32 = 4;
const LENGTH: usize = 2048;
const PATIENCE: Duration = Duration::from_secs(10);

/// A target that requests all data, 1024 bytes at a time, by one R2T at a time.
fn portal() -> ram_disk::Config {
    let mut config = soliciting_config();
    let parameters = &mut config.offer.parameters;
    (parameters.max_burst_length, parameters.first_burst_length) = (1024, 512);
    config
}

fn command(operation: u8) -> scsi::RawCommand {
    match operation {
        READ_10 => scsi::read_blocks(0, BLOCKS, 512),
        WRITE_10 => scsi::write_blocks(0, BLOCKS, vec![7; LENGTH]),
        _ => scsi::TestUnitReady.into(),
    }
}

fn data_outs(scripted: &ScriptedTarget) -> Vec<DataOut> {
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    pdus.filter_map(|pdu| if let InitiatorPdu::DataOut(data) = pdu { Some(data) } else { None }).collect()
}

/// The command is answered so, and the session ends by the target's fault. No data have left.
async fn breaks_the_protocol(rule: &str, operation: u8, answer: Answer) {
    let answer =
        move |command: &ScsiCommand, moment: &Moment| Reply::of(&answer(command, moment), moment.digests);
    let script = Script::new().answer_command(operation, answer);
    let (scripted, session) = session_with(portal(), script, config()).await;
    let outcome = timeout(PATIENCE, session.execute(Lun::ZERO, command(operation))).await;
    let error = outcome.unwrap_or_else(|_| panic!("{rule}: the call hangs")).unwrap_err();
    assert_eq!(error.fault(), Fault::Protocol, "{rule}: {error}");
    assert_eq!(session.ended().await, error, "{rule}");
    scripted.all_closed().await;
    assert_eq!(data_outs(&scripted), [], "{rule}");
}

/// The data of a Data-In without a status.
fn part(command: &ScsiCommand, moment: &Moment, data_sn: u32, offset: u32, length: usize) -> TargetPdu {
    let data = data_in(command, moment, offset, length);
    TargetPdu::DataIn(DataIn { data_sn, has_status: false, ..data })
}

fn numbered(command: &ScsiCommand, moment: &Moment, r2t_sn: u32, offset: u32, length: u32) -> TargetPdu {
    TargetPdu::R2t(R2t { r2t_sn, ..r2t(command, moment, offset, length) })
}

/// Requests for data that the command does not have, that were not agreed on, or that skip some.
#[tokio::test]
async fn dat_08_dat_12_dat_13_num_13_r2ts_out_of_bounds() {
    let cases: [(&str, u8, Answer); 10] = [
        ("beyond the end", WRITE_10, |command, moment| vec![numbered(command, moment, 0, 0, 2049)]),
        ("behind the end", WRITE_10, |command, moment| vec![numbered(command, moment, 0, 4096, 512)]),
        ("beyond 2^32", WRITE_10, |command, moment| vec![numbered(command, moment, 0, 0xffff_fe00, 1024)]),
        ("no data", WRITE_10, |command, moment| vec![numbered(command, moment, 0, 0, 0)]),
        ("a long burst", WRITE_10, |command, moment| vec![numbered(command, moment, 0, 0, 1025)]),
        ("a gap", WRITE_10, |command, moment| vec![numbered(command, moment, 0, 512, 512)]),
        ("a skipped number", WRITE_10, |command, moment| vec![numbered(command, moment, 1, 0, 512)]),
        ("two at a time", WRITE_10, |command, moment| {
            vec![numbered(command, moment, 0, 0, 512), numbered(command, moment, 1, 512, 512)]
        }),
        ("for a read", READ_10, |command, moment| vec![numbered(command, moment, 0, 0, 512)]),
        ("for no data", TEST_UNIT_READY, |command, moment| vec![numbered(command, moment, 0, 0, 512)]),
    ];
    for (rule, operation, answer) in cases {
        breaks_the_protocol(rule, operation, answer).await;
    }
}

/// Data that the command did not ask for, that come twice or at another place, or without those before.
#[tokio::test]
async fn dat_16_dat_17_num_13_data_in_out_of_bounds() {
    let cases: [(&str, u8, Answer); 10] = [
        ("beyond the end", READ_10, |command, moment| {
            vec![part(command, moment, 0, 0, 1536), part(command, moment, 1, 1536, 513)]
        }),
        ("more than all", READ_10, |command, moment| vec![part(command, moment, 0, 0, LENGTH + 1)]),
        ("much more than all", READ_10, |command, moment| vec![part(command, moment, 0, 0, 100_000)]),
        ("around 2^32", READ_10, |command, moment| vec![part(command, moment, 0, 0xffff_fff0, 512)]),
        ("a gap", READ_10, |command, moment| vec![part(command, moment, 0, 512, 512)]),
        ("an overlap", READ_10, |command, moment| {
            vec![part(command, moment, 0, 0, 1024), part(command, moment, 1, 512, 1024)]
        }),
        ("the same again", READ_10, |command, moment| {
            vec![part(command, moment, 0, 0, 512), part(command, moment, 1, 0, 512)]
        }),
        ("a skipped number", READ_10, |command, moment| vec![part(command, moment, 1, 0, 512)]),
        ("for a write", WRITE_10, |command, moment| vec![part(command, moment, 0, 0, 512)]),
        ("for no data", TEST_UNIT_READY, |command, moment| vec![part(command, moment, 0, 0, 512)]),
    ];
    for (rule, operation, answer) in cases {
        breaks_the_protocol(rule, operation, answer).await;
    }
}

/// Bytes that are missing and too many at once, in a Data-In and in a SCSI Response.
#[tokio::test]
async fn res_01_both_flags_of_a_residual() {
    let cases: [(&str, u8, Answer); 2] = [
        ("in a Data-In", READ_10, |command, moment| {
            let data = data_in(command, moment, 0, LENGTH);
            vec![TargetPdu::DataIn(DataIn { overflow: true, underflow: true, residual_count: 1, ..data })]
        }),
        ("in a SCSI Response", TEST_UNIT_READY, |command, moment| {
            let good = response(command, moment, ScsiStatus::GOOD, Bytes::new());
            let both = ScsiResponse { overflow: true, underflow: true, residual_count: 1, ..good };
            vec![TargetPdu::ScsiResponse(both)]
        }),
    ];
    for (rule, operation, answer) in cases {
        breaks_the_protocol(rule, operation, answer).await;
    }
}

/// More missing bytes than there are fail the command alone, with both numbers.
#[tokio::test]
async fn res_03_more_missing_bytes_than_there_are() {
    let false_residual = |command: &ScsiCommand, moment: &Moment| {
        let data = data_in(command, moment, 0, LENGTH);
        only(TargetPdu::DataIn(DataIn { underflow: true, residual_count: u32::MAX, ..data }), moment)
    };
    let (_scripted, session) =
        scripted(|script| script.answer_command(READ_10, false_residual).serve()).await;
    let error = session.execute(Lun::ZERO, command(READ_10)).await.unwrap_err();
    let incomplete = Incomplete::Underflow { residual: u32::MAX, expected: 2048 };
    assert_eq!(error, Error::Incomplete { command: "READ (10)", incomplete });
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
}

/// Sense data of an Asynchronous Message that are longer than its data segment.
#[tokio::test]
async fn asy_06_pdu_10_sense_data_of_an_event_beyond_the_segment() {
    for length in [3, u16::MAX] {
        let too_long = move |moment: &Moment| {
            let TargetPdu::AsyncMessage(event) = news(moment, AsyncEvent::SCSI) else {
                return Reply::default();
            };
            let event = AsyncMessage { sense: Bytes::from_static(&[0x72, 6]), ..event };
            let mut bytes = bytes(&TargetPdu::AsyncMessage(event), moment.digests);
            bytes[48..50].copy_from_slice(&length.to_be_bytes());
            Reply { bytes, statuses: 1 }
        };
        let (scripted, session) = scripted(|script| script.announce(too_long).serve()).await;
        assert_eq!(session.ended().await.fault(), Fault::Protocol, "{length}");
        scripted.all_closed().await;
    }
}

/// R2Ts that overlap ask for some data again: each is answered whole, under numbers of its own.
#[tokio::test]
async fn dat_09_dat_11_num_14_r2ts_that_overlap() {
    let ranges = [(0, 1024), (512, 1024), (1536, 512), (0, 512)];
    let ask = move |place: usize| {
        move |command: &ScsiCommand, moment: &Moment| {
            let (offset, length) = ranges[place];
            let r2t_sn = u32::try_from(place).unwrap();
            only(numbered(command, moment, r2t_sn, offset, length), moment)
        }
    };
    let good = |command: &ScsiCommand, moment: &Moment| {
        only(TargetPdu::ScsiResponse(response(command, moment, ScsiStatus::GOOD, Bytes::new())), moment)
    };
    let script = Script::new().answer_command(WRITE_10, ask(0)).take();
    let script = (1..ranges.len()).fold(script, |script, place| script.answer_again(ask(place)).take());
    let (scripted, session) = session_with(portal(), script.answer_again(good).serve(), config()).await;
    session.execute(Lun::ZERO, command(WRITE_10)).await.unwrap();
    session.logout().await.unwrap();
    let sent: Vec<_> = data_outs(&scripted)
        .iter()
        .map(|data| (data.buffer_offset, u32::try_from(data.data.len()).unwrap(), data.data_sn))
        .collect();
    assert_eq!(sent, ranges.map(|(offset, length)| (offset, length, 0)));
}
