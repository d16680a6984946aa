//! Task management, pings, and logical units that change during a transfer, with real targets.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::{
    Abort, AbortCause, Aborted, AttentionKind, BlockDevice, Error, Extent, Lun, PendingCommand, Session,
    TaskManagement, scsi,
};
use iscsi_tests::external_targets::{LioTarget, Tgt, TgtTarget};

use crate::scsi_quirks::{log_in, lun, session_with};
use crate::slow_units;
use crate::stage::{Daemon, log_out};

const ALL: [Daemon; 3] = [Daemon::Tgt, Daemon::Istgt, Daemon::Lio];
/// The blocks of each write, and the number of writes.
const BLOCKS: u32 = 256;
const WRITES: u64 = 32;

/// Writes in flight, each to a range of its own.
async fn writes(session: &Session, disk: Lun) -> Vec<PendingCommand> {
    let mut pending = Vec::new();
    for number in 0..WRITES {
        let data = Bytes::from(vec![u8::try_from(number).unwrap(); BLOCKS as usize * 512]);
        let command = scsi::write_blocks(number * u64::from(BLOCKS), BLOCKS, data);
        pending.push(session.submit(disk, command).await.unwrap());
    }
    pending
}

/// Waits for the end of all commands: each has been carried out, or was aborted by this function.
async fn ended(pending: Vec<PendingCommand>, function: &str) -> usize {
    let mut aborted = 0;
    for command in pending {
        match command.completion().await {
            Ok(_) => {}
            Err(Error::Aborted { abort: Abort { cause: AbortCause::Requested(by), .. }, .. }) => {
                assert_eq!(by, function);
                aborted += 1;
            }
            Err(other) => panic!("{function}: {other:?}"),
        }
    }
    aborted
}

/// Every command in flight ends once, whether the target carries the function out or does not know it, and the session goes
/// on.
#[tokio::test]
async fn tmf_13_functions_with_commands_in_flight() {
    for daemon in ALL {
        let (_stage, session, disk) = session_with(daemon).await;
        let block_device = BlockDevice::open(&session, disk).await.unwrap();
        for function in [
            TaskManagement::AbortTaskSet(disk),
            TaskManagement::ClearTaskSet(disk),
            TaskManagement::LogicalUnitReset(disk),
            TaskManagement::TargetWarmReset,
        ] {
            let pending = writes(&session, disk).await;
            let answer = session.manage_tasks(function).await;
            let aborted = ended(pending, function.name()).await;
            println!("{daemon:?}: {}: {answer:?}, {aborted} of {WRITES} aborted", function.name());
            assert!(answer.is_ok() || aborted == 0, "{daemon:?}: {answer:?}");
            let refused = matches!(answer, Ok(_) | Err(Error::TaskManagement { response: Some(_), .. }));
            assert!(refused, "{daemon:?}: {answer:?}");
            // A reset is reported by a unit attention, which nobody notices.
            block_device.write_at(0, vec![7; 4096]).await.unwrap();
            assert_eq!(block_device.read_at(0, 4096).await.unwrap(), vec![7; 4096]);
        }
        log_out(daemon, session).await;
    }
}

/// ABORT TASK says of each command how far it got, and a command that is reported as completed has been carried out.
#[tokio::test]
async fn tmf_01_aborts_of_commands_in_flight() {
    for daemon in ALL {
        let (_stage, session, disk) = session_with(daemon).await;
        let block_device = BlockDevice::open(&session, disk).await.unwrap();
        for (number, command) in (0..).zip(writes(&session, disk).await) {
            match command.abort().await.unwrap() {
                Aborted::Completed(completion) => {
                    completion.into_good("WRITE (10)").unwrap();
                    let length = BLOCKS as usize * 512;
                    let written = block_device.read_at(number * length as u64, length).await.unwrap();
                    assert!(written.iter().all(|byte| u64::from(*byte) == number), "{daemon:?} {number}");
                }
                Aborted::Ended(Extent::NotSent | Extent::Aborted | Extent::Unknown) => {}
                other => panic!("{daemon:?} {number}: {other:?}"),
            }
        }
        log_out(daemon, session).await;
    }
}

#[tokio::test]
async fn nop_03_nop_08_pings_of_any_length_are_answered() {
    for daemon in ALL {
        let (_stage, session, _) = session_with(daemon).await;
        for length in [0, 1, 48, 512, 8192, 100_000] {
            let time = session.ping(vec![0x5a; length]).await.unwrap();
            assert!(time < Duration::from_secs(5), "{daemon:?} {length}");
        }
        log_out(daemon, session).await;
    }
}

/// A logical unit that is added to tgt raises a unit attention in the middle of a copy.
#[tokio::test]
async fn a_unit_is_added_during_a_copy() {
    let tgt = Tgt::builder().target(TgtTarget::named("disk").size(SIZE as u64)).start();
    let (session, disk) = (log_in(tgt.portal(), &tgt.iqn("disk")).await, lun(TgtTarget::FILE_LUN));
    let device = BlockDevice::open(&session, disk).await.unwrap();
    let data = pattern(SIZE);
    let mut writer = device.writer(0, SIZE as u64).unwrap();
    for (number, piece) in data.chunks(PIECE).enumerate() {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        if number == 20 {
            let unit = ["--tid", "1", "--lun", "3", "--bstype", "null", "--backing-store", "/dev/null"];
            tgt.admin(&[&["--mode", "logicalunit", "--op", "new"], unit.as_slice()].concat());
        }
    }
    writer.finish().await.unwrap();
    let read = device.read_at(0, SIZE).await.unwrap();
    assert!(read == data, "what was written is read back");
    let attention = session.unit_state(disk).last_attention.unwrap();
    assert_eq!((attention.asc, attention.ascq), (0x3f, 0x0e));
    session.logout().await.unwrap();
}

/// A unit that becomes write-protected during a copy: what was acknowledged is there, and the error says why it ended.
#[tokio::test]
async fn a_unit_is_write_protected_during_a_copy() {
    let tgt = Tgt::builder().target(TgtTarget::named("disk").size(SIZE as u64)).start();
    let (session, disk) = (log_in(tgt.portal(), &tgt.iqn("disk")).await, lun(TgtTarget::FILE_LUN));
    let device = BlockDevice::open(&session, disk).await.unwrap();
    let data = pattern(SIZE);
    let mut writer = device.writer(0, SIZE as u64).unwrap();
    let mut outcome = Ok(());
    for (number, piece) in data.chunks(PIECE).enumerate() {
        outcome = writer.write(Bytes::copy_from_slice(piece)).await;
        if outcome.is_err() {
            break;
        }
        if number == 20 {
            let update = ["--tid", "1", "--lun", "1", "--params", "readonly=1"];
            tgt.admin(&[&["--mode", "logicalunit", "--op", "update"], update.as_slice()].concat());
        }
    }
    let acknowledged = usize::try_from(writer.acknowledged()).unwrap();
    let error = match outcome {
        Ok(()) => writer.finish().await.unwrap_err(),
        Err(error) => error,
    };
    let Error::Command { sense: Some(sense), .. } = &error else { panic!("{error:?}") };
    assert_eq!(sense.key, scsi::SenseKey::DATA_PROTECT, "{error}");
    assert_eq!(session.unit_state(disk).write_protected, Some(true));
    let read = device.read_at(0, acknowledged).await.unwrap();
    assert!(read == data[..acknowledged], "{acknowledged} bytes were acknowledged");
    session.logout().await.unwrap();
}

/// A unit that grows twice a second, and says so, during a copy: the copy is correct, and reaches beyond the old end.
#[tokio::test]
async fn a_unit_grows_during_a_copy() {
    let lio = slow_units::lio();
    let (session, disk) = (log_in(lio.portal(), &lio.iqn("growing")).await, lun(LioTarget::GROWING_LUN));
    let device = BlockDevice::open(&session, disk).await.unwrap();
    let before = device.capacity();
    let data = pattern(SIZE);
    let mut writer = device.writer(0, SIZE as u64).unwrap();
    let mut sizes = BTreeSet::from([before.blocks]);
    for piece in data.chunks(PIECE) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        sizes.insert(device.capacity().blocks);
        // The copy takes some growths, however fast the target is.
        tokio::time::sleep(GROWTH / 10).await;
    }
    writer.finish().await.unwrap();
    assert!(sizes.len() > 2, "known during the copy: {sizes:?}");
    let attention = session.unit_state(disk).last_attention.unwrap();
    assert_eq!(AttentionKind::of(attention), AttentionKind::CapacityChanged);
    let read = device.read_at(0, SIZE).await.unwrap();
    assert!(read == data, "what was written is read back");
    device.read_at(before.bytes(), PIECE).await.unwrap();
    assert!(session.read_capacity(disk).await.unwrap().blocks >= *sizes.last().unwrap());
    session.logout().await.unwrap();
}

const SIZE: usize = 64 << 20;
/// The time between two growths of the growing unit.
const GROWTH: Duration = Duration::from_millis(500);
const PIECE: usize = 1 << 20;

/// Bytes with a period that is not that of a block.
fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}
