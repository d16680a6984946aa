//! The disk that the commands of the table are sent to, and its contents before and after a command.

use bytes::Bytes;
use iscsi_initiator::scsi::{Command, RawCommand, read_blocks, write_blocks};
use iscsi_initiator::{Error, Lun, Session};

use super::outcome::{DONE, Outcome};
use crate::scratch::Scratch;
use crate::stage::Daemon;

pub(super) const BLOCK: usize = 512;
pub(super) const BLOCK_SIZE: u32 = 512;
/// The first block of the range that commands read and write.
pub(super) const LBA: u32 = 64;
/// The blocks of this range.
pub(super) const BLOCKS: u8 = 8;
/// The bytes of this range.
pub(super) const LENGTH: usize = BLOCKS as usize * BLOCK;

/// The data of the range before a command, with a period that is not that of a block.
pub(super) fn old() -> Vec<u8> {
    (0..=250).cycle().take(LENGTH).collect()
}

/// The data that a command writes to the range.
pub(super) fn new() -> Vec<u8> {
    (7..=220).cycle().take(LENGTH).collect()
}

/// One block of data.
pub(super) fn block() -> Vec<u8> {
    (3..=240).cycle().take(BLOCK).collect()
}

/// A target of the table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Daemon(Daemon),
    RamDisk,
}

/// The disk, and a session to it.
pub(super) struct Unit {
    scratch: Scratch,
    pub(super) session: Session,
}

impl Unit {
    pub(super) async fn of(target: Target) -> Self {
        let scratch = match target {
            Target::Daemon(daemon) => Scratch::of(daemon, "commands"),
            Target::RamDisk => Scratch::ram_disk().await,
        };
        let session = scratch.log_in_as("host").await;
        Self { scratch, session }
    }

    /// Takes another session, after one that is lost or about to be.
    pub(super) async fn log_in_again(&mut self) {
        self.session = self.scratch.log_in_as("host").await;
    }

    pub(super) const fn lun(&self) -> Lun {
        self.scratch.disk
    }

    pub(super) async fn send<C: Command>(&self, command: &C) -> Result<C::Answer, Error> {
        self.session.send(self.lun(), command).await
    }

    /// Sends a command of a preparation or a check, which has to succeed.
    async fn run(&self, command: RawCommand) -> Bytes {
        let name = command.name;
        let completion = self.session.execute(self.lun(), command).await;
        completion.unwrap_or_else(|error| panic!("{name}: {error}")).data
    }

    /// Writes the old data to the range, and blocks of 0xa5 before and behind.
    pub(super) async fn fill(&self) {
        let data = [&[0xa5; BLOCK], &old()[..], &[0xa5; BLOCK]].concat();
        self.run(write_blocks(u64::from(LBA) - 1, u32::from(BLOCKS) + 2, data)).await;
    }

    /// The data of the range. Those before and behind are as they were.
    pub(super) async fn contents(&self) -> Vec<u8> {
        let data = self.run(read_blocks(u64::from(LBA) - 1, u32::from(BLOCKS) + 2, BLOCK_SIZE)).await;
        assert!(data[..BLOCK] == [0xa5; BLOCK] && data[BLOCK + LENGTH..] == [0xa5; BLOCK]);
        data[BLOCK..BLOCK + LENGTH].to_vec()
    }

    /// The result of a command that reported success and should have left these data in the range.
    pub(super) async fn holds(&self, expected: &[u8]) -> Outcome {
        let found = self.contents().await;
        Ok(match found {
            _ if found == expected => DONE,
            _ if found == old() => "GOOD, without an effect",
            _ => "GOOD, and wrong data",
        })
    }
}
