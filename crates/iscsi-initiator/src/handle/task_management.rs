//! Task management, pings and events of a session.

use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{Lun, TaskManagementResponseCode};

use super::session::{PendingCommand, Session, wrong_answer};
use crate::error::Error;
use crate::runtime::{Clock, Listener};
use crate::scsi::Completion;
use crate::session::{Event, Extent, ManagementResponse, Outcome, Request, TaskManagement};
use crate::status::UnitState;

/// The events of a session, from [`Session::events`].
pub struct Events(Listener);

impl Events {
    /// Waits for the next event. `None` after the end of the session. A listener that falls behind by more than 64 events
    /// loses the oldest ones, and gets [`Event::Missed`] instead.
    ///
    /// # Cancel safety
    /// A future that is dropped has taken no event.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.next().await
    }
}

/// How far a command had got that was to be aborted, from [`PendingCommand::abort`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aborted {
    /// It was not sent, or the target has aborted it or knows nothing of it.
    Ended(Extent),
    /// It had ended before, with this completion.
    Completed(Box<Completion>),
    /// The target did not abort it: it may still be running.
    StillRunning(Option<TaskManagementResponseCode>),
}

impl Session {
    /// Requests a task management function, which overtakes all commands and data, and waits for the answer ([RFC 7143, section
    /// 11.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.5)). Commands that it ends fail with [`Error::Aborted`] before
    /// this call returns.
    ///
    /// ```no_run
    /// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
    /// use iscsi_initiator::{Lun, TaskManagement};
    /// session.manage_tasks(TaskManagement::LogicalUnitReset(Lun::ZERO)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::TaskManagement`] when the target does not carry it out or does not answer in time,
    /// [`Error::InvalidArgument`] for a function beyond the protocol level that was agreed on, [`Error::Rejected`], or the error
    /// that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the answer: the function may be carried out.
    pub async fn manage_tasks(&self, function: TaskManagement) -> Result<ManagementResponse, Error> {
        let level = self.details().completed.parameters.protocol_level;
        if function.protocol_level() > level {
            return Err(Error::InvalidArgument(format!(
                "{} needs iSCSIProtocolLevel {}, and the session has {level}",
                function.name(),
                function.protocol_level()
            )));
        }
        let name = function.name();
        match self.request(Request::management(function)).await?.outcome().await? {
            Outcome::Managed(response) => checked(function, response),
            Outcome::Rejected(reason) => Err(Error::Rejected { request: name, reason }),
            Outcome::NoSession => Err(Error::NoSession { request: name }),
            _ => Err(wrong_answer(name)),
        }
    }

    /// Has all commands of this session aborted by ABORT TASK, also those whose futures were dropped, and waits for the
    /// answers. The commands fail with [`Error::Aborted`], unless they end before or the target refuses.
    ///
    /// # Errors
    /// The error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the aborts under way.
    pub async fn abort_all(&self) -> Result<(), Error> {
        for function in self.link().abort_all() {
            function.outcome().await?;
        }
        Ok(())
    }

    /// Pings the target, and returns the time until its answer ([RFC 7143, section
    /// 11.18](https://www.rfc-editor.org/rfc/rfc7143#section-11.18)). Data beyond the longest segment of either side are cut off.
    ///
    /// # Errors
    /// The error that ended the session: a target that does not answer within
    /// [`Config::noop_out_timeout`](crate::Config::noop_out_timeout) counts as lost.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the answer.
    pub async fn ping(&self, data: impl Into<Bytes>) -> Result<Duration, Error> {
        const NAME: &str = "ping";
        let clock = Clock::start();
        match self.request(Request::ping(data.into())).await?.outcome().await? {
            Outcome::Pong => Ok(clock.now()),
            Outcome::Rejected(reason) => Err(Error::Rejected { request: NAME, reason }),
            Outcome::NoSession => Err(Error::NoSession { request: NAME }),
            _ => Err(wrong_answer(NAME)),
        }
    }

    /// Returns the events that the target reports from now on, and up to 64 from before the first call ([RFC 7143, section
    /// 11.9](https://www.rfc-editor.org/rfc/rfc7143#section-11.9)).
    #[must_use]
    pub fn events(&self) -> Events {
        Events(self.link().listen())
    }

    /// Returns what the session has learned of a logical unit.
    #[must_use]
    pub fn unit_state(&self, lun: Lun) -> UnitState {
        UnitState { queue_depth: self.link().queue_depth(lun), ..self.units().get(lun) }
    }
}

impl PendingCommand {
    /// Has the command aborted by ABORT TASK, and waits until it is known how far it got.
    ///
    /// # Errors
    /// [`Error::Rejected`], or the error that ended the session.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the abort under way, and abandons the result.
    pub async fn abort(self) -> Result<Aborted, Error> {
        let answer = match self.reply.abort() {
            None => None,
            Some(request) => match request.outcome().await? {
                Outcome::Managed(response) => response.map(|response| response.code),
                Outcome::Rejected(reason) => return Err(Error::Rejected { request: "ABORT TASK", reason }),
                // The command waits for another session, too, which will not get it: nobody waits for it any more.
                Outcome::NoSession => None,
                _ => return Err(wrong_answer("ABORT TASK")),
            },
        };
        match self.reply.now().map(Outcome::with_data) {
            Some(Outcome::Aborted(abort)) => Ok(Aborted::Ended(abort.extent)),
            Some(Outcome::Good(data)) => {
                Ok(Aborted::Completed(Box::new(Completion { data: data.freeze(), ..Completion::good() })))
            }
            Some(Outcome::Scsi(ended, _)) => Ok(Aborted::Completed(Box::new(ended.completion))),
            Some(Outcome::TargetFailure(response)) => {
                Err(Error::TargetFailure { command: self.name, response })
            }
            Some(Outcome::Rejected(reason)) => Err(Error::Rejected { request: self.name, reason }),
            _ => Ok(Aborted::StillRunning(answer)),
        }
    }
}

/// The answer to a function that was carried out. A task that does not exist need not be aborted.
fn checked(
    function: TaskManagement,
    response: Option<ManagementResponse>,
) -> Result<ManagementResponse, Error> {
    let is_carried_out = |response: &ManagementResponse| match response.code {
        TaskManagementResponseCode::FUNCTION_COMPLETE | TaskManagementResponseCode::FUNCTION_SUCCEEDED => {
            true
        }
        TaskManagementResponseCode::TASK_DOES_NOT_EXIST => matches!(function, TaskManagement::AbortTask(_)),
        _ => false,
    };
    let code = response.map(|response| response.code);
    let failed = Error::TaskManagement { function: function.name(), response: code };
    response.filter(is_carried_out).ok_or(failed)
}
