//! Targets that answer one request without end, or requests that were never sent: the call ends with its error in time, and
//! the session keeps little of the answers.

use std::sync::atomic::{AtomicU32, Ordering};

use iscsi_initiator::{Abort, AbortCause, Error, Extent, Fault, Lun, ProtocolError, scsi};
use iscsi_pdu::{DataIn, R2t, ScsiCommand, TargetPdu, TargetTransferTag, TextRequest, TextResponse};
use iscsi_tests::scripted_target::{Moment, Reply, Script, data_in, r2t, text_response};
use tokio::time::timeout;

use crate::floods::{
    MOST_HELD, PATIENCE, Wave, most_held, numbered, repeated, unknown_command, unknown_response, wave,
};
use crate::stage::{LIMIT, config, hurried_config, session_with, soliciting_config};
use crate::unasked::only;

const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;

fn r2ts() -> Wave {
    Box::new(|command, moment| repeated(&TargetPdu::R2t(r2t(command.unwrap(), moment, 0, 512)), moment))
}

fn data_ins() -> Wave {
    Box::new(|command, moment| {
        let data = data_in(command.unwrap(), moment, 0, 512);
        repeated(&TargetPdu::DataIn(DataIn { has_status: false, ..data }), moment)
    })
}

/// Data-In PDUs with rising numbers and without data.
fn empty_data_ins() -> Wave {
    let next = AtomicU32::new(0);
    Box::new(move |command, moment| {
        let empty = data_in(command.unwrap(), moment, 0, 0);
        wave(moment, |_| {
            let data_sn = next.fetch_add(1, Ordering::Relaxed);
            TargetPdu::DataIn(DataIn { data_sn, has_status: false, ..empty.clone() })
        })
    })
}

/// PDUs that bring a command no further do not keep it from its limit, and are dropped after its end.
#[test]
fn tmf_09_tmf_13_num_13_floods_about_one_command() {
    let read = || scsi::read_blocks(0, 4, 512);
    let write = || scsi::write_blocks(0, 4, vec![7; 2048]);
    let floods = [
        ("one R2T", WRITE_10, write(), r2ts()),
        ("one Data-In", READ_10, read(), data_ins()),
        ("Data-In without data", READ_10, read(), empty_data_ins()),
    ];
    for (flood, operation, command, wave) in floods {
        let name = command.name;
        let script = Script::new().answer_command(operation, |_, _| Reply::default()).flood(wave);
        let held = most_held(script, hurried_config(), async |session| {
            let error = session.execute(Lun::ZERO, command).await.unwrap_err();
            let abort = Abort { cause: AbortCause::Timeout, extent: Extent::Unknown };
            assert_eq!(error, Error::Aborted { command: name, abort }, "{flood}");
            for _ in 0..20 {
                session.test_unit_ready(Lun::ZERO).await.unwrap();
            }
            session.logout().await.unwrap();
        });
        assert!(held <= MOST_HELD, "{flood}: {held} bytes");
    }
}

/// Data that are requested again and again are sent each time, and the write ends at its limit all the same.
#[tokio::test]
async fn dat_11_tmf_10_the_same_data_without_end() {
    // One R2T may be on its way while the data of another are taken.
    let (mut portal, mut config) = (soliciting_config(), hurried_config());
    (portal.offer.parameters.max_outstanding_r2t, config.offer.parameters.max_outstanding_r2t) = (2, 2);
    let ask = |r2t_sn| {
        move |command: &ScsiCommand, moment: &Moment| {
            only(TargetPdu::R2t(R2t { r2t_sn, ..r2t(command, moment, 0, 512) }), moment)
        }
    };
    let script = Script::new().answer_command(WRITE_10, ask(0)).take();
    // More often than there is time for. The ping is taken like data, and has no answer.
    let script = (1..50_000).fold(script, |script, r2t_sn| script.answer_again(ask(r2t_sn)).take());
    let (scripted, session) = session_with(portal, script, config).await;
    let write = session.execute(Lun::ZERO, scsi::write_blocks(0, 1, vec![7; 512]));
    let error = timeout(PATIENCE, write).await.unwrap().unwrap_err();
    assert_eq!(error, Error::Timeout { operation: "WRITE (10)", limit: LIMIT });
    scripted.all_closed().await;
    assert!(scripted.received().len() > 100, "the data were sent {} times", scripted.received().len());
}

/// The first of many PDUs for tasks that do not exist ends the session.
#[tokio::test]
async fn tag_05_floods_for_unknown_tasks() {
    type Unknown = fn(&Moment) -> TargetPdu;
    let pdus: [(&str, Unknown); 4] = [
        ("SCSI Response", unknown_response),
        ("Data-In", |moment| TargetPdu::DataIn(data_in(&unknown_command(), moment, 0, 512))),
        ("long Data-In", |moment| TargetPdu::DataIn(data_in(&unknown_command(), moment, 0, 1 << 14))),
        ("R2T", |moment| TargetPdu::R2t(r2t(&unknown_command(), moment, 0, 512))),
    ];
    for (name, pdu) in pdus {
        let script = Script::new().flood_unread(move |_, moment| numbered(moment, pdu));
        let (scripted, session) = session_with(soliciting_config(), script, hurried_config()).await;
        let end = timeout(PATIENCE, session.ended()).await.unwrap();
        assert_eq!(end.fault(), Fault::Protocol, "{name}: {end}");
        timeout(PATIENCE, scripted.all_closed()).await.unwrap();
    }
}

/// A part of a text, which promises more.
fn part(request: &TextRequest, moment: &Moment, text: &'static [u8]) -> TargetPdu {
    let whole = text_response(request, moment, text);
    TargetPdu::TextResponse(TextResponse { is_final: false, ttt: TargetTransferTag(1), ..whole })
}

/// More parts than any text may have.
fn parts(text: &'static [u8]) -> Script {
    let answer = |script: Script, _| {
        script.answer_text(move |request, moment| only(part(request, moment, text), moment))
    };
    (0..5000).fold(Script::new(), answer)
}

/// A text without end is given up when it is too long or has too many parts, and when parts come that were not requested.
#[test]
fn txt_17_tag_05_texts_without_end() {
    let unasked =
        Script::new().answer_text(|request, moment| numbered(moment, |moment| part(request, moment, b"x")));
    let texts =
        [("long", parts(&[b'x'; 8192]), true), ("in parts", parts(b""), true), ("unasked", unasked, false)];
    for (text, script, is_too_much) in texts {
        let held = most_held(script, config(), async |session| {
            let error = session.send_targets("").await.unwrap_err();
            let Error::Protocol(error) = error else { panic!("{text}: {error}") };
            assert_eq!(matches!(error, ProtocolError::Text(_)), is_too_much, "{text}: {error}");
        });
        // A text may have 2 MiB, which are copied when they become more.
        assert!(held <= MOST_HELD + (4 << 20), "{text}: {held} bytes");
    }
}
