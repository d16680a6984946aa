//! SCSI Data-Out and Ready To Transfer (RFC 7143, 11.7 and 11.8).

use iscsi_pdu::{DataOut, InitiatorTaskTag, Lun, R2t, ScsiCommand, TargetPdu};

use super::answer::{Answer, UNNUMBERED};
use super::command::Task;
use super::fault::Fault;
use super::session::Session;
use super::shared::Shared;
use super::write_task::WriteTask;

/// Writes at a time: a window of ordinary commands and as many immediate ones.
const MOST_WRITES: usize = 128;

impl Session {
    /// Takes the immediate data and asks for the rest.
    pub(super) fn begin_write(
        &mut self,
        shared: &mut Shared,
        mut task: Task,
        command: &ScsiCommand,
    ) -> Result<(), Fault> {
        let most = MOST_WRITES.max(2 * usize::try_from(shared.config.window).unwrap_or_default());
        if self.tasks.len() >= most {
            return Err(Fault::violation("more immediate commands than any window holds"));
        }
        if !command.data.is_empty() {
            shared.report.commands_with_immediate_data += 1;
        }
        let itt = task.request.itt;
        self.aborted.retain(|aborted| aborted.0 != itt);
        if let Some(write) = task.write.as_mut().filter(|write| !write.is_complete()) {
            write.keep(&command.data);
            self.tasks.insert(itt, task);
            self.solicit(shared, itt);
        } else {
            let data = task.write.as_ref().map(|write| write.take(&command.data)).unwrap_or_default();
            self.start(shared, task, data);
        }
        Ok(())
    }

    pub(super) fn data_out(&mut self, shared: &mut Shared, pdu: &DataOut) -> Result<(), Fault> {
        self.check_exp_stat_sn(shared, pdu.exp_stat_sn);
        let Some(write) = self.tasks.get_mut(&pdu.itt).and_then(|task| task.write.as_mut()) else {
            return self.late_data_out(pdu);
        };
        write.receive(pdu)?;
        if !pdu.ttt.is_valid() {
            shared.report.unsolicited_data_outs += 1;
            if pdu.lun != Lun::ZERO {
                shared.note(&Fault::violation("unsolicited Data-Out with a LUN (11.7.4)"));
            }
        }
        self.advance_write(shared, pdu.itt);
        Ok(())
    }

    /// Discards the data of a task that was aborted or has failed: they may answer R2Ts that were under way.
    fn late_data_out(&mut self, pdu: &DataOut) -> Result<(), Fault> {
        let aborted = self.aborted.iter_mut().find(|aborted| aborted.0 == pdu.itt);
        let Some(write) = aborted.and_then(|(_, task)| task.write.as_mut()) else {
            return Err(Fault::ProtocolViolation(format!("Data-Out for unknown {:?} (7.13)", pdu.itt)));
        };
        write.receive(pdu)?;
        if !write.awaits_data() {
            self.aborted.retain(|aborted| aborted.0 != pdu.itt);
            self.release_pending();
        }
        Ok(())
    }

    /// Executes a write that is complete, or asks for more.
    fn advance_write(&mut self, shared: &mut Shared, itt: InitiatorTaskTag) {
        let is_complete = |task: &Task| task.write.as_ref().is_some_and(WriteTask::is_complete);
        if !self.tasks.get(&itt).is_some_and(is_complete) {
            return self.solicit(shared, itt);
        }
        let Some(mut task) = self.tasks.remove(&itt) else { return };
        let data = task.write.as_mut().map(|write| std::mem::take(&mut write.data)).unwrap_or_default();
        self.start(shared, task, &data);
    }

    /// Sends the R2Ts that may go.
    fn solicit(&mut self, shared: &mut Shared, itt: InitiatorTaskTag) {
        loop {
            let ttt = self.next_ttt();
            let Some(task) = self.tasks.get_mut(&itt) else { return };
            let lun = task.request.lun;
            let Some(asked) = task.write.as_mut().and_then(|write| write.solicit(ttt)) else { return };
            shared.report.r2ts += 1;
            self.answer(Answer::Pdu(TargetPdu::R2t(R2t {
                lun,
                itt,
                ttt: asked.ttt,
                numbers: UNNUMBERED,
                r2t_sn: asked.r2t_sn,
                buffer_offset: asked.offset,
                desired_data_transfer_length: asked.length,
            })));
        }
    }
}
