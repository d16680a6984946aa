//! Task management (RFC 7143, 4.2.3.3, 11.5 and 11.6; RFC 7144, 6.3).

use iscsi_pdu::{
    InitiatorTaskTag, Lun, TargetPdu, TaskManagementFunction as Function, TaskManagementRequest,
    TaskManagementResponse, TaskManagementResponseCode as Code,
};

use super::Sense;
use super::answer::{Answer, UNNUMBERED};
use super::command::Task;
use super::effect::{Effect, Scope, Sessions};
use super::fault::Fault;
use super::session::Session;
use super::shared::Shared;
use super::write_task::WriteTask;

/// The number of aborted and failed tasks for which late data is accepted and discarded.
const MOST_ABORTED: usize = 64;

/// Task management requests that may wait for their responses.
const MOST_PENDING: usize = 16;

/// A response with its additional information.
type Response = (Code, [u8; 3]);

/// A response that waits for the data of aborted tasks.
#[derive(Clone)]
pub(super) struct Pending {
    itt: InitiatorTaskTag,
    response: Response,
    awaited: Vec<InitiatorTaskTag>,
}

impl Session {
    pub(super) fn task_management(
        &mut self,
        shared: &mut Shared,
        request: &TaskManagementRequest,
    ) -> Result<(), Fault> {
        let Some(target) = self.target else {
            return Err(Fault::violation("task management in a discovery session (4.3)"));
        };
        if self.pending.len() >= MOST_PENDING {
            return Err(Fault::violation(
                "more task management requests than wait for their responses at a time",
            ));
        }
        let is_pending = self.pending.iter().any(|pending| pending.itt == request.itt);
        if !request.itt.is_valid() || is_pending || self.is_tag_in_use(request.itt) {
            return Err(Fault::violation("task management with a tag that is not free (11.2.1.8)"));
        }
        if !self.admit(shared, request.immediate, request.cmd_sn, request.exp_stat_sn)? {
            return Ok(());
        }
        let earlier = self.late_tasks();
        let code = self.manage(shared, target, request);
        let response = (code, self.additional_information(code, request));
        let mut awaited = self.late_tasks();
        // Only functions that end several tasks wait, and only for those (4.2.3.3); no data come through a closed connection.
        let waits = !matches!(request.function, Function::ABORT_TASK | Function::I_T_NEXUS_RESET);
        awaited.retain(|itt| waits && !earlier.contains(itt));
        self.pending.push_back(Pending { itt: request.itt, response, awaited });
        self.release_pending();
        Ok(())
    }

    fn manage(&mut self, shared: &mut Shared, target: usize, request: &TaskManagementRequest) -> Code {
        let unit_exists = shared.targets.get(target).is_some_and(|units| units.get(request.lun).is_some());
        let is_level_2 = self.parameters.protocol_level >= 2;
        match request.function {
            Function::TARGET_WARM_RESET => {
                self.reset(shared, target, None);
                Code::FUNCTION_COMPLETE
            }
            Function::TARGET_COLD_RESET => {
                shared.effects.push(Effect::EndSessions(target));
                shared.restart();
                Code::FUNCTION_COMPLETE
            }
            Function::I_T_NEXUS_RESET if is_level_2 => {
                self.abort(|_| true);
                shared.effects.push(Effect::LoseNexus(shared.current));
                Code::FUNCTION_COMPLETE
            }
            Function::TASK_REASSIGN => Code::REASSIGNMENT_NOT_SUPPORTED,
            _ if !unit_exists => Code::LUN_DOES_NOT_EXIST,
            Function::ABORT_TASK => self.abort_task(request),
            Function::ABORT_TASK_SET => {
                self.abort(|task| task.request.lun == request.lun);
                Code::FUNCTION_COMPLETE
            }
            Function::CLEAR_TASK_SET => {
                self.abort(|task| task.request.lun == request.lun);
                let scope = others(shared, target, Some(request.lun));
                shared.effects.push(Effect::Abort(scope, Some(Sense::COMMANDS_CLEARED)));
                Code::FUNCTION_COMPLETE
            }
            Function::LOGICAL_UNIT_RESET => {
                self.reset(shared, target, Some(request.lun));
                Code::FUNCTION_COMPLETE
            }
            Function::QUERY_TASK if is_level_2 => {
                self.query(|itt, lun| itt == request.referenced_task_tag && lun == request.lun)
            }
            Function::QUERY_TASK_SET if is_level_2 => self.query(|_, lun| lun == request.lun),
            Function::QUERY_ASYNCHRONOUS_EVENT if is_level_2 => match self.pending_attentions(request.lun) {
                Some(_) => Code::FUNCTION_SUCCEEDED,
                None => Code::FUNCTION_COMPLETE,
            },
            _ => Code::FUNCTION_NOT_SUPPORTED,
        }
    }

    /// The condition that QUERY ASYNCHRONOUS EVENT has found: whether there are more, and its sense codes (SAM-5).
    fn additional_information(&self, code: Code, request: &TaskManagementRequest) -> [u8; 3] {
        const ONE: u8 = 1 << 4;
        const SEVERAL: u8 = 2 << 4;
        let is_query = request.function == Function::QUERY_ASYNCHRONOUS_EVENT;
        match self.pending_attentions(request.lun).filter(|_| is_query && code == Code::FUNCTION_SUCCEEDED) {
            Some((Sense { key, asc, ascq }, 1)) => [ONE | key, asc, ascq],
            Some((Sense { key, asc, ascq }, _)) => [SEVERAL | key, asc, ascq],
            None => [0; 3],
        }
    }

    /// Ends the tasks of one unit or all, in all sessions, which learn about it.
    fn reset(&mut self, shared: &mut Shared, target: usize, lun: Option<Lun>) {
        self.abort(|task| lun.is_none_or(|lun| task.request.lun == lun));
        if let Some(units) = shared.targets.get_mut(target) {
            units.end_unit_reservations(lun, None);
        }
        let scope = others(shared, target, lun);
        let everywhere = Scope { sessions: Sessions::All, ..scope.clone() };
        shared.effects.push(Effect::Abort(scope, None));
        shared.effects.push(Effect::Raise(everywhere, Sense::DEVICE_RESET));
    }

    /// 11.6.1: an unknown task whose number may still come counts as received, any other does not exist.
    fn abort_task(&mut self, request: &TaskManagementRequest) -> Code {
        let (tag, lun) = (request.referenced_task_tag, request.lun);
        if self.query(|itt, task_lun| itt == tag && task_lun == lun) == Code::FUNCTION_SUCCEEDED {
            self.abort(|task| task.request.itt == tag);
            self.answers().retain(|answer| answer.command() != Some(tag));
            return Code::FUNCTION_COMPLETE;
        }
        let is_before = request.ref_cmd_sn.precedes(request.cmd_sn);
        if !is_before || !self.window.contains(request.ref_cmd_sn) {
            return Code::TASK_DOES_NOT_EXIST;
        }
        if request.ref_cmd_sn == self.window.next() {
            self.window.take();
        }
        Code::FUNCTION_COMPLETE
    }

    /// Looks for a task that is not finished, or has not sent all its data.
    fn query(&mut self, wanted: impl Fn(InitiatorTaskTag, Lun) -> bool) -> Code {
        let is_task = self.tasks.values().any(|task| wanted(task.request.itt, task.request.lun));
        let is_sending = |answer: &Answer| match answer {
            Answer::Transfer(transfer) => wanted(transfer.itt, transfer.lun),
            Answer::Pdu(_) => false,
        };
        if is_task || self.answers().iter().any(is_sending) {
            return Code::FUNCTION_SUCCEEDED;
        }
        Code::FUNCTION_COMPLETE
    }

    /// Ends tasks without a response, and says whether there were any. Data already under way are accepted and discarded.
    pub(super) fn abort(&mut self, concerned: impl Fn(&Task) -> bool) -> bool {
        let ended: Vec<_> = self.tasks.extract_if(.., |_, task| concerned(task)).collect();
        let any = !ended.is_empty();
        for (itt, task) in ended {
            self.close_window(&task);
            self.expect_late_data(itt, task);
        }
        any
    }

    /// Ends tasks with CHECK CONDITION. Data already under way are accepted and discarded.
    pub(super) fn fail_tasks(&mut self, concerned: impl Fn(&Task) -> bool, sense: Sense) {
        let ended: Vec<_> = self.tasks.extract_if(.., |_, task| concerned(task)).collect();
        for (itt, task) in ended {
            self.fail(&task, sense);
            self.expect_late_data(itt, task);
        }
    }

    /// Remembers an ended task if its initiator may still send data, which answer an R2T or are unsolicited.
    fn expect_late_data(&mut self, itt: InitiatorTaskTag, task: Task) {
        if !task.write.as_ref().is_some_and(WriteTask::awaits_data) {
            return;
        }
        if self.aborted.len() >= MOST_ABORTED {
            self.aborted.pop_front();
        }
        self.aborted.push_back((itt, task));
    }

    fn late_tasks(&self) -> Vec<InitiatorTaskTag> {
        self.aborted.iter().map(|aborted| aborted.0).collect()
    }

    /// Sends the responses that wait for no data any more, in order (4.2.3.3).
    pub(super) fn release_pending(&mut self) {
        while let Some(first) = self.pending.front() {
            if first.awaited.iter().any(|itt| self.aborted.iter().any(|aborted| aborted.0 == *itt)) {
                return;
            }
            let Pending { itt, response: (response, additional_information), .. } = *first;
            self.pending.pop_front();
            self.answer(Answer::Pdu(TargetPdu::TaskManagementResponse(TaskManagementResponse {
                response,
                additional_information,
                itt,
                numbers: UNNUMBERED,
            })));
        }
    }
}

fn others(shared: &Shared, target: usize, lun: Option<Lun>) -> Scope {
    Scope { target, lun, sessions: Sessions::AllBut(shared.current) }
}
