//! Cases of the count.

use iscsi_benches::io::{Operation, Workload};

const KIB: usize = 1024;

/// One case.
pub(crate) struct Case {
    /// The name in the table.
    pub(crate) name: &'static str,
    /// The counted operations.
    pub(crate) work: Work,
}

/// The repeated work.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Operations of a session with the gathering target.
    Session(Workload),
    /// The CRC library on the header of a command, and on header and data of a Data-In PDU with so many bytes.
    Crc(usize),
    /// Mutual logins to the RAM-disk target.
    Logins,
}

/// All of them, in the order of the table.
pub(crate) const CASES: [Case; 13] = [
    session("4 KiB read, depth 1", Operation::Read, 4 * KIB, 1),
    session("4 KiB read, depth 32", Operation::Read, 4 * KIB, 32),
    session("4 KiB read as Bytes, depth 32", Operation::ReadBytes, 4 * KIB, 32),
    session("4 KiB write, depth 32", Operation::Write, 4 * KIB, 32),
    session("64 KiB read, depth 32", Operation::Read, 64 * KIB, 32),
    session("256 KiB read, depth 8", Operation::Read, 256 * KIB, 8),
    session("64 KiB write, depth 32", Operation::Write, 64 * KIB, 32),
    session("256 KiB write, depth 8", Operation::Write, 256 * KIB, 8),
    with_digests("4 KiB read, depth 32, digests", 4 * KIB),
    with_digests("64 KiB read, depth 32, digests", 64 * KIB),
    Case { name: "4 KiB read, CRC alone", work: Work::Crc(4 * KIB) },
    Case { name: "64 KiB read, CRC alone", work: Work::Crc(64 * KIB) },
    Case { name: "mutual login", work: Work::Logins },
];

/// PDUs with digests that a read of at most 64 KiB has: the command and one Data-In.
pub(crate) const PDUS_OF_READ: f64 = 2.0;

const fn session(name: &'static str, operation: Operation, length: usize, depth: usize) -> Case {
    Case { name, work: Work::Session(Workload { operation, length, depth, digests: false }) }
}

const fn with_digests(name: &'static str, length: usize) -> Case {
    let workload = Workload { operation: Operation::Read, length, depth: 32, digests: true };
    Case { name, work: Work::Session(workload) }
}

impl Work {
    /// Rounds of a short run and of a long one: the difference is counted, without start and login.
    pub(crate) const fn rounds(self) -> [u64; 2] {
        match self {
            Self::Crc(_) => [8, 72],
            Self::Logins => [8, 40],
            Self::Session(Workload { depth: 1, .. }) => [16, 272],
            Self::Session(Workload { length, .. }) if length <= 16 * KIB => [8, 72],
            Self::Session(_) => [4, 36],
        }
    }

    /// Operations of a round.
    pub(crate) const fn depth(self) -> usize {
        match self {
            Self::Crc(_) | Self::Logins => 1,
            Self::Session(Workload { depth, .. }) => depth,
        }
    }
}
