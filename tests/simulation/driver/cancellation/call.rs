//! The calls that are dropped.

use std::ops::Range;
use std::pin::Pin;

use iscsi_initiator::scsi::{RawCommand, read_blocks, read_blocks_into, write_blocks};
use iscsi_initiator::{BlockDevice, Flush, Lun, PendingCommand, Session};
use iscsi_tests::world::{DISK, Variant};

use super::memory::Memory;
use super::{BLOCK, BLOCKS, FIRST, HEAD, LENGTH, NEW, OFFSET, OLD, stamped};

/// A call that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Execute,
    /// A command that reads into a buffer.
    ExecuteRead,
    Submit,
    Completion,
    Data,
    SendTargets,
    /// Parts of blocks.
    ReadAt,
    /// Whole blocks, by one command, and by three.
    ReadBlocks,
    ReadManyBlocks,
    /// The same into a buffer.
    ReadInto,
    ReadBlocksInto,
    ReadManyBlocksInto,
    /// Parts of blocks from one piece.
    WriteAt,
    /// Whole blocks from several pieces, by one command, and by three.
    WriteBlocks,
    WriteManyBlocks,
    SynchronizeCache,
    ListLuns,
    OpenDevice,
}

pub(super) const CALLS: [Call; 18] = [
    Call::Execute,
    Call::ExecuteRead,
    Call::Submit,
    Call::Completion,
    Call::Data,
    Call::SendTargets,
    Call::ReadAt,
    Call::ReadBlocks,
    Call::ReadManyBlocks,
    Call::ReadInto,
    Call::ReadBlocksInto,
    Call::ReadManyBlocksInto,
    Call::WriteAt,
    Call::WriteBlocks,
    Call::WriteManyBlocks,
    Call::SynchronizeCache,
    Call::ListLuns,
    Call::OpenDevice,
];

impl Call {
    /// The range of bytes that the call reads or writes.
    pub(super) const fn range(self) -> Range<usize> {
        match self {
            Self::ReadAt | Self::ReadInto | Self::WriteAt => OFFSET..OFFSET + LENGTH,
            _ => OFFSET - HEAD..OFFSET - HEAD + BLOCK * BLOCKS as usize,
        }
    }

    /// The commands that write its range.
    pub(super) const fn writes(self) -> usize {
        match self {
            Self::Execute | Self::Submit | Self::Completion | Self::WriteAt | Self::WriteBlocks => 1,
            Self::WriteManyBlocks => 3,
            _ => 0,
        }
    }

    /// The world, in which a call of three commands transfers two blocks by each at most.
    pub(super) fn variant(self) -> Variant {
        let mut variant = Variant { write_cache: true, ..Variant::default() };
        if matches!(self, Self::ReadManyBlocks | Self::ReadManyBlocksInto | Self::WriteManyBlocks) {
            variant.longest_transfer = 2 * DISK.block_size;
        }
        variant
    }
}

fn write_new() -> RawCommand {
    write_blocks(FIRST, BLOCKS, stamped(NEW, FIRST, BLOCKS))
}

/// A call whose result is checked.
pub(super) type Checked<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The future that is dropped. The calls of a pending command take `pending`.
pub(super) fn future<'a>(
    call: Call,
    session: &'a Session,
    device: &'a BlockDevice,
    pending: Option<PendingCommand>,
    memory: &mut Memory,
) -> Checked<'a> {
    let range = call.range();
    let offset = range.start as u64;
    let old = stamped(OLD, 0, 64).slice(range.clone());
    let buffer = std::mem::take(&mut memory.buffer);
    match call {
        Call::Execute => Box::pin(async { drop(session.execute(Lun::ZERO, write_new()).await.unwrap()) }),
        Call::ExecuteRead => Box::pin(async move {
            let command = read_blocks_into(FIRST, BLOCKS, buffer);
            assert_eq!(session.execute(Lun::ZERO, command).await.unwrap().data, old);
        }),
        Call::Submit => Box::pin(async { drop(session.submit(Lun::ZERO, write_new()).await.unwrap()) }),
        Call::Completion => Box::pin(async { drop(pending.unwrap().completion().await.unwrap()) }),
        Call::Data => Box::pin(async {
            assert_eq!(pending.unwrap().data().await.unwrap(), stamped(OLD, FIRST, BLOCKS));
        }),
        Call::SendTargets => Box::pin(async {
            assert_eq!(session.send_targets("").await.unwrap().targets.len(), 1);
        }),
        Call::ReadAt | Call::ReadBlocks | Call::ReadManyBlocks => Box::pin(async move {
            assert_eq!(device.read_at(offset, range.len()).await.unwrap(), old);
        }),
        Call::ReadInto | Call::ReadBlocksInto | Call::ReadManyBlocksInto => Box::pin(async move {
            let address = buffer.as_ptr().addr();
            let read = device.read_into(offset, buffer).await.unwrap();
            assert_eq!(read.as_ptr().addr(), address);
            assert_eq!(read, old);
        }),
        Call::WriteAt => {
            let data = memory.data.clone();
            Box::pin(async move { device.write_at(offset, data).await.unwrap() })
        }
        Call::WriteBlocks | Call::WriteManyBlocks => {
            let pieces = memory.pieces();
            Box::pin(async move { device.write_at(offset, pieces).await.unwrap() })
        }
        Call::SynchronizeCache => Box::pin(async {
            assert_eq!(device.flush().await, Ok(Flush::Synchronized));
        }),
        Call::ListLuns => Box::pin(async {
            assert_eq!(session.list_luns().await.unwrap().luns, [Lun::ZERO]);
        }),
        Call::OpenDevice => Box::pin(async {
            assert_eq!(BlockDevice::open(session, Lun::ZERO).await.unwrap().capacity(), DISK);
        }),
    }
}

/// The command of the calls that take a submitted one.
pub(super) async fn submitted(call: Call, session: &Session) -> Option<PendingCommand> {
    let command = match call {
        Call::Completion => write_new(),
        Call::Data => read_blocks(FIRST, BLOCKS, DISK.block_size),
        _ => return None,
    };
    Some(session.submit(Lun::ZERO, command).await.unwrap())
}
