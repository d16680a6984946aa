//! Task management (RFC 7143, 11.5 and 11.6).

use iscsi_pdu::{
    TaskManagementFunction as Function, TaskManagementRequest, TaskManagementResponse,
    TaskManagementResponseCode as Code,
};

use super::Sense;
use super::connection::Connection;
use super::fault::Fault;
use super::write_task::WriteTask;

impl Connection {
    pub(super) async fn task_management(&mut self, request: TaskManagementRequest) -> Result<(), Fault> {
        if self.session.target.is_none() {
            return Err(Fault::violation("task management in a discovery session (4.3)"));
        }
        if !request.itt.is_valid() || self.is_tag_in_use(request.itt) {
            return Err(Fault::violation("task management with a tag that is not free (11.2.1.8)"));
        }
        if !self.admit(request.immediate, request.cmd_sn, request.exp_stat_sn)? {
            return Ok(());
        }
        let response = TaskManagementResponse {
            response: self.manage(&request),
            additional_information: [0; 3],
            itt: request.itt,
            numbers: self.session.status_numbers(),
        };
        self.wire.send(response.encode()).await
    }

    /// Only writes are ever under way when a request is read: every other command has ended by then.
    fn manage(&mut self, request: &TaskManagementRequest) -> Code {
        let unit_exists = self.target().is_some_and(|target| target.unit(request.lun).is_some());
        match request.function {
            Function::TARGET_WARM_RESET => {
                self.abort(|_| true);
                for lun in self.luns() {
                    self.session.raise_attention(lun, Sense::DEVICE_RESET);
                }
                Code::FUNCTION_COMPLETE
            }
            Function::TASK_REASSIGN => Code::REASSIGNMENT_NOT_SUPPORTED,
            _ if !unit_exists => Code::LUN_DOES_NOT_EXIST,
            Function::ABORT_TASK => self.abort_task(request),
            Function::ABORT_TASK_SET | Function::CLEAR_TASK_SET => {
                self.abort(|task| task.lun == request.lun);
                Code::FUNCTION_COMPLETE
            }
            Function::LOGICAL_UNIT_RESET => {
                self.abort(|task| task.lun == request.lun);
                self.session.raise_attention(request.lun, Sense::DEVICE_RESET);
                Code::FUNCTION_COMPLETE
            }
            _ => Code::FUNCTION_NOT_SUPPORTED,
        }
    }

    /// 11.6.1: an unknown task has completed if its CmdSN was received before.
    fn abort_task(&mut self, request: &TaskManagementRequest) -> Code {
        self.abort(|task| task.itt == request.referenced_task_tag && task.lun == request.lun);
        let was_received = request.ref_cmd_sn.precedes(self.numbers().exp_cmd_sn);
        if was_received { Code::FUNCTION_COMPLETE } else { Code::TASK_DOES_NOT_EXIST }
    }

    fn abort(&mut self, concerned: impl Fn(&WriteTask) -> bool) {
        for task in self.writes.abort(concerned) {
            if task.holds_window {
                self.session.command_closed();
            }
        }
    }
}
