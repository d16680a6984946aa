//! Write data: immediate, unsolicited and solicited, within the rules and against them.

use bytes::Bytes;
use iscsi_pdu::{DataOut, InitiatorPdu, Lun, ScsiCommand, ScsiStatus, TargetTransferTag};

use super::by_hand::{ByHand, cdb_10, disk_name, log_in_plainly, offer, plain_config};
use crate::ram_disk::{Config, RamDisk, Running};

/// 128 blocks.
const LENGTH: u32 = 65_536;

fn pattern() -> Vec<u8> {
    (0..LENGTH).map(|at| (at / 512 + at).to_le_bytes()[0]).collect()
}

/// Parameters without unsolicited data: R2Ts of 16 KiB, two at a time.
fn all_solicited() -> Config {
    let mut config = plain_config();
    config.offer.parameters.initial_r2t = true;
    config.offer.parameters.immediate_data = false;
    config.offer.parameters.max_burst_length = 16_384;
    config.offer.parameters.first_burst_length = 16_384;
    config.offer.parameters.max_outstanding_r2t = 2;
    config
}

/// Unsolicited data up to 8 KiB.
fn unsolicited() -> Config {
    let mut config = plain_config();
    config.offer.parameters.first_burst_length = 8192;
    config
}

async fn begin(config: Config) -> (Running, ByHand, ScsiCommand) {
    let running = RamDisk::serve(config).await.unwrap();
    let mut wide = offer(false);
    wide.parameters.max_outstanding_r2t = 2;
    let mut session = log_in_plainly(running.portal(), wide).await;
    let write = session.command(cdb_10(0x2a, 0, 128), false, true, LENGTH);
    (running, session, write)
}

fn unsolicited_data_out(session: &ByHand, write: &ScsiCommand, offset: u16, length: u16) -> DataOut {
    DataOut {
        is_final: true,
        lun: Lun::ZERO,
        itt: write.itt,
        ttt: TargetTransferTag::RESERVED,
        exp_stat_sn: session.exp_stat_sn,
        data_sn: 0,
        buffer_offset: offset.into(),
        data: Bytes::copy_from_slice(&pattern()[offset.into()..][..length.into()]),
    }
}

#[tokio::test]
async fn r2ts_ask_for_everything_in_order() {
    let (running, mut session, write) = begin(all_solicited()).await;
    session.send(&InitiatorPdu::ScsiCommand(write)).await;
    let mut asked = vec![session.r2t().await, session.r2t().await];
    for r2t_sn in 0..4 {
        let r2t = asked.remove(0);
        assert_eq!((r2t.r2t_sn, r2t.buffer_offset), (r2t_sn, r2t_sn * 16_384));
        let answer = session.answer(&r2t, &pattern());
        session.send(&InitiatorPdu::DataOut(answer)).await;
        if r2t_sn < 2 {
            asked.push(session.r2t().await);
        }
    }
    assert_eq!(session.end().await.status, ScsiStatus::GOOD);
    assert_eq!(running.read_medium(&disk_name(), 0, 0, LENGTH as usize), Some(pattern()));
    assert!(running.report().violations.is_empty());
}

#[tokio::test]
async fn immediate_and_unsolicited_data_fill_the_first_burst() {
    let (running, mut session, mut write) = begin(unsolicited()).await;
    write.data = Bytes::copy_from_slice(&pattern()[..4096]);
    write.is_final = false;
    session.send(&InitiatorPdu::ScsiCommand(write.clone())).await;
    let data = unsolicited_data_out(&session, &write, 4096, 4096);
    session.send(&InitiatorPdu::DataOut(data)).await;
    let r2t = session.r2t().await;
    assert_eq!((r2t.buffer_offset, r2t.desired_data_transfer_length), (8192, LENGTH - 8192));
    let answer = session.answer(&r2t, &pattern());
    session.send(&InitiatorPdu::DataOut(answer)).await;
    assert_eq!(session.end().await.status, ScsiStatus::GOOD);
    assert_eq!(running.read_medium(&disk_name(), 0, 0, LENGTH as usize), Some(pattern()));
    assert_eq!(running.report().unsolicited_data_outs, 1);
}

/// RFC 7143, 4.2.5.2: a burst that ends early is an incorrect amount of data.
#[tokio::test]
async fn short_unsolicited_burst_fails_the_command() {
    let (_running, mut session, mut write) = begin(unsolicited()).await;
    write.is_final = false;
    session.send(&InitiatorPdu::ScsiCommand(write.clone())).await;
    let data = unsolicited_data_out(&session, &write, 0, 4096);
    session.send(&InitiatorPdu::DataOut(data)).await;
    assert_eq!(session.end().await.sense_codes(), (0x0b, 0x0c, 0x0d));
}

/// A command that fails at once is answered when the data that were announced are there.
#[tokio::test]
async fn failure_waits_for_the_announced_data() {
    let (_running, mut session, mut write) = begin(unsolicited()).await;
    write.is_final = false;
    write.cdb[2] = 0x7f;
    session.send(&InitiatorPdu::ScsiCommand(write.clone())).await;
    let data = unsolicited_data_out(&session, &write, 0, 8192);
    session.send(&InitiatorPdu::DataOut(data)).await;
    let ended = session.end().await;
    assert_eq!((ended.sense_codes(), ended.residual), ((5, 0x21, 0), LENGTH));
}

/// Breaks one rule in the answer to the first R2T and expects the connection to end.
async fn expect_end(spoil: impl FnOnce(&mut DataOut), rule: &str) {
    let (running, mut session, write) = begin(all_solicited()).await;
    session.send(&InitiatorPdu::ScsiCommand(write)).await;
    let (first, _second) = (session.r2t().await, session.r2t().await);
    let mut answer = session.answer(&first, &pattern());
    spoil(&mut answer);
    session.send(&InitiatorPdu::DataOut(answer)).await;
    assert!(session.receive().await.is_none(), "{rule}");
    let violations = running.report().violations;
    assert!(violations.len() == 1 && violations[0].contains(rule), "{violations:?}");
}

#[tokio::test]
async fn violations_end_the_connection() {
    expect_end(|answer| answer.data_sn = 1, "11.7.5").await;
    expect_end(|answer| answer.ttt.0 += 1, "11.7.4").await;
    expect_end(|answer| answer.lun = Lun([0, 1, 0, 0, 0, 0, 0, 0]), "11.7.4").await;
    expect_end(|answer| answer.buffer_offset += 4, "11.7.6").await;
    expect_end(|answer| answer.is_final = false, "11.7.1").await;
    expect_end(|answer| answer.itt.0 += 9, "7.13").await;
}

#[tokio::test]
async fn immediate_data_where_none_is_allowed_ends_the_connection() {
    let (running, mut session, mut write) = begin(all_solicited()).await;
    write.data = Bytes::from_static(&[0; 512]);
    session.send(&InitiatorPdu::ScsiCommand(write)).await;
    assert!(session.receive().await.is_none());
    assert!(running.report().violations[0].contains("13.11"));
}
