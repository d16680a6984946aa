//! Commands that move data in both directions, PDU by PDU. Without sockets.

use bytes::Bytes;
use iscsi_pdu::{
    AdditionalHeader, AdditionalHeaders, AhsType, InitiatorPdu, ScsiCommand, ScsiResponse, ScsiStatus,
    SerialNumber, TargetPdu,
};

use super::by_hand::disk_name;
use super::host::{Host, ZERO, cdb, config};
use super::tasks::{is_closed, send};
use crate::ram_disk::Engine;

const XD_WRITE_READ_10: u8 = 0x53;
const BLOCK: u32 = 512;

/// An engine that takes no unsolicited data, in bursts of one block, and a host.
fn stage() -> (Engine, Host) {
    let mut config = config();
    let parameters = &mut config.offer.parameters;
    (parameters.initial_r2t, parameters.immediate_data) = (true, false);
    (parameters.first_burst_length, parameters.max_burst_length) = (BLOCK, BLOCK);
    let mut engine = Engine::new(config).unwrap();
    let host = Host::log_in(&mut engine, ZERO, 0);
    (engine, host)
}

/// A command with this block that writes and reads so many bytes.
fn bidirectional(host: &mut Host, bytes: &[u8], write: u32, read: u32) -> ScsiCommand {
    let body: Bytes = [&[0], &read.to_be_bytes()[..]].concat().into();
    let ahs_type = AhsType::BIDIRECTIONAL_READ_LENGTH;
    let additional_headers = AdditionalHeaders::from_headers(&[AdditionalHeader { ahs_type, body }]).unwrap();
    ScsiCommand { read: true, additional_headers, ..host.command(cdb(bytes), 0, write) }
}

/// XDWRITEREAD (10) of the first blocks.
fn exchange(host: &mut Host, blocks: u8) -> ScsiCommand {
    let length = u32::from(blocks) * BLOCK;
    bidirectional(host, &[XD_WRITE_READ_10, 0, 0, 0, 0, 0, 0, 0, blocks], length, length)
}

fn response(engine: &mut Engine, host: &mut Host) -> ScsiResponse {
    match host.receive(engine) {
        Some(TargetPdu::ScsiResponse(response)) => response,
        other => panic!("{other:?}"),
    }
}

/// 4.2.2.4: Data-In PDUs count on from the R2Ts of the command. 11.7.3: the status comes by itself. 11.4.8: it counts no R2Ts.
#[test]
fn num_13_data_ins_are_numbered_behind_the_r2ts() {
    let (mut engine, mut host) = stage();
    engine.write_for_another(&disk_name(), 0, 0, &[0x0f; 1024]);
    let command = exchange(&mut host, 2);
    send(&mut engine, &host, &command);
    for number in 0..2 {
        let r2t = host.r2t(&mut engine);
        assert_eq!((r2t.r2t_sn, r2t.buffer_offset), (number, number * BLOCK));
        let data = host.data_out(&r2t, 0x3c);
        host.send(&mut engine, ZERO, &data);
    }
    for number in 2..4 {
        let Some(TargetPdu::DataIn(data)) = host.receive(&mut engine) else { panic!("no Data-In {number}") };
        assert_eq!((data.data_sn, data.buffer_offset), (number, (number - 2) * BLOCK));
        assert!(data.is_final && !data.has_status && data.data == vec![0x33; 512]);
    }
    let response = response(&mut engine, &mut host);
    assert_eq!((response.status, response.exp_data_sn), (ScsiStatus::GOOD, SerialNumber(2)));
    assert!(!response.overflow && !response.underflow && !response.read_overflow && !response.read_underflow);
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 1024), Some(vec![0x3c; 1024]));
}

/// 11.3.4: a bidirectional command has an additional header with the length of its read.
#[test]
fn pdu_15_the_length_of_the_read_is_required() {
    let (mut engine, mut host) = stage();
    let command = exchange(&mut host, 1);
    let command = ScsiCommand { additional_headers: AdditionalHeaders::NONE, ..command };
    send(&mut engine, &host, &command);
    assert!(is_closed(&mut engine, &host));
    assert!(engine.report().violations[0].contains("11.3.4"), "{:?}", engine.report().violations);
}

/// A command that fails says of both directions that nothing has moved, and asks for no data.
#[test]
fn res_01_a_refused_command_has_moved_nothing_in_both_directions() {
    let (mut engine, mut host) = stage();
    for (bytes, asc) in [
        (&[XD_WRITE_READ_10, 0, 0xff, 0, 0, 0, 0, 0, 1][..], 0x21),
        (&[XD_WRITE_READ_10, 0x04, 0, 0, 0, 0, 0, 0, 1], 0x24),
        (&[XD_WRITE_READ_10, 0x01, 0, 0, 0, 0, 0, 0, 1], 0x24),
        (&[0x2a, 0, 0, 0, 0, 0, 0, 0, 1], 0x24),
        (&[0x28, 0, 0, 0, 0, 0, 0, 0, 1], 0x24),
    ] {
        let command = bidirectional(&mut host, bytes, 512, 300);
        send(&mut engine, &host, &command);
        let response = response(&mut engine, &mut host);
        assert_eq!((response.status, response.sense[12]), (ScsiStatus::CHECK_CONDITION, asc), "{bytes:x?}");
        assert_eq!((response.underflow, response.residual_count), (true, 512), "{bytes:x?}");
        let read = (response.read_underflow, response.bidirectional_read_residual_count);
        assert_eq!(read, (true, 300), "{bytes:x?}");
    }
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 512), Some(vec![0; 512]));
}

/// The command does nothing if only one of the flags is set.
#[test]
fn an_exchange_in_one_direction_is_refused() {
    let (mut engine, mut host) = stage();
    let block = cdb(&[XD_WRITE_READ_10, 0, 0, 0, 0, 0, 0, 0, 1]);
    let write_only = host.command(block, 0, 512);
    assert_eq!(host.run(&mut engine, ZERO, write_only).sense, Some((5, 0x24, 0)));
    let read_only = host.command(block, 512, 0);
    assert_eq!(host.run(&mut engine, ZERO, read_only).sense, Some((0x0b, 0x0c, 0x0d)));
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 512), Some(vec![0; 512]));
}

/// It is a write: another initiator's reservation for writes keeps it out.
#[test]
fn a_reservation_keeps_an_exchange_out() {
    let (mut engine, mut host) = stage();
    engine.reserve_for_another(&disk_name(), 0, &"iqn.2001-04.com.example:other".parse().unwrap());
    let command = exchange(&mut host, 1);
    host.send(&mut engine, ZERO, &InitiatorPdu::ScsiCommand(command));
    assert_eq!(response(&mut engine, &mut host).status, ScsiStatus::RESERVATION_CONFLICT);
}
