//! Bytes in pieces, faults and digests at the engine, without sockets.

use bytes::BytesMut;
use iscsi_pdu::{Digests, EncodedPdu, InitiatorPdu, RawPdu};

use super::host::{Host, ZERO, cdb, config};
use crate::ram_disk::{Engine, Transmit};

fn bytes(pdu: &InitiatorPdu) -> BytesMut {
    let mut bytes = BytesMut::new();
    EncodedPdu::new(pdu.encode(), Digests::default()).unwrap().append_to(&mut bytes);
    bytes
}

/// A write and a read of the same block, as one stream.
fn requests(host: &mut Host) -> BytesMut {
    let (write, read) = (host.write(3, 9), host.read(3));
    let mut stream = bytes(&InitiatorPdu::ScsiCommand(write));
    stream.extend_from_slice(&bytes(&InitiatorPdu::ScsiCommand(read)));
    stream
}

#[test]
fn the_size_of_the_pieces_does_not_matter() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let stream = requests(&mut host);
    for size in [1, 7, 47, 48, 49, stream.len()] {
        let (mut engine, mut host) = (engine.clone(), host.clone());
        for piece in stream.chunks(size) {
            engine.receive(host.id, piece, ZERO);
        }
        assert!(host.end(&mut engine).unwrap().is_good(), "pieces of {size}");
        assert_eq!(host.end(&mut engine).unwrap().data, [9; 512], "pieces of {size}");
        assert_eq!(engine.executions().len(), 2);
    }
}

/// The caller's buffer keeps what is incomplete, and is told how much is missing.
#[test]
fn a_buffer_of_the_caller_keeps_the_rest() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let whole = requests(&mut host);
    let mut stream = BytesMut::from(&whole[..48 + 512 + 40]);
    assert_eq!(engine.receive_from(host.id, &mut stream, ZERO), 8);
    assert_eq!(stream.len(), 40);
    stream.extend_from_slice(&whole[48 + 512 + 40..]);
    assert_eq!(engine.receive_from(host.id, &mut stream, ZERO), 48);
    assert_eq!((engine.executions().len(), stream.len()), (2, 0));
}

/// Answers to earlier requests are sent before the connection closes; what comes later is not executed.
#[test]
fn a_violation_ends_the_connection_after_the_answers() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let (write, mut wrong) = (host.write(0, 1), host.read(0));
    wrong.cmd_sn = wrong.cmd_sn.next();
    let late = host.read(0);
    let mut stream = BytesMut::new();
    for command in [write, wrong, late] {
        stream.extend_from_slice(&bytes(&InitiatorPdu::ScsiCommand(command)));
    }
    engine.receive(host.id, &stream, ZERO);
    assert!(host.end(&mut engine).unwrap().is_good());
    assert!(matches!(engine.transmit(host.id), Transmit::Close));
    assert_eq!((engine.executions().len(), engine.report().violations.len()), (1, 1));
    let mut more = BytesMut::from(&stream[..]);
    assert_eq!((engine.receive_from(host.id, &mut more, ZERO), more.len()), (0, 0));
    assert_eq!(engine.report().violations.len(), 1);
}

/// The pages of a read are those of its execution, and a long one is made PDU by PDU.
#[test]
fn a_long_read_shows_the_medium_at_its_execution() {
    let mut engine = Engine::new(config()).unwrap();
    let (mut reader, mut writer) = (Host::log_in(&mut engine, ZERO, 1), Host::log_in(&mut engine, ZERO, 2));
    let blocks = 2048_u32;
    let read = reader.command(cdb(&[0x28, 0, 0, 0, 0, 0, 0, 8, 0]), blocks * 512, 0);
    reader.send(&mut engine, ZERO, &InitiatorPdu::ScsiCommand(read));
    let write = writer.write(200, 5);
    assert!(writer.run(&mut engine, ZERO, write).is_good());
    let mut sizes = Vec::new();
    let mut copy = engine.clone();
    while let Transmit::Pdu(pdu) = copy.transmit(reader.id) {
        sizes.push(pdu.length());
    }
    assert!(sizes.len() > 2 && sizes.iter().all(|size| *size <= 48 + (256 << 10)), "{sizes:?}");
    let ended = reader.end(&mut engine).unwrap();
    assert!(ended.is_good() && ended.data == vec![0; 2048 * 512]);
}

#[test]
fn an_unknown_opcode_and_a_second_login_are_answered_or_end_the_connection() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let mut vendor = [0; 48];
    vendor[0] = 0x1c;
    engine.receive(host.id, &vendor, ZERO);
    assert!(matches!(host.receive(&mut engine), Some(iscsi_pdu::TargetPdu::Reject(_))));
    let login = RawPdu::header(iscsi_pdu::Bhs::new(iscsi_pdu::Opcode::LOGIN_REQUEST));
    engine.receive_pdu(host.id, login, ZERO);
    assert!(matches!(engine.transmit(host.id), Transmit::Close));
}
