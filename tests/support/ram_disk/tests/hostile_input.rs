//! Hostile input: none makes the target panic or disturbs other sessions.

use std::time::Duration;

use iscsi_pdu::{BHS_LENGTH, Bhs, RawPdu, SerialNumber};
use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::time::sleep;

use super::by_hand::{cdb, log_in_plainly, offer, plain_config};
use crate::ram_disk::{RamDisk, Running};

const OPCODES: [u8; 10] = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x1c, 0x3f];
/// Operation codes, most of them known to the target.
const OPERATIONS: [u8; 21] = [
    0x03, 0x08, 0x0a, 0x12, 0x16, 0x17, 0x1a, 0x28, 0x2a, 0x5a, 0x5e, 0x5f, 0x83, 0x84, 0x8a, 0x91, 0x9e,
    0xa0, 0xa3, 0xa4, 0xff,
];

/// A header of random fields, except those that would end the connection at once.
fn random_header(opcode: u8, cmd_sn: SerialNumber) -> [u8; BHS_LENGTH] {
    let mut bytes = [0; BHS_LENGTH];
    SysRng.try_fill_bytes(&mut bytes).unwrap();
    bytes[0] = opcode | bytes[0] & 0x40;
    bytes[4] = 0;
    bytes[8..16].fill(0);
    bytes[24..28].copy_from_slice(&cmd_sn.0.to_be_bytes());
    bytes
}

/// A SCSI Command in order, with a random CDB that is mostly near the start of the medium.
fn random_command(cmd_sn: SerialNumber) -> [u8; BHS_LENGTH] {
    let mut bytes = random_header(0x01, cmd_sn);
    bytes[0] = 0x01;
    bytes[1] = 0x80 | bytes[1] & 0x60;
    bytes[20] = 0;
    bytes[32] = OPERATIONS[usize::from(bytes[32]) % OPERATIONS.len()];
    bytes[33] &= 0x1f;
    bytes[34..37].fill(0);
    bytes[39] &= 0x03;
    bytes
}

#[tokio::test]
async fn random_commands_do_no_harm() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    for _ in 0..200 {
        let mut session = log_in_plainly(running.portal(), offer(false)).await;
        for _ in 0..20 {
            let header = random_command(session.cmd_sn);
            session.cmd_sn = session.cmd_sn.next();
            if session.wire.send(RawPdu::header(Bhs::from_bytes(header))).await.is_err() {
                break;
            }
        }
    }
    expect_unharmed(&running).await;
}

#[tokio::test]
async fn random_pdus_of_every_opcode_do_no_harm() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    for round in 0..400 {
        let mut session = log_in_plainly(running.portal(), offer(round % 2 == 0)).await;
        for at in 0..OPCODES.len() {
            let header = random_header(OPCODES[(round + at) % OPCODES.len()], session.cmd_sn);
            let pdu = RawPdu { data: vec![0x41; at].into(), ..RawPdu::header(Bhs::from_bytes(header)) };
            if session.wire.send(pdu).await.is_err() {
                break;
            }
        }
    }
    expect_unharmed(&running).await;
}

async fn expect_unharmed(running: &Running) {
    expect_no_connections(running).await;
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    assert_eq!(session.read(cdb(&[0x25]), 8).await.data.len(), 8);
    assert_eq!(running.report().panics, 0);
}

/// Waits for the end of all connections: what was sent last may be a reset that ends all sessions.
async fn expect_no_connections(running: &Running) {
    let are_closed = || running.report().connections == running.report().connections_closed;
    for _ in 0..10_000 {
        if are_closed() {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("{:?}", running.report());
}
