//! What can be asked of a session, and how it ends.

use std::fmt;

use bytes::Bytes;
use iscsi_pdu::{Lun, ScsiStatus};

/// Data that a command moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// None.
    None,
    /// Up to this many bytes to the initiator.
    Read(u32),
    /// These bytes to the target; fewer than 2^32.
    Write(Bytes),
}

impl Transfer {
    /// Expected Data Transfer Length in bytes (RFC 7143, 11.3.4).
    pub(super) fn length(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::Read(length) => *length,
            Self::Write(data) => u32::try_from(data.len()).unwrap_or(u32::MAX),
        }
    }
}

/// A SCSI command for a logical unit.
#[derive(Clone, Debug)]
pub(crate) struct ScsiRequest {
    pub(crate) lun: Lun,
    pub(crate) cdb: [u8; 16],
    pub(crate) transfer: Transfer,
    /// The initiator chose the length: a success that moved less, or more, is none.
    pub(crate) exact: bool,
}

/// Anything a session can be asked for.
#[derive(Clone, Debug)]
pub(crate) enum SessionRequest {
    Scsi(ScsiRequest),
    /// A text exchange that asks and takes the answer, such as `SendTargets`.
    Text(Bytes),
}

/// How a SCSI command ended, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// SCSI status.
    pub status: ScsiStatus,
    /// Sense data, empty if there is none.
    pub sense: Bytes,
    /// What was read.
    pub data: Bytes,
    /// Bytes asked for and not moved, by the target's count (11.4.5); never more than were asked for.
    pub underflow: u32,
    /// Bytes the target had beyond those asked for, by its own count.
    pub overflow: u32,
    /// Why not all of the data moved, or more than all. Only for a command whose length is exact
    /// ([`TransferLength::Exact`](crate::scsi::TransferLength)).
    pub incomplete: Option<Incomplete>,
}

/// Why a command of exact length is not complete, whatever its status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomplete {
    /// The target reports bytes that it did not transfer (residual underflow, RFC 7143, 11.4.5.1).
    Underflow {
        /// How many, by its count.
        residual: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports bytes beyond the transfer (residual overflow, RFC 7143, 11.4.5.2).
    Overflow {
        /// How many, by its count.
        residual: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports nothing, but did not send all data of a read.
    NotSent {
        /// Bytes that came.
        received: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
    /// The target reports nothing, but did not take all data of a write: it requested none or not all of the rest.
    NotTaken {
        /// Bytes that it took.
        taken: u32,
        /// Bytes of the whole transfer.
        expected: u32,
    },
}

impl fmt::Display for Incomplete {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Underflow { residual, expected } => write!(
                formatter,
                "the target reports that {residual} of {expected} bytes were not transferred (residual underflow)"
            ),
            Self::Overflow { residual, expected } => write!(
                formatter,
                "the target reports {residual} bytes beyond the {expected} of the transfer (residual overflow)"
            ),
            Self::NotSent { received, expected } => {
                write!(formatter, "the target sent {received} of {expected} bytes")
            }
            Self::NotTaken { taken, expected } => {
                write!(formatter, "the target took {taken} of {expected} bytes and requested no more")
            }
        }
    }
}
