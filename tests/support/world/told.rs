//! Results of operations, as the user of an initiator is told.

use iscsi_initiator::engine::Outcome;
use iscsi_initiator::{Abort, Extent, OldTask};
use iscsi_pdu::ScsiStatus;

/// The result of an operation, as far as it says whether it was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was carried out.
    Done,
    /// The target carried it out otherwise, or not at all.
    Status(ScsiStatus),
    /// It may have been carried out.
    Ambiguous(OldTask),
    /// A flush was carried out, but writes that were acknowledged before may be lost.
    WritesMayBeLost,
    /// It was never sent.
    NotSent,
    /// It was aborted.
    Aborted,
    /// The session ended first.
    SessionOver,
    /// The target did not take it.
    Rejected,
}

impl Told {
    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Good(_) | Outcome::Text(_) | Outcome::Managed(_) | Outcome::Pong => Self::Done,
            Outcome::Scsi(ended, _) => Self::Status(ended.completion.status),
            Outcome::Ambiguous(old_task) => Self::Ambiguous(*old_task),
            Outcome::WritesMayBeLost => Self::WritesMayBeLost,
            Outcome::NoSession | Outcome::Aborted(Abort { extent: Extent::NotSent, .. }) => Self::NotSent,
            Outcome::Aborted(_) => Self::Aborted,
            Outcome::Unanswered(_) | Outcome::SessionOver => Self::SessionOver,
            Outcome::TargetFailure(_) | Outcome::Rejected(_) => Self::Rejected,
        }
    }
}
