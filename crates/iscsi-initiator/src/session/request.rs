//! Requests of a session and their outcomes.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{Lun, RejectReason, ScsiResponseCode, SerialNumber};

use super::pings::Ping;
use super::task::Task;
use super::task_management::{ManagementResponse, TaskManagement};
use super::text_exchange::TextExchange;
use crate::scsi::{Completion, RawCommand};

/// A request that the target has to answer: a SCSI command, a text exchange such as `SendTargets`, a task management
/// function, or a ping.
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
    Management(TaskManagement),
    Ping(Ping),
}

impl Request {
    /// A command for a logical unit.
    #[inline]
    #[must_use]
    pub fn command(lun: Lun, command: RawCommand) -> Self {
        Self(Kind::Scsi(Task::new(lun, command)))
    }

    /// A text exchange with this question; errors call it by `name`.
    #[must_use]
    pub fn text(name: &'static str, question: Bytes) -> Self {
        Self(Kind::Text(Box::new(TextExchange::new(name, question))))
    }

    /// A task management function.
    #[must_use]
    pub const fn management(function: TaskManagement) -> Self {
        Self(Kind::Management(function))
    }

    /// A ping with these data, which the target sends back.
    #[must_use]
    pub const fn ping(data: Bytes) -> Self {
        Self(Kind::Ping(Ping::new(data)))
    }

    /// A ping that closes a gap in the command numbers.
    pub(super) const fn gap(cmd_sn: SerialNumber) -> Self {
        Self(Kind::Ping(Ping::in_gap(cmd_sn)))
    }

    /// The name of the request, for errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.0 {
            Kind::Scsi(task) => task.name(),
            Kind::Text(exchange) => exchange.name(),
            Kind::Management(function) => function.name(),
            Kind::Ping(_) => "ping",
        }
    }

    /// Whether it is a command with data for the target.
    pub(super) fn has_data_out(&self) -> bool {
        matches!(&self.0, Kind::Scsi(task) if task.has_data_out())
    }

    /// Whether it is sent at once, outside the order of commands and the command window (RFC 7143, 4.2.2.1).
    pub(crate) const fn is_immediate(&self) -> bool {
        matches!(&self.0, Kind::Management(_) | Kind::Ping(_))
    }
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command ended with GOOD and no residual, and all data have moved if they had to. The buffer has those of a
    /// read.
    Good(BytesMut),
    /// The command ended otherwise. Its data are in the buffer, not in the completion.
    Scsi(Box<Ended>, BytesMut),
    /// The target could not carry the command out.
    TargetFailure(ScsiResponseCode),
    /// The command did not end by itself.
    Aborted(Abort),
    /// The target rejected the request, which was not carried out.
    Rejected(RejectReason),
    /// The whole answer to a text exchange.
    Text(Bytes),
    /// The text exchange had no answer within this limit.
    Unanswered(Duration),
    /// The answer to a task management function; `None` if there was none in time.
    Managed(Option<ManagementResponse>),
    /// The answer to a ping.
    Pong,
    /// The session that sent the command was lost, and the command was not sent again in another one. It may have been carried
    /// out.
    Ambiguous(OldTask),
    /// The flush ended well, but writes that were acknowledged before it may be lost: the unit has lost its cache since the flush
    /// before.
    WritesMayBeLost,
    /// There was no session for the request, and it was not sent.
    NoSession,
    /// The session ended first. Whether the target carried the request out is not known.
    SessionOver,
}

/// The task of a command whose session was lost, at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTask {
    /// The target has ended it: nothing of it is carried out any more.
    Ended,
    /// It may still be carried out.
    MayRun,
}

impl OldTask {
    /// What follows, in words behind a sentence.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Ended => ", and it was not sent again",
            Self::MayRun => ", and it may still run",
        }
    }
}

/// A command that ended otherwise than well, with what is needed to send it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The result.
    pub completion: Completion,
    /// The command. The memory of a read is beside it.
    pub command: RawCommand,
}

/// The end of a command that has no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// The cause.
    pub cause: AbortCause,
    /// What the target did of the command.
    pub extent: Extent,
}

impl fmt::Display for Abort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            AbortCause::Requested(function) => write!(formatter, "by {function}")?,
            AbortCause::Timeout => formatter.write_str("since it had no response within its limit")?,
        }
        formatter.write_str(match self.extent {
            Extent::NotSent => "; it was never sent",
            Extent::Aborted => "; it may have been carried out in part",
            Extent::Unknown => "; the target no longer knows it, and may have carried it out",
        })
    }
}

/// The cause for which a command was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbortCause {
    /// This task management function, which a caller requested, or which another command of the logical unit needed.
    Requested(&'static str),
    /// The command was not answered within its limit.
    Timeout,
}

/// What a target did of a command that has no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extent {
    /// Nothing: the command was never sent.
    NotSent,
    /// The target has aborted it: it may have been carried out in part, and nothing more of it is.
    Aborted,
    /// The target no longer knows it: it may have been carried out, and nothing more of it is.
    Unknown,
}

impl Outcome {
    /// The outcome with its data in a completion, whatever the status.
    #[must_use]
    pub(crate) fn with_data(self) -> Self {
        let (mut ended, data) = match self {
            Self::Scsi(ended, data) => (ended, data),
            other => return other,
        };
        ended.completion.data = data.freeze();
        Self::Scsi(ended, BytesMut::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_in_words() {
        let requested = AbortCause::Requested("ABORT TASK");
        for (cause, extent, words) in [
            (requested, Extent::NotSent, "by ABORT TASK; it was never sent"),
            (requested, Extent::Aborted, "by ABORT TASK; it may have been carried out in part"),
            (
                AbortCause::Timeout,
                Extent::Unknown,
                "since it had no response within its limit; the target no longer knows it, and may have carried it out",
            ),
        ] {
            assert_eq!(Abort { cause, extent }.to_string(), words);
        }
        let old_tasks = [OldTask::Ended, OldTask::MayRun].map(OldTask::words);
        assert_eq!(old_tasks, [", and it was not sent again", ", and it may still run"]);
    }
}
