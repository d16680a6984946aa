//! Task management functions and their effect on the tasks they name ([RFC 7143, section
//! 11.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.5); [RFC 7144, section
//! 6.3](https://www.rfc-editor.org/rfc/rfc7144#section-6.3)).

use std::time::Duration;

use iscsi_pdu::{
    InitiatorTaskTag, Lun, SerialNumber, TaskManagementFunction, TaskManagementRequest,
    TaskManagementResponse, TaskManagementResponseCode,
};

use super::failure::Failure;
use super::request::{Abort, AbortCause, Extent, Kind, Outcome, Request};
use super::state::SessionState;

/// A task management function with the task or the logical unit that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskManagement {
    /// Aborts a task of this session.
    AbortTask(InitiatorTaskTag),
    /// Aborts all tasks of this session on the logical unit.
    AbortTaskSet(Lun),
    /// Clears the auto contingent allegiance condition of the logical unit.
    ClearAca(Lun),
    /// Aborts all tasks in the task set of the logical unit.
    ClearTaskSet(Lun),
    /// Resets the logical unit.
    LogicalUnitReset(Lun),
    /// Resets all logical units of the target.
    TargetWarmReset,
    /// Resets the target, which ends all its sessions.
    TargetColdReset,
    /// Asks whether a task of this session exists. Protocol level 2.
    QueryTask(InitiatorTaskTag),
    /// Asks whether any task of this session exists on the logical unit. Protocol level 2.
    QueryTaskSet(Lun),
    /// Asks whether the logical unit has a unit attention to report. Protocol level 2.
    QueryAsynchronousEvent(Lun),
    /// Ends the session as a reset of the initiator would. Protocol level 2.
    ItNexusReset,
}

impl TaskManagement {
    /// Returns the name in SAM.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AbortTask(_) => "ABORT TASK",
            Self::AbortTaskSet(_) => "ABORT TASK SET",
            Self::ClearAca(_) => "CLEAR ACA",
            Self::ClearTaskSet(_) => "CLEAR TASK SET",
            Self::LogicalUnitReset(_) => "LOGICAL UNIT RESET",
            Self::TargetWarmReset => "TARGET WARM RESET",
            Self::TargetColdReset => "TARGET COLD RESET",
            Self::QueryTask(_) => "QUERY TASK",
            Self::QueryTaskSet(_) => "QUERY TASK SET",
            Self::QueryAsynchronousEvent(_) => "QUERY ASYNCHRONOUS EVENT",
            Self::ItNexusReset => "I_T NEXUS RESET",
        }
    }

    /// The least `iSCSIProtocolLevel` of the function (RFC 7144, 4.1).
    #[must_use]
    pub const fn protocol_level(self) -> u8 {
        match self {
            Self::QueryTask(_)
            | Self::QueryTaskSet(_)
            | Self::QueryAsynchronousEvent(_)
            | Self::ItNexusReset => 2,
            _ => 1,
        }
    }

    const fn code(self) -> TaskManagementFunction {
        match self {
            Self::AbortTask(_) => TaskManagementFunction::ABORT_TASK,
            Self::AbortTaskSet(_) => TaskManagementFunction::ABORT_TASK_SET,
            Self::ClearAca(_) => TaskManagementFunction::CLEAR_ACA,
            Self::ClearTaskSet(_) => TaskManagementFunction::CLEAR_TASK_SET,
            Self::LogicalUnitReset(_) => TaskManagementFunction::LOGICAL_UNIT_RESET,
            Self::TargetWarmReset => TaskManagementFunction::TARGET_WARM_RESET,
            Self::TargetColdReset => TaskManagementFunction::TARGET_COLD_RESET,
            Self::QueryTask(_) => TaskManagementFunction::QUERY_TASK,
            Self::QueryTaskSet(_) => TaskManagementFunction::QUERY_TASK_SET,
            Self::QueryAsynchronousEvent(_) => TaskManagementFunction::QUERY_ASYNCHRONOUS_EVENT,
            Self::ItNexusReset => TaskManagementFunction::I_T_NEXUS_RESET,
        }
    }

    /// The task that it refers to (TMF-01).
    const fn task(self) -> Option<InitiatorTaskTag> {
        match self {
            Self::AbortTask(itt) | Self::QueryTask(itt) => Some(itt),
            _ => None,
        }
    }

    /// The logical unit that it names by itself.
    const fn lun(self) -> Option<Lun> {
        match self {
            Self::AbortTaskSet(lun)
            | Self::ClearAca(lun)
            | Self::ClearTaskSet(lun)
            | Self::LogicalUnitReset(lun)
            | Self::QueryTaskSet(lun)
            | Self::QueryAsynchronousEvent(lun) => Some(lun),
            _ => None,
        }
    }

    /// The tasks that end with it once it is complete (TMF-13, TMF-16).
    const fn scope(self) -> Scope {
        match self {
            Self::AbortTask(itt) => Scope::Task(itt),
            Self::AbortTaskSet(lun) | Self::ClearTaskSet(lun) | Self::LogicalUnitReset(lun) => {
                Scope::Unit(lun)
            }
            Self::TargetWarmReset | Self::TargetColdReset | Self::ItNexusReset => Scope::All,
            Self::ClearAca(_)
            | Self::QueryTask(_)
            | Self::QueryTaskSet(_)
            | Self::QueryAsynchronousEvent(_) => Scope::None,
        }
    }
}

/// The tasks that a function ends.
#[derive(Clone, Copy)]
enum Scope {
    None,
    Task(InitiatorTaskTag),
    Unit(Lun),
    All,
}

impl Scope {
    /// Whether it includes a request: a command for this unit, or, without a unit, none.
    fn includes(self, itt: InitiatorTaskTag, lun: Option<Lun>) -> bool {
        match self {
            Self::None => false,
            Self::Task(named) => itt == named,
            Self::Unit(named) => lun == Some(named),
            Self::All => lun.is_some(),
        }
    }
}

/// The answer to a task management function
/// ([RFC 7143, section 11.6.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.6.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManagementResponse {
    /// The code.
    pub code: TaskManagementResponseCode,
    /// Additional response information of a query (RFC 7144, 6.4.2).
    pub additional_information: [u8; 3],
}

impl SessionState {
    /// The request of a task management function, which is immediate: it overtakes commands and data (NUM-03). A function
    /// whose task is no command that was sent ends at once, as the target would answer it: nothing could be named as its
    /// `RefCmdSN` (TMF-02), and none is about another function (TMF-14).
    pub(super) fn management_request(&mut self, itt: InitiatorTaskTag) -> Option<TaskManagementRequest> {
        let cmd_sn = self.window.current();
        let Kind::Management(function) = self.requests.begin(itt, cmd_sn, self.position)?.0 else {
            return None;
        };
        let task = function.task();
        let ref_cmd_sn = task.and_then(|task| self.requests.cmd_sn(task));
        let lun = task.map_or_else(|| function.lun(), |task| self.requests.lun(task));
        if task.is_some() && (ref_cmd_sn.is_none() || lun.is_none()) {
            let code = match function {
                TaskManagement::QueryTask(_) => TaskManagementResponseCode::FUNCTION_COMPLETE,
                _ => TaskManagementResponseCode::TASK_DOES_NOT_EXIST,
            };
            let response = ManagementResponse { code, additional_information: [0; 3] };
            self.finish(itt, |_| Outcome::Managed(Some(response)));
            self.end_escalation(itt);
            return None;
        }
        Some(TaskManagementRequest {
            immediate: true,
            function: function.code(),
            lun: lun.unwrap_or(Lun::ZERO),
            itt,
            referenced_task_tag: task.unwrap_or(InitiatorTaskTag::RESERVED),
            cmd_sn,
            exp_stat_sn: self.status.expected(),
            ref_cmd_sn: ref_cmd_sn.unwrap_or(SerialNumber(0)),
            exp_data_sn: SerialNumber(0),
        })
    }

    /// Takes the answer to a task management function: once it is complete, nothing of the tasks that it covers reaches a
    /// caller (TMF-08, TMF-13).
    pub(super) fn management_response(
        &mut self,
        pdu: &TaskManagementResponse,
        now: Duration,
    ) -> Result<(), Failure> {
        const NAME: &str = "Task Management Response";
        if !self.counts(NAME, pdu.numbers.stat_sn, pdu.itt)? {
            return Ok(());
        }
        let Some((function, before)) = self.requests.sent_management(pdu.itt) else {
            return self.stray(NAME, pdu.itt);
        };
        let extent = match pdu.response {
            TaskManagementResponseCode::FUNCTION_COMPLETE => Some(Extent::Aborted),
            // Of a function for many tasks this answer says nothing about them: they may go on.
            TaskManagementResponseCode::TASK_DOES_NOT_EXIST if function.task().is_some() => {
                Some(Extent::Unknown)
            }
            _ => None,
        };
        if let Some(extent) = extent {
            for task in self.covered(function.scope(), before) {
                let cause = self.cause_of((pdu.itt, function), task);
                self.conclude(task, Abort { cause, extent });
            }
        }
        self.note_aborts(function, false);
        let response =
            ManagementResponse { code: pdu.response, additional_information: pdu.additional_information };
        self.restore_repeats();
        self.finish(pdu.itt, |_| Outcome::Managed(Some(response)));
        self.answered(pdu.itt, now);
        Ok(())
    }

    /// Takes note of the tasks that a function is about to end, or no longer is: should its answer be lost with the session, none
    /// of them is sent again.
    pub(super) fn note_aborts(&mut self, function: TaskManagement, is_under_way: bool) {
        let scope = function.scope();
        for itt in self.requests.open_in_order() {
            let is_known = self.requests.cmd_sn(itt).is_some() || self.requests.is_touched(itt);
            if is_known && scope.includes(itt, self.requests.lun(itt)) {
                self.requests.note_abort(itt, is_under_way);
            }
        }
    }

    /// The tasks that a function covers which was sent with this number.
    fn covered(&self, scope: Scope, before: SerialNumber) -> Vec<InitiatorTaskTag> {
        let is_covered = |itt: &InitiatorTaskTag| {
            let is_before = self.requests.cmd_sn(*itt).is_some_and(|cmd_sn| cmd_sn.precedes(before));
            is_before && scope.includes(*itt, self.requests.lun(*itt))
        };
        self.requests.open_in_order().into_iter().filter(is_covered).collect()
    }

    /// Ends a task that the target has ended without a status. Whatever comes for it from now on is dropped.
    pub(super) fn conclude(&mut self, itt: InitiatorTaskTag, abort: Abort) {
        self.finish(itt, |_| Outcome::Aborted(abort));
        self.stray_tags.add(itt);
    }

    /// Aborts a command for a caller: a command that was not sent ends at once; for another, the tag of an ABORT TASK is
    /// returned, whose outcome says how far it went.
    pub fn abort(&mut self, itt: InitiatorTaskTag, now: Duration) -> Option<InitiatorTaskTag> {
        let itt = self.requests.current_tag(itt);
        if !matches!(self.requests.get(itt)?.0, Kind::Scsi(_)) {
            return None;
        }
        if self.withdraw(itt, AbortCause::Requested("ABORT TASK")) {
            return None;
        }
        Some(self.submit_since(Request::management(TaskManagement::AbortTask(itt)), now))
    }

    /// Aborts all commands for a caller, like [`Self::abort`]. Returns the tags of the ABORT TASKs.
    pub fn abort_all(&mut self, now: Duration) -> Vec<InitiatorTaskTag> {
        let open = self.requests.open_in_order();
        open.into_iter().filter_map(|itt| self.abort(itt, now)).collect()
    }

    /// Ends a command that waits to be sent; false for any other. A session before this one may have sent it.
    pub(super) fn withdraw(&mut self, itt: InitiatorTaskTag, cause: AbortCause) -> bool {
        let is_queued = self.backlog.remove(itt) || self.is_kept(itt);
        if is_queued {
            let extent = if self.requests.is_touched(itt) { Extent::Unknown } else { Extent::NotSent };
            self.finish(itt, |_| Outcome::Aborted(Abort { cause, extent }));
        }
        is_queued
    }
}
