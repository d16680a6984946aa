//! Requests to a session.

use bytes::Bytes;
use iscsi_pdu::Lun;

use crate::scsi::Transfer;

/// A SCSI command for a logical unit.
#[derive(Clone, Debug)]
pub(crate) struct ScsiRequest {
    pub(crate) lun: Lun,
    pub(crate) cdb: [u8; 16],
    pub(crate) transfer: Transfer,
    /// The initiator chose the length, so the command fails if another number of bytes moved.
    pub(crate) exact: bool,
}

/// A request to a session.
#[derive(Clone, Debug)]
pub(crate) enum SessionRequest {
    Scsi(ScsiRequest),
    /// A text exchange, such as `SendTargets`.
    Text(Bytes),
}
