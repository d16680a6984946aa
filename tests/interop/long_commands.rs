//! Long descriptor blocks and bidirectional commands at real targets.

use bytes::Bytes;
use iscsi_initiator::scsi::{Cdb, RawCommand, SenseData, SenseKey, Transfer};
use iscsi_initiator::{BlockDevice, Error};

use crate::scsi_quirks::{log_in, session_with};
use crate::stage::{Daemon, log_out};

const BLOCK: usize = 512;

/// Whether a target refused a command that it does not know.
fn is_refused<T>(outcome: &Result<T, Error>) -> bool {
    matches!(
        outcome,
        Err(Error::Command { sense: Some(SenseData { key: SenseKey::ILLEGAL_REQUEST, .. }), .. })
    )
}

/// XDWRITEREAD (10) reads blocks, writes others in their place, and returns the exclusive or of both (SBC-3, 5.46). A target that
/// does not know the command says so, and the session goes on.
#[tokio::test]
async fn targets_take_commands_that_move_data_in_both_directions() {
    for daemon in [Daemon::Tgt, Daemon::Istgt, Daemon::Lio] {
        let (stage, session, disk) = session_with(daemon).await;
        let device = BlockDevice::open(&session, disk).await.unwrap();
        for blocks in [1_u16, 8, 200] {
            let read = u32::from(blocks) * 512;
            let length = usize::from(blocks) * BLOCK;
            let before: Bytes = (0..=250).cycle().take(length).collect();
            let new: Bytes = (7..=220).cycle().take(length).collect();
            device.write_at(BLOCK as u64, before.clone()).await.unwrap();
            let transfer = Transfer::Both { write: new.clone().into(), read };
            let command = RawCommand::new("XDWRITEREAD (10)", 0x53, transfer);
            let command = command.with(5, &[1]).with(7, &blocks.to_be_bytes());
            let outcome = session.execute(disk, command).await;
            // LIO rejects it, and istgt does not answer; both close the connection, and a session that replaces another one does not
            // send the command again.
            let is_lost = matches!(
                (daemon, &outcome),
                (Daemon::Istgt | Daemon::Lio, Err(Error::Ambiguous { .. } | Error::Rejected { .. }))
            );
            let other = log_in(stage.portal, &stage.iqn("open")).await;
            let now =
                BlockDevice::open(&other, disk).await.unwrap().read_at(BLOCK as u64, length).await.unwrap();
            if is_lost || is_refused(&outcome) {
                assert!(now == before, "{daemon:?}, {blocks} blocks");
                break;
            }
            let expected: Vec<u8> = before.iter().zip(&new).map(|(one, other)| one ^ other).collect();
            assert!(outcome.unwrap().data == expected && now == new, "{daemon:?}, {blocks} blocks");
        }
    }
}

/// A target that does not know the command says so; the additional header in front of it does no harm.
#[tokio::test]
async fn targets_take_descriptor_blocks_of_32_bytes() {
    // READ (32).
    let cdb = Cdb::new(0x7f).with(0, &[0x7f, 0, 0, 0, 0, 0, 0, 24, 0, 9]);
    let long = Cdb::from_bytes(&[&cdb[..], &[0; 16]].concat()).unwrap();
    for daemon in [Daemon::Tgt, Daemon::Istgt, Daemon::Lio] {
        let (_stage, session, disk) = session_with(daemon).await;
        session.test_unit_ready(disk).await.unwrap();
        let outcome =
            session.execute(disk, RawCommand::from_cdb("READ (32)", long.clone(), Transfer::None)).await;
        assert!(is_refused(&outcome) || outcome.is_ok(), "{daemon:?}: {outcome:?}");
        session.test_unit_ready(disk).await.unwrap();
        log_out(daemon, session).await;
    }
}
