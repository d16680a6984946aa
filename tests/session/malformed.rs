//! Answers that violate the protocol. Each ends the session; nothing is sent after it.

use bytes::Bytes;
use iscsi_initiator::{Error, Fault, Lun, scsi};
use iscsi_pdu::{Opcode, ScsiCommand, ScsiResponse, ScsiResponseCode, ScsiStatus, TargetPdu};
use iscsi_tests::scripted_target::{Moment, Reply, ScriptedTarget, bytes, response};

use crate::stage::scripted;

const READ_10: u8 = 0x28;

fn good(command: &ScsiCommand, moment: &Moment) -> ScsiResponse {
    response(command, moment, ScsiStatus::GOOD, Bytes::new())
}

/// The error of a read that is answered so, once the connection is closed.
async fn read_answered(
    answer: impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync + 'static,
) -> (ScriptedTarget, Error) {
    let (scripted, session) = scripted(|script| script.answer_command(READ_10, answer).serve()).await;
    let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap_err();
    scripted.all_closed().await;
    assert_eq!(scripted.received().last().unwrap().opcode(), Opcode::SCSI_COMMAND, "sent after the error");
    (scripted, error)
}

/// PDU-04: a code that is reserved is no answer; a vendor's is the target's failure.
#[tokio::test]
async fn pdu_04_reserved_response_codes() {
    let with_code = |code| {
        move |command: &ScsiCommand, moment: &Moment| {
            let answer = ScsiResponse { response: ScsiResponseCode(code), ..good(command, moment) };
            Reply::of(&[TargetPdu::ScsiResponse(answer)], moment.digests)
        }
    };
    for code in [0x02, 0x7f] {
        let (_scripted, error) = read_answered(with_code(code)).await;
        assert_eq!(error.fault(), Fault::Protocol, "{code:#x}: {error}");
    }
    let (_scripted, session) =
        scripted(|script| script.answer_command(READ_10, with_code(0x80)).serve()).await;
    let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Command, "{error}");
    session.test_unit_ready(Lun::ZERO).await.unwrap();
}

/// The answer GOOD with one byte of its header changed.
fn with_byte(at: usize, byte: u8) -> impl Fn(&ScsiCommand, &Moment) -> Reply + Send + Sync {
    move |command, moment| {
        let mut bytes = bytes(&TargetPdu::ScsiResponse(good(command, moment)), moment.digests);
        bytes[at] = byte;
        // The data after a longer header, so that the initiator does not wait for more.
        bytes.extend([0; 8]);
        Reply { bytes, statuses: 1 }
    }
}

/// PDU-05: an opcode of initiators, and an unknown one.
#[tokio::test]
async fn pdu_05_opcodes_that_are_no_targets() {
    for opcode in [0x01, 0x2f] {
        let (_scripted, error) = read_answered(with_byte(0, opcode)).await;
        assert_eq!(error.fault(), Fault::Protocol, "{opcode:#x}: {error}");
    }
}

/// PDU-06, PDU-10: a target has no additional headers, and none are waited for.
#[tokio::test]
async fn pdu_06_pdu_10_additional_headers_of_a_target() {
    for words in [1, 0xff] {
        let (_scripted, error) = read_answered(with_byte(4, words)).await;
        assert_eq!(error.fault(), Fault::Protocol, "{words}: {error}");
    }
}

/// PDU-12: the length alone is enough; the data never come.
#[tokio::test]
async fn pdu_12_a_segment_longer_than_declared() {
    let (_scripted, error) = read_answered(with_byte(5, 0xff)).await;
    assert_eq!(error.fault(), Fault::Protocol, "{error}");
}
