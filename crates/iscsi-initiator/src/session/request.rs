//! Requests of a session and their outcomes.

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{Lun, ScsiResponseCode};

use super::task::Task;
use super::text_exchange::TextExchange;
use crate::scsi::{Command, Completion};

/// A request that the target has to answer: a SCSI command, or a text exchange such as `SendTargets`.
#[derive(Clone, Debug)]
pub struct Request(pub(super) Kind);

#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "most requests are commands, which are not to be allocated one by one"
)]
pub(super) enum Kind {
    Scsi(Task),
    Text(Box<TextExchange>),
}

impl Request {
    /// A command for a logical unit.
    #[must_use]
    pub fn command(lun: Lun, command: Command) -> Self {
        Self(Kind::Scsi(Task::new(lun, command)))
    }

    /// A text exchange with this question; errors call it by `name`.
    #[must_use]
    pub fn text(name: &'static str, question: Bytes) -> Self {
        Self(Kind::Text(Box::new(TextExchange::new(name, question))))
    }

    /// The name of the request, for errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.0 {
            Kind::Scsi(task) => task.name(),
            Kind::Text(exchange) => exchange.name(),
        }
    }

    /// Whether it is a command with data for the target.
    pub(super) const fn has_data_out(&self) -> bool {
        matches!(&self.0, Kind::Scsi(task) if task.has_data_out())
    }
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command ended with GOOD and no residual, and all data have moved if they had to. The buffer has those of a
    /// read.
    Good(BytesMut),
    /// The command ended otherwise. Its data are in the buffer, not in the completion.
    Scsi(Box<Completion>, BytesMut),
    /// The target could not carry the command out.
    TargetFailure(ScsiResponseCode),
    /// The whole answer to a text exchange.
    Text(Bytes),
    /// The session ended first. Whether the target carried the request out is not known.
    SessionOver,
}

impl Outcome {
    /// The outcome with its data in a completion, whatever the status.
    #[must_use]
    pub(super) fn with_data(self) -> Self {
        let (mut completion, data) = match self {
            Self::Good(data) => (Box::new(Completion::good()), data),
            Self::Scsi(completion, data) => (completion, data),
            other => return other,
        };
        completion.data = data.freeze();
        Self::Scsi(completion, BytesMut::new())
    }
}
