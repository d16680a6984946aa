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
