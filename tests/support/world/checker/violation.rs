//! Rules that a run broke.

use std::fmt;
use std::time::Duration;

use crate::world::{BlockStamp, StampError};

/// A rule that the initiator or the target broke, with the operations that show it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An operation is for blocks that the disk does not have.
    #[error("operation {operation} ends at block {end} of a disk of {blocks} blocks")]
    BeyondDisk {
        /// The operation.
        operation: u32,
        /// The block after its last one.
        end: u64,
        /// The number of blocks of the disk.
        blocks: u64,
    },
    /// An operation was submitted again.
    #[error("operation {0} was submitted twice")]
    SubmittedTwice(u32),
    /// An operation ended without having been submitted.
    #[error("operation {0} ended but was never submitted")]
    NeverSubmitted(u32),
    /// An operation ended again.
    #[error("operation {operation} ended at {first:?} and again at {second:?}")]
    EndedTwice {
        /// The operation.
        operation: u32,
        /// The time of its end.
        first: Duration,
        /// The time of its second end.
        second: Duration,
    },
    /// The target executed an operation more or less often than its user was told.
    #[error("operation {operation} was executed {times} times, not {least} to {most}")]
    Executed {
        /// The operation.
        operation: u32,
        /// The number of executions.
        times: usize,
        /// The fewest that agree with what the user was told.
        least: usize,
        /// The most that do.
        most: usize,
    },
    /// Operations are still pending at the end of the run.
    #[error("{count} operations never ended, the first is operation {first}, submitted at {submitted:?}")]
    NeverEnded {
        /// Their number.
        count: usize,
        /// The first of them.
        first: u32,
        /// The time of its submission.
        submitted: Duration,
    },
    /// An operation failed after one that was submitted later.
    #[error("operation {operation} failed after operation {later}, which was submitted later")]
    FailedOutOfOrder {
        /// The operation.
        operation: u32,
        /// The one that failed before it.
        later: u32,
    },
    /// A read ended with more or less data than it asked for.
    #[error("{from}: {received} bytes instead of {expected}")]
    Length {
        /// The source of the data.
        from: Source,
        /// The number of bytes.
        received: usize,
        /// The number of bytes that were asked for.
        expected: usize,
    },
    /// A block is not as any write left it.
    #[error("{from}: block {lba}: {reason}")]
    Damaged {
        /// The source of the data.
        from: Source,
        /// The block.
        lba: u64,
        /// The fault of its contents.
        reason: StampError,
    },
    /// A block has the contents of another one.
    #[error("{from}: block {lba} has the data of block {}, by operation {}", .stamp.lba, .stamp.operation)]
    Misplaced {
        /// The source of the data.
        from: Source,
        /// The block.
        lba: u64,
        /// The stamp in it.
        stamp: BlockStamp,
    },
    /// A block has contents that it cannot have, whatever the order of pending operations.
    #[error("{from}: block {lba} is {contents}, {reason}")]
    Impossible {
        /// The source of the data.
        from: Source,
        /// The block.
        lba: u64,
        /// Its contents.
        contents: Contents,
        /// The reason why it cannot have them.
        reason: Reason,
    },
    /// A flush succeeded although data acknowledged before it were lost.
    #[error("operation {flush} flushed, but block {lba} has lost acknowledged data: it was {contents}")]
    LostBeforeFlush {
        /// The flush.
        flush: u32,
        /// The block.
        lba: u64,
        /// The older contents that were read since the loss.
        contents: Contents,
    },
    /// The target refused a write, but its data were read.
    #[error("operation {operation} was refused, but block {lba} has its data")]
    RefusedButWritten {
        /// The write.
        operation: u32,
        /// The block.
        lba: u64,
    },
}

/// The source of data that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A read.
    Operation(u32),
    /// The medium at the end of a run.
    Medium,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(number) => write!(f, "data of operation {number}"),
            Self::Medium => f.write_str("medium"),
        }
    }
}

/// The contents of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Zeros, as before the first write.
    Zeros,
    /// The data of a write.
    WrittenBy(u32),
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zeros => f.write_str("zero"),
            Self::WrittenBy(operation) => write!(f, "as operation {operation} wrote it"),
        }
    }
}

/// The reason why a block cannot have its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No write that has been submitted, and did not get lost or refused, leaves them.
    NoSuchWrite,
    /// Newer contents were in the block before.
    ReplacedBy(Contents),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchWrite => f.write_str("which no write left there"),
            Self::ReplacedBy(Contents::Zeros) => f.write_str("but it was zero after that"),
            Self::ReplacedBy(Contents::WrittenBy(operation)) => {
                write!(f, "but operation {operation} replaced that")
            }
        }
    }
}
