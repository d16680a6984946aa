//! SCSI Command, and the task that it creates (RFC 7143, 11.3).

use std::time::Duration;

use iscsi_pdu::{InitiatorTaskTag, Lun, ScsiCommand, SerialNumber};

use super::Sense;
use super::answer::{Residual, Residuals, Transfer, response};
use super::cdb::{Cdb, operation};
use super::connection::segment_limit;
use super::fault::Fault;
use super::scsi::{self, Plan};
use super::session::Session;
use super::shared::Shared;
use super::write_task::WriteTask;

/// A command without its data.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) itt: InitiatorTaskTag,
    pub(super) lun: Lun,
    pub(super) cmd_sn: SerialNumber,
    /// True if the command takes a place in the command window.
    holds_window: bool,
    pub(super) cdb: Cdb,
    /// Bytes that the initiator expects to receive.
    expected: u32,
}

impl Request {
    fn new(command: &ScsiCommand) -> Self {
        Self {
            itt: command.itt,
            lun: command.lun,
            cmd_sn: command.cmd_sn,
            holds_window: !command.immediate,
            cdb: Cdb::new(command.cdb),
            expected: read_length(command),
        }
    }
}

/// A command that is not finished.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) request: Request,
    pub(super) plan: Plan,
    /// The data from the initiator, of a command that takes some.
    pub(super) write: Option<WriteTask>,
    /// The time at which it has been served; `None` while data are missing.
    pub(super) due: Option<Duration>,
}

impl Task {
    /// The residual counts of a task that has moved nothing.
    fn unmoved(&self) -> Residuals {
        let read = self.request.expected;
        let Some(write) = &self.write else { return Residuals::new(0, read) };
        Residuals::new(0, write.expected).with_read(0, read)
    }
}

const fn is_bidirectional(command: &ScsiCommand) -> bool {
    command.read && command.write
}

/// The bytes that the initiator expects to receive.
fn read_length(command: &ScsiCommand) -> u32 {
    if is_bidirectional(command) {
        return command.additional_headers.bidirectional_read_length().unwrap_or_default();
    }
    if command.read { command.expected_data_transfer_length } else { 0 }
}

impl Session {
    pub(super) fn command(&mut self, shared: &mut Shared, command: &ScsiCommand) -> Result<(), Fault> {
        self.check_command(command)?;
        if !self.admit(shared, command.immediate, command.cmd_sn, command.exp_stat_sn)? {
            return Ok(());
        }
        let request = Request::new(command);
        let plan = self.plan(shared, &request);
        if request.holds_window {
            self.window.open();
        }
        if command.write {
            let write = WriteTask::new(command, &plan, &self.parameters)?;
            return self.begin_write(shared, Task { request, plan, write: Some(write), due: None }, command);
        }
        // Without the W bit there is nothing to write from.
        let plan = if plan.length_out() > 0 { Plan::Check(Sense::INCORRECT_AMOUNT_OF_DATA) } else { plan };
        self.start(shared, Task { request, plan, write: None, due: None }, &[]);
        Ok(())
    }

    /// Checks everything that does not depend on the logical unit (11.3.1, 13.10, 13.11, 13.14).
    fn check_command(&self, command: &ScsiCommand) -> Result<(), Fault> {
        let parameters = &self.parameters;
        let immediate = command.data.len();
        let expected = segment_limit(command.expected_data_transfer_length);
        let first_burst = segment_limit(parameters.first_burst_length);
        let rule = if self.target.is_none() {
            "SCSI Command in a discovery session (4.3)"
        } else if !command.itt.is_valid() {
            "SCSI Command with the reserved task tag (11.2.1.8)"
        } else if self.is_tag_in_use(command.itt) {
            "SCSI Command with the tag of a live task (11.2.1.8)"
        } else if is_bidirectional(command)
            && command.additional_headers.bidirectional_read_length().is_none()
        {
            "bidirectional SCSI Command without the length of its read (11.3.4)"
        } else if !command.write && !command.is_final {
            "neither W nor F set in a SCSI Command (11.3.1)"
        } else if immediate > 0 && (!command.write || !parameters.immediate_data) {
            "immediate data where there may be none (13.11)"
        } else if immediate > expected || immediate > first_burst {
            "more immediate data than the command or the first burst has (13.14)"
        } else if !command.is_final && parameters.initial_r2t {
            "unsolicited data announced under InitialR2T=Yes (13.10)"
        } else if !command.is_final && immediate >= expected.min(first_burst) {
            "unsolicited data announced beyond the first burst (11.3.1)"
        } else {
            return Ok(());
        };
        Err(Fault::violation(rule))
    }

    fn plan(&mut self, shared: &Shared, request: &Request) -> Plan {
        let Request { cdb, lun, .. } = request;
        if !scsi::passes_unit_attention(cdb.operation())
            && let Some(sense) = self.take_attention(*lun)
        {
            return match cdb.operation() {
                operation::REQUEST_SENSE => scsi::request_sense(sense, cdb),
                _ => Plan::Check(sense),
            };
        }
        let target = self.target.and_then(|at| shared.targets.get(at).zip(shared.config.targets.get(at)));
        match target {
            Some((units, target)) => units.plan(&target.name, *lun, cdb, &self.port),
            None => Plan::Check(Sense::UNIT_NOT_SUPPORTED),
        }
    }

    /// Executes a command whose data are there, at once or when its service time is over.
    pub(super) fn start(&mut self, shared: &mut Shared, mut task: Task, data: &[u8]) {
        let time = shared.service_time(task.request.cdb.operation());
        if time.is_zero() {
            return self.finish(shared, &task, data);
        }
        task.due = Some(shared.now + time);
        if let Some(write) = &mut task.write {
            write.data = data.to_vec();
        }
        self.tasks.insert(task.request.itt, task);
    }

    /// Executes the tasks whose service time is over.
    pub(super) fn finish_due(&mut self, shared: &mut Shared) {
        while let Some(itt) = self.first_due(shared.now) {
            let Some(mut task) = self.tasks.remove(&itt) else { return };
            let data = task.write.as_mut().map(|write| std::mem::take(&mut write.data)).unwrap_or_default();
            self.finish(shared, &task, &data);
        }
    }

    /// The first task that is due, in the order of time and then of arrival.
    fn first_due(&self, now: Duration) -> Option<InitiatorTaskTag> {
        let due = |task: &Task| task.due.filter(|due| *due <= now);
        let next = self.numbers().exp_cmd_sn;
        let tasks = self.tasks.iter().filter_map(|(itt, task)| Some((due(task)?, *itt, task)));
        let order = |&(due, itt, task): &(Duration, InitiatorTaskTag, &Task)| {
            (due, u32::MAX - task.request.cmd_sn.distance_to(next), itt)
        };
        tasks.min_by_key(order).map(|first| first.1)
    }

    /// Executes a command, and answers it.
    fn finish(&mut self, shared: &mut Shared, task: &Task, data: &[u8]) {
        self.close_window(task);
        let Task { request, plan, write, .. } = task;
        let rejection = write.as_ref().and_then(|write| write.rejection);
        let executed = match (rejection, self.target) {
            (Some(rejection), _) => Err(rejection),
            (None, Some(target)) => shared.execute(target, request, plan, &self.port, data),
            (None, None) => return,
        };
        let answer = match (executed, write) {
            (Ok(source), None) => Transfer::new(request.itt, request.lun, source, request.expected)
                .into_answer(&self.parameters, shared.config.status_in_data_in),
            // The status comes by itself: a Data-In has no place for two residual counts.
            (Ok(source), Some(write)) => Transfer::new(request.itt, request.lun, source, request.expected)
                .after_write(Residual::new(plan.length_out(), write.expected), write.r2ts())
                .into_answer(&self.parameters, false),
            (Err(rejection), _) => response(request.itt, Some(rejection), task.unmoved(), 0),
        };
        self.answer(answer);
    }

    /// Ends a task without its execution.
    pub(super) fn fail(&mut self, task: &Task, sense: Sense) {
        self.close_window(task);
        self.answer(response(task.request.itt, Some(scsi::Rejection::Check(sense)), task.unmoved(), 0));
    }

    pub(super) fn close_window(&mut self, task: &Task) {
        if task.request.holds_window {
            self.window.close();
        }
    }
}
