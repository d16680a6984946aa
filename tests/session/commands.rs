//! SCSI commands on the wire, and the answers of targets.

use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::{Error, Fault, Lun, scsi};
use iscsi_pdu::{InitiatorPdu, InitiatorTaskTag, Opcode, ScsiCommand, ScsiStatus, TargetPdu, TaskAttribute};
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::{
    Moment, Reply, Script, ScriptedTarget, bytes, check_condition, data_in, r2t, response,
};

use crate::stage::{log_in, open_config, scripted};

const READ_10: u8 = 0x28;
const MODE_SELECT_10: u8 = 0x55;

fn commands(scripted: &ScriptedTarget) -> Vec<ScsiCommand> {
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    pdus.filter_map(|pdu| if let InitiatorPdu::ScsiCommand(pdu) = pdu { Some(pdu) } else { None }).collect()
}

/// The PDUs of a read, a write, a command without data, and a read of 0 bytes.
#[tokio::test]
async fn cmd_01_cmd_03_cmd_04_cmd_16_commands_on_the_wire() {
    let (scripted, session) = scripted(Script::serve).await;
    session.execute(Lun::ZERO, scsi::read_blocks(0, 2, 512)).await.unwrap();
    session.execute(Lun::ZERO, scsi::write_blocks(0, 1, vec![7; 512])).await.unwrap();
    session.execute(Lun::ZERO, scsi::TestUnitReady.into()).await.unwrap();
    session.execute(Lun::ZERO, scsi::read_blocks(0, 0, 512)).await.unwrap();
    session.logout().await.unwrap();
    let commands = commands(&scripted);
    let shape = |command: &ScsiCommand| {
        (command.read, command.write, command.is_final, command.expected_data_transfer_length)
    };
    let shapes: Vec<_> = commands.iter().map(shape).collect();
    assert_eq!(
        shapes,
        [
            (true, false, true, 1024),
            (false, true, true, 512),
            (false, false, true, 0),
            (true, false, true, 0)
        ]
    );
    assert!(commands.iter().all(|command| command.attribute == TaskAttribute::SIMPLE && !command.immediate));
}

/// A command that waits for the window was never sent: a response, data or an R2T for it break the protocol, and neither it
/// nor any data leave.
#[tokio::test]
async fn tag_05_num_05_answers_to_a_command_that_waits_for_the_window() {
    type Answer = fn(&ScsiCommand, &Moment) -> TargetPdu;
    let answers: [Answer; 3] = [
        |command, moment| TargetPdu::ScsiResponse(response(command, moment, ScsiStatus::GOOD, Bytes::new())),
        |command, moment| TargetPdu::DataIn(data_in(command, moment, 0, 512)),
        |command, moment| TargetPdu::R2t(r2t(command, moment, 0, 512)),
    ];
    for answer in answers {
        // The strict target lets 64 commands through; the tags of a session count up.
        let ahead = move |command: &ScsiCommand, moment: &Moment| {
            let itt = InitiatorTaskTag(command.itt.0 + 64);
            Reply::of(&[answer(&ScsiCommand { itt, ..command.clone() }, moment)], moment.digests)
        };
        let (scripted, session) = scripted(|script| {
            let script = script.answer_command(READ_10, |_, _| Reply::default());
            let script = (1..64).fold(script, |script, _| script.take());
            script.pause(Duration::from_millis(100)).answer_again(ahead)
        })
        .await;
        let mut pending = Vec::new();
        for _ in 0..64 {
            pending.push(session.submit(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap());
        }
        let write = scsi::write_blocks(0, 1, vec![7; 512]);
        pending.push(session.submit(Lun::ZERO, write).await.unwrap());
        for command in pending {
            assert_eq!(command.completion().await.unwrap_err().fault(), Fault::Protocol);
        }
        scripted.all_closed().await;
        let received = scripted.received();
        assert_eq!(commands(&scripted).len(), 64);
        assert_eq!(received.last().unwrap().opcode(), Opcode::SCSI_COMMAND);
    }
}

/// `SenseLength` beyond the segment is a format error; within it, what follows is no sense data.
#[tokio::test]
async fn cmd_07_sense_data_stay_inside_the_segment() {
    for (length, fits) in [(18_u16, true), (10, true), (19, false), (u16::MAX, false)] {
        let answer = move |command: &ScsiCommand, moment: &Moment| {
            let sense = Sense::LBA_OUT_OF_RANGE.to_fixed();
            let whole = response(command, moment, ScsiStatus::CHECK_CONDITION, sense);
            let mut bytes = bytes(&TargetPdu::ScsiResponse(whole), moment.digests);
            bytes[48..50].copy_from_slice(&length.to_be_bytes());
            Reply { bytes, statuses: 1 }
        };
        let (_scripted, session) = scripted(|script| script.answer_command(READ_10, answer).serve()).await;
        let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap_err();
        assert_eq!(error.fault(), if fits { Fault::Command } else { Fault::Protocol }, "{length}: {error}");
        if let Error::Command { sense: Some(sense), .. } = error {
            // The code stands in the bytes that a length of 10 leaves out.
            assert_eq!(sense.asc, if length == 18 { 0x21 } else { 0 });
        }
    }
}

/// Errors that iSCSI itself reports by sense data: the command fails with the name of the error, and the session continues.
#[tokio::test]
async fn cmd_11_cmd_13_sense_data_made_by_iscsi() {
    let cases = [
        (Sense::UNEXPECTED_UNSOLICITED_DATA, "UNEXPECTED UNSOLICITED DATA"),
        (Sense::INCORRECT_AMOUNT_OF_DATA, "NOT ENOUGH UNSOLICITED DATA"),
        (Sense::new(0x0b, 0x47, 0x05), "PROTOCOL SERVICE CRC ERROR"),
        (Sense::new(0x0b, 0x11, 0x13), "FAILED RETRANSMISSION REQUEST"),
        (Sense::new(0x06, 0x47, 0x7f), "SOME COMMANDS CLEARED BY ISCSI PROTOCOL EVENT"),
    ];
    let script = cases.iter().fold(Script::new().log_in(open_config()), |script, (sense, _)| {
        let sense = *sense;
        script.answer_command(READ_10, move |command, moment| check_condition(command, moment, sense))
    });
    let scripted = ScriptedTarget::serve(script.serve()).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    for (sense, name) in cases {
        let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512).once()).await.unwrap_err();
        let Error::Command { sense: Some(found), .. } = &error else { panic!("{error}") };
        assert_eq!((found.key.0, found.asc, found.ascq), (sense.key, sense.asc, sense.ascq));
        assert!(error.to_string().contains(name), "{error}");
    }
    session.logout().await.unwrap();
    let numbers: Vec<_> = commands(&scripted).iter().map(|command| command.cmd_sn.0).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "one command each, and none of them again: {numbers:?}");
}

/// MODE SELECT sends data like a WRITE: unsolicited within the first burst, in segments of the declared length.
#[tokio::test]
async fn dat_21_parameter_data_follow_the_rules_of_data() {
    for (immediate_data, initial_r2t) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut config = open_config();
        let parameters = &mut config.offer.parameters;
        (parameters.immediate_data, parameters.initial_r2t) = (immediate_data, initial_r2t);
        (parameters.max_recv_data_segment_length, parameters.first_burst_length) = (512, 1024);
        // The strict target takes the data by its own rules, and then does not know the command.
        let scripted = ScriptedTarget::serve(Script::new().log_in(config).serve()).await.unwrap();
        let session = log_in(scripted.portal()).await.unwrap();
        let data = scsi::Transfer::Write(vec![0; 3000].into());
        let select =
            scsi::RawCommand::new("MODE SELECT (10)", MODE_SELECT_10, data).with(7, &3000_u16.to_be_bytes());
        let error = session.execute(Lun::ZERO, select).await.unwrap_err();
        assert!(matches!(error, Error::Command { .. }), "{error}");
        session.logout().await.unwrap();
        assert_eq!(scripted.faults(), Vec::<String>::new());
        let command = &commands(&scripted)[0];
        assert_eq!(command.data.len(), if immediate_data { 512 } else { 0 });
        let unsolicited = scripted.received().into_iter().filter_map(|pdu| match pdu.pdu() {
            Some(InitiatorPdu::DataOut(data)) if !data.ttt.is_valid() => Some(data.data.len()),
            _ => None,
        });
        let expected = if initial_r2t { 0 } else { 1024 - command.data.len() };
        assert_eq!(unsolicited.sum::<usize>(), expected);
    }
}
