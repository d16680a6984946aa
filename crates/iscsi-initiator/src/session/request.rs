//! What can be asked of a session, and how it ends.

use bytes::Bytes;
use iscsi_pdu::{Lun, ScsiStatus};

/// Data that a command moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// None.
    None,
    /// Up to this many octets to the initiator.
    Read(u32),
    /// These octets to the target; fewer than 2^32.
    Write(Bytes),
}

impl Transfer {
    /// Expected Data Transfer Length in octets (RFC 7143, 11.3.4).
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
}

/// Anything a session can be asked for.
#[derive(Clone, Debug)]
pub(crate) enum SessionRequest {
    Scsi(ScsiRequest),
    /// A text exchange that asks and takes the answer, such as `SendTargets`.
    Text(Bytes),
    /// Close the session; nothing may be asked afterwards.
    Logout,
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
    /// Octets asked for and not moved, by the target's count (11.4.5).
    pub underflow: u32,
    /// Octets the target had beyond those asked for.
    pub overflow: u32,
}
