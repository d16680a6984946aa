//! XDWRITEREAD (10) with the RAM disk: a command that moves data in both directions.

use std::sync::Arc;

use bytes::Bytes;
use iscsi_initiator::scsi::{Completion, RawCommand, SenseKey, Transfer};
use iscsi_initiator::{DigestPreference, Error, Initiator, Lun, Session};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::{self, RamDisk, Running};

use crate::stage::{config, log_in_by, open_config, target_name};

const BLOCK: usize = 512;
/// The blocks of the command, whatever the initiator sends and has memory for: five bursts, twenty segments.
const BLOCKS: u16 = 40;
const LENGTH: usize = BLOCKS as usize * BLOCK;
const BURST: u32 = 4096;
const SEGMENT: u32 = 1024;
/// The first block of the command.
const LBA: u32 = 3;
const OFFSET: usize = LBA as usize * BLOCK;

/// A target with short bursts, and with this way to take the first data.
fn target(immediate_data: bool, initial_r2t: bool) -> ram_disk::Config {
    let mut config = open_config();
    let parameters = &mut config.offer.parameters;
    (parameters.max_burst_length, parameters.first_burst_length) = (BURST, 2 * SEGMENT);
    (parameters.immediate_data, parameters.initial_r2t) = (immediate_data, initial_r2t);
    parameters.max_recv_data_segment_length = SEGMENT;
    config
}

/// A session with these digests, whose initiator takes short segments.
async fn log_in(running: &Running, digests: bool) -> Session {
    let mut config = config();
    let preference = if digests { DigestPreference::Crc32c } else { DigestPreference::None };
    (config.offer.header_digest, config.offer.data_digest) = (preference, preference);
    (config.offer.parameters.immediate_data, config.offer.parameters.initial_r2t) = (true, false);
    config.offer.parameters.max_recv_data_segment_length = SEGMENT;
    log_in_by(&Initiator::new(config, Arc::new(MemoryStore::new())), running.portal()).await.unwrap()
}

/// Bytes with a period that is not that of a block.
fn pattern(first: u8, length: usize) -> Vec<u8> {
    (first..=250).cycle().take(length).collect()
}

/// The command with this much data and memory.
fn write_read(write: usize, read: usize) -> RawCommand {
    let write = Bytes::from(pattern(7, write)).into();
    let transfer = Transfer::Both { write, read: u32::try_from(read).unwrap() };
    let command = RawCommand::new("XDWRITEREAD (10)", 0x53, transfer);
    command.with(2, &LBA.to_be_bytes()).with(7, &BLOCKS.to_be_bytes())
}

/// Underflow and overflow of `expected` bytes, of which `available` can move.
fn residual(available: usize, expected: usize) -> (u32, u32) {
    let missing = |one: usize, other| u32::try_from(one.saturating_sub(other)).unwrap();
    (missing(expected, available), missing(available, expected))
}

/// Carries the command out on known data, and checks the answer, its residual counts and what is on the medium then.
async fn check(running: &Running, session: &Session, write: usize, read: usize) {
    let before = pattern(0, OFFSET + LENGTH + BLOCK);
    running.with_engine(|engine| engine.write_for_another(&target_name(), 0, 0, &before));
    let completion = session.execute(Lun::ZERO, write_read(write, read)).await.unwrap();
    let taken = write.min(LENGTH);
    let new = pattern(7, taken);
    let differences: Vec<u8> = before[OFFSET..].iter().zip(&new).map(|(old, new)| old ^ new).collect();
    let Completion { data, underflow, overflow, read_underflow, read_overflow, .. } = completion;
    assert!(data == differences[..taken.min(read)], "{write} and {read} bytes: {} came", data.len());
    assert_eq!((underflow, overflow), residual(LENGTH, write), "{write} bytes written");
    assert_eq!((read_underflow, read_overflow), residual(taken, read), "{read} bytes read");
    let mut after = before;
    after[OFFSET..OFFSET + taken].copy_from_slice(&new);
    assert!(running.read_medium(&target_name(), 0, 0, after.len()).unwrap() == after);
}

/// As much data and memory as the command moves, more and less of both, and none; at a segment, at a burst and beside them.
const LENGTHS: [(usize, usize); 13] = [
    (LENGTH, LENGTH),
    (LENGTH, LENGTH - 1),
    (LENGTH, LENGTH + 1),
    (LENGTH - 1, LENGTH),
    (LENGTH + 1, LENGTH),
    (2 * LENGTH, 2 * LENGTH),
    (BURST as usize, LENGTH),
    (BURST as usize + 1, 2 * LENGTH),
    (LENGTH, BURST as usize),
    (SEGMENT as usize, SEGMENT as usize),
    (LENGTH, 0),
    (0, LENGTH),
    (0, 0),
];

async fn check_lengths(immediate_data: bool, initial_r2t: bool, digests: bool) {
    let running = RamDisk::serve(target(immediate_data, initial_r2t)).await.unwrap();
    let session = log_in(&running, digests).await;
    for (write, read) in LENGTHS {
        check(&running, &session, write, read).await;
    }
    session.logout().await.unwrap();
    let report = running.report();
    assert_eq!((report.violations, report.panics), (Vec::new(), 0));
    assert!(report.r2ts > 0 && (report.commands_with_immediate_data > 0) == immediate_data);
    assert_eq!(report.unsolicited_data_outs > 0, !initial_r2t);
}

#[tokio::test]
async fn pdu_15_data_are_exchanged_by_r2ts_alone() {
    check_lengths(false, true, false).await;
}

#[tokio::test]
async fn pdu_15_data_are_exchanged_with_immediate_data() {
    check_lengths(true, true, false).await;
}

#[tokio::test]
async fn pdu_15_data_are_exchanged_with_unsolicited_data() {
    check_lengths(false, false, false).await;
}

#[tokio::test]
async fn pdu_15_data_are_exchanged_with_immediate_and_unsolicited_data() {
    check_lengths(true, false, false).await;
}

/// The header digest covers the additional header with the length of the read.
#[tokio::test]
async fn pdu_15_dig_01_data_are_exchanged_with_both_digests() {
    for initial_r2t in [true, false] {
        check_lengths(true, initial_r2t, true).await;
    }
}

/// Others in flight do not mix their data with those of the exchange.
#[tokio::test]
async fn many_exchanges_in_flight_keep_their_data_apart() {
    let running = RamDisk::serve(target(true, true)).await.unwrap();
    let session = log_in(&running, true).await;
    let mut pending = Vec::new();
    for number in 0..16_u8 {
        let transfer = Transfer::Both {
            write: Bytes::from(vec![number; LENGTH]).into(),
            read: LENGTH.try_into().unwrap(),
        };
        let command = RawCommand::new("XDWRITEREAD (10)", 0x53, transfer);
        let lba = u32::from(number) * u32::from(BLOCKS);
        let command = command.with(2, &lba.to_be_bytes()).with(7, &BLOCKS.to_be_bytes());
        pending.push((number, session.submit(Lun::ZERO, command).await.unwrap()));
    }
    for (number, command) in pending {
        let completion = command.completion().await.unwrap();
        assert!(completion.data.len() == LENGTH && completion.data.iter().all(|byte| *byte == number));
    }
    session.logout().await.unwrap();
    assert_eq!(running.report().violations, Vec::<String>::new());
}

/// A command that the unit refuses ends with sense data, has changed nothing, and the session goes on.
#[tokio::test]
async fn an_exchange_that_is_refused_moves_nothing() {
    let running = RamDisk::serve(target(true, false)).await.unwrap();
    let session = log_in(&running, true).await;
    let beyond = write_read(LENGTH, LENGTH).with(2, &u32::MAX.to_be_bytes());
    let without_write = write_read(LENGTH, LENGTH).with(1, &[0x04]);
    for (command, asc) in [(beyond, 0x21), (without_write, 0x24)] {
        let Err(Error::Command { sense: Some(sense), .. }) = session.execute(Lun::ZERO, command).await else {
            panic!("{asc:x} is not refused")
        };
        assert_eq!((sense.key, sense.asc), (SenseKey::ILLEGAL_REQUEST, asc));
    }
    assert_eq!(running.read_medium(&target_name(), 0, OFFSET as u64, LENGTH), Some(vec![0; LENGTH]));
    check(&running, &session, LENGTH, LENGTH).await;
    session.logout().await.unwrap();
    assert_eq!(running.report().violations, Vec::<String>::new());
}
