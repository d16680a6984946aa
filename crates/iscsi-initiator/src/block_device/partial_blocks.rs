//! Writes of parts of blocks: read, change, and write back without undoing what others write meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use iscsi_pdu::ScsiStatus;

use super::{BlockDevice, Comparison};
use crate::error::Error;
use crate::runtime::Lock;
use crate::scsi::{Command, CompareAndWrite, SenseData, SenseKey};

/// How often a block is read and compared again when others have changed it meanwhile. Each time somebody else has made progress.
const MOST_ATTEMPTS: u32 = 64;

/// What keeps writes of parts of blocks apart.
pub(super) struct PartialBlocks {
    /// Held from the reading of a block to its writing.
    lock: Lock<()>,
    /// Whether blocks are written by COMPARE AND WRITE.
    are_compared: AtomicBool,
}

impl PartialBlocks {
    pub(super) fn new(are_compared: bool) -> Self {
        Self { lock: Lock::new(()), are_compared: AtomicBool::new(are_compared) }
    }
}

/// A part of a block, and what is written to it.
pub(super) struct PartOfBlock {
    pub(super) lba: u64,
    /// The first byte within the block; the data end within it.
    pub(super) at: usize,
    pub(super) data: Vec<Bytes>,
    pub(super) fua: bool,
}

impl BlockDevice {
    /// Writes a part of a block.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the part written or not.
    pub(super) async fn write_part(&self, part: &PartOfBlock) -> Result<(), Error> {
        let _held = self.shared.partial_blocks.lock.lock().await;
        for _ in 0..MOST_ATTEMPTS {
            if let Some(outcome) = self.try_part(part).await {
                return outcome;
            }
        }
        tracing::info!(lun = %self.lun, lba = part.lba, attempts = MOST_ATTEMPTS, "others change the block all the time");
        Err(Error::Command {
            command: CompareAndWrite::NAME,
            status: ScsiStatus::CHECK_CONDITION,
            sense: Some(SenseData::new(SenseKey::MISCOMPARE, 0x1d, 0x00)),
        })
    }

    /// Reads, changes and writes the block. `None` if it has to be read again.
    async fn try_part(&self, part: &PartOfBlock) -> Option<Result<(), Error>> {
        let old = match self.read_block(part.lba).await {
            Ok(old) => old,
            Err(error) => return Some(Err(error)),
        };
        let new = part.applied_to(&old);
        if !self.shared.partial_blocks.are_compared.load(Ordering::Relaxed) {
            return Some(self.write_block(part, new).await);
        }
        let command = CompareAndWrite {
            lba: part.lba,
            blocks: 1,
            expected: old.into(),
            data: new.into(),
            fua: part.fua,
            ..CompareAndWrite::default()
        };
        self.after_comparison(self.compare_blocks(command).await)
    }

    fn after_comparison(&self, outcome: Result<Comparison, Error>) -> Option<Result<(), Error>> {
        match outcome {
            Ok(Comparison::Written) => Some(Ok(())),
            // A command of a lost session may have been carried out. The part is the same then, and is written again.
            Ok(Comparison::Differs { .. }) | Err(Error::Ambiguous { .. }) => None,
            Err(Error::Command { sense: Some(sense), .. }) if refuses_command(&sense) => {
                self.shared.partial_blocks.are_compared.store(false, Ordering::Relaxed);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    async fn write_block(&self, part: &PartOfBlock, block: Bytes) -> Result<(), Error> {
        self.complete(self.submit_write(part.lba, block.into(), part.fua).await?).await.map(drop)
    }
}

impl PartOfBlock {
    /// The block with the part written.
    fn applied_to(&self, old: &[u8]) -> Bytes {
        let mut new = BytesMut::from(old);
        let mut place = new.get_mut(self.at..).unwrap_or_default();
        for piece in &self.data {
            if let Some(first) = place.split_off_mut(..piece.len()) {
                first.copy_from_slice(piece);
            }
        }
        new.freeze()
    }
}

/// Whether the unit does not carry out the command, in spite of its limits.
pub(super) fn refuses_command(sense: &SenseData) -> bool {
    // INVALID COMMAND OPERATION CODE and INVALID FIELD IN CDB.
    sense.key == SenseKey::ILLEGAL_REQUEST && matches!((sense.asc, sense.ascq), (0x20 | 0x24, 0x00))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_of_a_block_changes() {
        let old: Vec<u8> = (0..8).collect();
        let new = |at, pieces: &[&'static [u8]]| {
            let data = pieces.iter().map(|piece| Bytes::from_static(piece)).collect();
            PartOfBlock { lba: 0, at, data, fua: false }.applied_to(&old)
        };
        assert_eq!(new(0, &[b"ab"])[..], *b"ab\x02\x03\x04\x05\x06\x07");
        assert_eq!(new(5, &[b"a", b"bc"])[..], *b"\x00\x01\x02\x03\x04abc");
        // A piece that does not fit is not written; callers never ask for it.
        assert_eq!(new(7, &[b"ab"])[..], old);
        assert_eq!(new(9, &[b"a"])[..], old);
    }

    #[test]
    fn a_command_is_refused_for_its_code_or_a_field() {
        for (key, asc, ascq, is_refused) in [
            (SenseKey::ILLEGAL_REQUEST, 0x20, 0x00, true),
            (SenseKey::ILLEGAL_REQUEST, 0x24, 0x00, true),
            (SenseKey::ILLEGAL_REQUEST, 0x24, 0x01, false),
            (SenseKey::ILLEGAL_REQUEST, 0x21, 0x00, false),
            (SenseKey::ABORTED_COMMAND, 0x24, 0x00, false),
        ] {
            assert_eq!(refuses_command(&SenseData::new(key, asc, ascq)), is_refused);
        }
    }
}
