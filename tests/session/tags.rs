//! Task tags and transfer tags.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::{Error, Fault, Lun, Session, scsi};
use iscsi_pdu::{
    DataOut, InitiatorPdu, InitiatorTaskTag, R2t, ScsiCommand, ScsiStatus, TargetPdu, TargetTransferTag,
};
use iscsi_tests::scripted_target::{Moment, Reply, Script, ScriptedTarget, data_in, r2t, response};

use crate::stage::{log_in, open_config, scripted, soliciting_config};

type Answer = fn(&ScsiCommand, &Moment) -> TargetPdu;

const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
const BLOCK: usize = 512;

/// A scripted target that takes no data before it has asked for them.
async fn soliciting(misbehave: impl FnOnce(Script) -> Script) -> (ScriptedTarget, Session) {
    let scripted = ScriptedTarget::serve(misbehave(Script::new().log_in(soliciting_config()))).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    (scripted, session)
}

fn write() -> scsi::RawCommand {
    scsi::write_blocks(0, 1, Bytes::from(vec![7; BLOCK]))
}

fn data_outs(scripted: &ScriptedTarget) -> Vec<DataOut> {
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    pdus.filter_map(|pdu| if let InitiatorPdu::DataOut(data) = pdu { Some(data) } else { None }).collect()
}

/// TAG-01: no tag is reserved, none is used for two tasks at once.
#[tokio::test]
async fn tag_01_tags_of_tasks_under_way() {
    let (scripted, session) =
        scripted(|script| script.answer_command(READ_10, |_, _| Reply::default())).await;
    let mut pending = Vec::new();
    for lba in 0..30 {
        pending.push(session.submit(Lun::ZERO, scsi::read_blocks(lba, 1, 512)).await.unwrap());
    }
    let mut tags = Vec::new();
    while tags.len() < 30 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let commands = scripted.received().into_iter().filter_map(|received| received.pdu());
        tags = commands
            .filter_map(|pdu| if let InitiatorPdu::ScsiCommand(pdu) = pdu { Some(pdu.itt) } else { None })
            .collect();
    }
    assert!(tags.iter().all(|tag| tag.is_valid()));
    assert_eq!(tags.iter().collect::<HashSet<_>>().len(), tags.len());
}

/// TAG-04, TAG-07: Data-Out carries what the R2T carried, be the tag 0, and be it the same for two tasks.
#[tokio::test]
async fn tag_04_tag_07_data_out_echoes_the_r2t() {
    for ttt in [0, 0x8000_0000, 0xffff_fffe] {
        let lun = Lun([0, 5, 0, 0, 0, 0, 0, 0]);
        let ask = move |command: &ScsiCommand, moment: &Moment| {
            let r2t = R2t { ttt: TargetTransferTag(ttt), ..r2t(command, moment, 0, 512) };
            Reply::of(&[TargetPdu::R2t(r2t)], moment.digests)
        };
        let (scripted, session) = soliciting(|script| {
            script.answer_command(WRITE_10, ask).answer_command(WRITE_10, ask).take().take()
        })
        .await;
        let _first = session.submit(lun, write()).await.unwrap();
        let _second = session.submit(Lun::ZERO, write()).await.unwrap();
        while data_outs(&scripted).len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let echoed: Vec<_> = data_outs(&scripted).iter().map(|data| (data.ttt.0, data.lun)).collect();
        assert_eq!(echoed, [(ttt, lun), (ttt, Lun::ZERO)]);
    }
}

/// TAG-04: unsolicited data have the reserved tag.
#[tokio::test]
async fn tag_04_unsolicited_data_out() {
    let mut config = open_config();
    config.offer.parameters.immediate_data = false;
    config.offer.parameters.initial_r2t = false;
    let scripted = ScriptedTarget::serve(Script::new().log_in(config).serve()).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    session.execute(Lun::ZERO, write()).await.unwrap();
    session.logout().await.unwrap();
    let data = data_outs(&scripted);
    assert!(data.iter().all(|data| (data.ttt, data.lun) == (TargetTransferTag::RESERVED, Lun::ZERO)));
    assert_eq!(data.iter().map(|data| data.data.len()).sum::<usize>(), BLOCK);
}

/// The error of a write that is answered by this R2T, once the connection is closed; no data have left.
async fn write_answered(change: fn(R2t) -> R2t) -> Error {
    let ask = move |command: &ScsiCommand, moment: &Moment| {
        Reply::of(&[TargetPdu::R2t(change(r2t(command, moment, 0, 512)))], moment.digests)
    };
    let (scripted, session) = soliciting(|script| script.answer_command(WRITE_10, ask)).await;
    let error = session.execute(Lun::ZERO, write()).await.unwrap_err();
    scripted.all_closed().await;
    assert_eq!(data_outs(&scripted), []);
    error
}

/// TAG-03: an R2T has its command's LUN. TAG-06: it has a tag.
#[tokio::test]
async fn tag_03_tag_06_r2ts_that_contradict() {
    let other_lun = |r2t| R2t { lun: Lun([0, 1, 0, 0, 0, 0, 0, 0]), ..r2t };
    let no_tag = |r2t| R2t { ttt: TargetTransferTag::RESERVED, ..r2t };
    for change in [other_lun as fn(R2t) -> R2t, no_tag] {
        let error = write_answered(change).await;
        assert_eq!(error.fault(), Fault::Protocol, "{error}");
    }
}

/// TAG-05: answers without a request.
#[tokio::test]
async fn tag_05_answers_to_unknown_tasks() {
    let unknown = |command: &ScsiCommand| ScsiCommand {
        itt: InitiatorTaskTag(command.itt.0 ^ 0x0bad_0000),
        ..command.clone()
    };
    let answers: [Answer; 3] = [
        |command, moment| TargetPdu::ScsiResponse(response(command, moment, ScsiStatus::GOOD, Bytes::new())),
        |command, moment| TargetPdu::DataIn(data_in(command, moment, 0, BLOCK)),
        |command, moment| TargetPdu::R2t(r2t(command, moment, 0, 512)),
    ];
    for answer in answers {
        let reply = move |command: &ScsiCommand, moment: &Moment| {
            Reply::of(&[answer(&unknown(command), moment)], moment.digests)
        };
        let (scripted, session) = scripted(|script| script.answer_command(READ_10, reply)).await;
        let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Protocol, "{error}");
        scripted.all_closed().await;
    }
}
