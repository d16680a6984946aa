//! Requests of a session and their outcomes.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{InitiatorTaskTag, Lun, ScsiResponseCode};

use super::task::Task;
use super::text_exchange::TextExchange;
use crate::scsi::{Command, Completion};

/// A request that the target has to answer: a SCSI command, or a text exchange such as `SendTargets`.
#[derive(Clone, Debug)]
pub struct Request(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scsi(Box<Task>),
    Text(Box<TextExchange>),
}

impl Request {
    /// A command for a logical unit.
    #[must_use]
    pub fn command(lun: Lun, command: Command) -> Self {
        Self(Kind::Scsi(Box::new(Task::new(lun, command))))
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
}

/// An accepted request with its deadline.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) request: Request,
    pub(super) deadline: Duration,
}

/// Requests that were sent and have no outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct SentRequests(BTreeMap<InitiatorTaskTag, Pending>);

impl SentRequests {
    pub(super) fn insert(&mut self, itt: InitiatorTaskTag, pending: Pending) {
        self.0.insert(itt, pending);
    }

    pub(super) fn remove(&mut self, itt: InitiatorTaskTag) -> Option<Pending> {
        self.0.remove(&itt)
    }

    pub(super) fn get(&self, itt: InitiatorTaskTag) -> Option<&Pending> {
        self.0.get(&itt)
    }

    /// The task of a SCSI command; `None` if the tag names none.
    pub(super) fn task(&mut self, itt: InitiatorTaskTag) -> Option<&mut Task> {
        match &mut self.0.get_mut(&itt)?.request.0 {
            Kind::Scsi(task) => Some(task),
            Kind::Text(_) => None,
        }
    }

    /// The text exchange of this tag; `None` if the tag names none.
    pub(super) fn text(&mut self, itt: InitiatorTaskTag) -> Option<&mut TextExchange> {
        match &mut self.0.get_mut(&itt)?.request.0 {
            Kind::Text(exchange) => Some(exchange),
            Kind::Scsi(_) => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Removes all of them, and returns their tags.
    pub(super) fn take_tags(&mut self) -> impl Iterator<Item = InitiatorTaskTag> + use<> {
        std::mem::take(&mut self.0).into_keys()
    }
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command ended with a status.
    Scsi(Completion),
    /// The target could not carry the command out.
    TargetFailure(ScsiResponseCode),
    /// The whole answer to a text exchange.
    Text(Bytes),
    /// The session ended first. Whether the target carried the request out is not known.
    SessionOver,
}
