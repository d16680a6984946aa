//! Operations of a simulated initiator.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::scsi::{
    Capacity, RawCommand, ReadCapacity10, ReadCapacity16, StandardInquiry, SynchronizeCache10, TestUnitReady,
    Transfer, read_blocks, write_blocks,
};
use iscsi_initiator::{Lun, TaskManagement};
use iscsi_pdu::TextWriter;

use super::{BlockStamp, Seed};

/// Lengths in blocks that every workload writes. With blocks and segments of 512 bytes, a first burst of 1024 and a burst
/// of 2048, they need every number of R2Ts up to eight, in all combinations of `ImmediateData` and `InitialR2T`. Together
/// with the short writes they are more than 64 blocks, so some overlap on a disk of that size.
const WRITE_LENGTHS: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16];
/// Lengths in blocks that every workload reads: less than one burst, a whole one, and several, with as many PDUs as blocks.
const READ_LENGTHS: [u32; 6] = [1, 2, 4, 5, 9, 16];
const SHORT_WRITES: usize = 14;
const SHORT_READS: usize = 16;
/// The longest of the short transfers, in blocks.
const SHORT: u64 = 3;
/// One of so many short writes is stable when it ends; the first one always is.
const STABLE_WRITES: usize = 5;
/// Half of the transfers begin among the first blocks, so that many overlap.
const BUSY_BLOCKS: u64 = 8;

/// Operations that do not transfer blocks.
const OTHERS: [Action; 26] = [
    Action::Register,
    Action::Register,
    Action::Flush,
    Action::Flush,
    Action::Flush,
    Action::Flush,
    Action::Flush,
    Action::Flush,
    Action::SendTargets,
    Action::SendTargets,
    Action::SendTargets,
    Action::TestUnitReady,
    Action::TestUnitReady,
    Action::Inquiry,
    Action::ReadCapacity10,
    Action::ReadCapacity16,
    Action::Ping { length: 0 },
    Action::Ping { length: 300 },
    Action::AbortTask,
    Action::AbortTask,
    Action::AbortTask,
    Action::AbortTask,
    Action::AbortTaskSet,
    Action::ClearTaskSet,
    Action::QueryTaskSet,
    Action::ResetUnit,
];

/// A range of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first block.
    pub lba: u64,
    /// The number of blocks.
    pub blocks: u32,
}

impl Extent {
    /// The addresses of the blocks.
    pub fn lbas(self) -> impl Iterator<Item = u64> {
        (0..u64::from(self.blocks)).map(move |block| self.lba + block)
    }
}

/// A request of the initiator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads blocks.
    Read(Extent),
    /// Writes blocks with the stamp of the operation.
    Write {
        /// The blocks.
        extent: Extent,
        /// The data are on the medium when the command ends: the FUA bit of WRITE (SBC-3).
        is_stable: bool,
    },
    /// SYNCHRONIZE CACHE: acknowledged data are on the medium when it ends.
    Flush,
    /// TEST UNIT READY.
    TestUnitReady,
    /// INQUIRY.
    Inquiry,
    /// READ CAPACITY (10).
    ReadCapacity10,
    /// READ CAPACITY (16).
    ReadCapacity16,
    /// A text request for the portals of the target of the session.
    SendTargets,
    /// A ping with so many bytes of data.
    Ping {
        /// The number of bytes.
        length: usize,
    },
    /// ABORT TASK of a command of the workload.
    AbortTask,
    /// ABORT TASK SET of the unit.
    AbortTaskSet,
    /// CLEAR TASK SET of the unit.
    ClearTaskSet,
    /// QUERY TASK SET of the unit.
    QueryTaskSet,
    /// LOGICAL UNIT RESET of the unit.
    ResetUnit,
    /// PERSISTENT RESERVE OUT: registers the number of the operation as a key. Twice is not as good as once.
    Register,
    /// The logout, the last operation of a workload.
    Logout,
}

/// A numbered request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The number, which the blocks carry that it writes; the first one is 1.
    pub number: u32,
    /// The request.
    pub action: Action,
}

impl Operation {
    /// The SCSI command; `None` for requests of other kinds.
    #[must_use]
    pub fn command(&self, block_size: u32) -> Option<RawCommand> {
        Some(match self.action {
            Action::Read(Extent { lba, blocks }) => read_blocks(lba, blocks, block_size),
            Action::Write { extent, is_stable } => {
                let write = write_blocks(extent.lba, extent.blocks, self.data(extent, block_size));
                if is_stable { write.with(1, &[0x08]) } else { write }
            }
            Action::Flush => SynchronizeCache10::default().into(),
            Action::TestUnitReady => TestUnitReady.into(),
            Action::Inquiry => StandardInquiry::default().into(),
            Action::ReadCapacity10 => ReadCapacity10.into(),
            Action::ReadCapacity16 => ReadCapacity16.into(),
            Action::Register => register(self.number),
            _ => return None,
        })
    }

    /// The task management function of the unit; `None` for requests of other kinds, and for ABORT TASK, which is about a
    /// task.
    #[must_use]
    pub const fn management(&self, lun: Lun) -> Option<TaskManagement> {
        Some(match self.action {
            Action::AbortTaskSet => TaskManagement::AbortTaskSet(lun),
            Action::ClearTaskSet => TaskManagement::ClearTaskSet(lun),
            Action::QueryTaskSet => TaskManagement::QueryTaskSet(lun),
            Action::ResetUnit => TaskManagement::LogicalUnitReset(lun),
            _ => return None,
        })
    }

    /// The data of a ping; `None` for requests of other kinds.
    #[must_use]
    pub fn ping(&self) -> Option<Bytes> {
        match self.action {
            Action::Ping { length } => Some((0..=u8::MAX).cycle().take(length).collect()),
            _ => None,
        }
    }

    /// The keys of a text request; `None` for requests of other kinds.
    #[must_use]
    pub fn text(&self) -> Option<Bytes> {
        let keys = || TextWriter::new().pair("SendTargets", "").finish().ok();
        (self.action == Action::SendTargets).then(keys).flatten()
    }

    fn data(&self, extent: Extent, block_size: u32) -> Bytes {
        let mut data = BytesMut::new();
        for lba in extent.lbas() {
            BlockStamp { operation: self.number, lba }.put(block_size as usize, &mut data);
        }
        data.freeze()
    }
}

/// A mixture of some seventy operations and a logout. Clones share them.
#[derive(Clone, Debug)]
pub struct Workload {
    disk: Capacity,
    operations: Arc<[Operation]>,
}

impl Workload {
    /// The workload of this seed. Every one has the same kinds and lengths, but for some short transfers, in another order
    /// at other places.
    #[must_use]
    pub fn new(disk: Capacity, mut seed: Seed) -> Self {
        let mut actions = OTHERS.to_vec();
        for (number, blocks) in lengths(&WRITE_LENGTHS, SHORT_WRITES, &mut seed).into_iter().enumerate() {
            let is_stable =
                number >= WRITE_LENGTHS.len() && (number - WRITE_LENGTHS.len()).is_multiple_of(STABLE_WRITES);
            actions.push(Action::Write { extent: place(blocks, disk, &mut seed), is_stable });
        }
        for blocks in lengths(&READ_LENGTHS, SHORT_READS, &mut seed) {
            actions.push(Action::Read(place(blocks, disk, &mut seed)));
        }
        seed.shuffle(&mut actions);
        actions.push(Action::Logout);
        let operations = (1..).zip(actions).map(|(number, action)| Operation { number, action }).collect();
        Self { disk, operations }
    }

    /// The workload of these operations in their order, and a logout.
    #[must_use]
    pub fn of(disk: Capacity, actions: &[Action]) -> Self {
        let actions = actions.iter().copied().chain([Action::Logout]);
        let operations = (1..).zip(actions).map(|(number, action)| Operation { number, action }).collect();
        Self { disk, operations }
    }

    /// The disk that the operations are for.
    #[must_use]
    pub const fn disk(&self) -> Capacity {
        self.disk
    }

    /// The operations, in the order in which they are submitted.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

/// REGISTER AND IGNORE EXISTING KEY (SPC-4, 6.15).
fn register(key: u32) -> RawCommand {
    let list = [[0; 8], u64::from(key).to_be_bytes(), [0; 8]].concat();
    let length = u32::try_from(list.len()).unwrap_or(u32::MAX);
    let transfer = Transfer::Write(Bytes::from(list).into());
    RawCommand::new("PERSISTENT RESERVE OUT", 0x5f, transfer).with(1, &[6]).with(5, &length.to_be_bytes())
}

fn lengths(fixed: &[u32], short: usize, seed: &mut Seed) -> Vec<u32> {
    let short = (0..short).map(|_| u32::try_from(seed.integer(1..=SHORT)).unwrap_or(1));
    fixed.iter().copied().chain(short).collect()
}

/// An extent of that many blocks, fewer on a smaller disk.
fn place(blocks: u32, disk: Capacity, seed: &mut Seed) -> Extent {
    let blocks = u32::try_from(disk.blocks).unwrap_or(u32::MAX).min(blocks);
    let last = disk.blocks - u64::from(blocks);
    let last = if seed.one_in(2) { last.min(BUSY_BLOCKS) } else { last };
    Extent { lba: seed.integer(0..=last), blocks }
}

#[cfg(test)]
mod tests;
