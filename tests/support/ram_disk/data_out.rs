//! SCSI Data-Out and Ready To Transfer (RFC 7143, 11.7 and 11.8).

use iscsi_pdu::{DataOut, InitiatorTaskTag, Lun, R2t, ScsiCommand, TargetTransferTag};

use super::command::{Ending, Residual};
use super::connection::Connection;
use super::fault::Fault;
use super::session_state::WINDOW;
use super::write_task::WriteTask;

/// Writes at a time: a window of ordinary commands and as many immediate ones.
const MOST_WRITES: u32 = 2 * WINDOW;

impl Connection {
    /// Takes the immediate data and asks for the rest.
    pub(super) async fn begin_write(&mut self, task: WriteTask, command: &ScsiCommand) -> Result<(), Fault> {
        if u32::try_from(self.writes.len()).is_ok_and(|count| count >= MOST_WRITES) {
            return Err(Fault::violation("more immediate commands than any window holds"));
        }
        if task.holds_window {
            self.session.command_opened();
        }
        if !command.data.is_empty() {
            self.portal.report().commands_with_immediate_data += 1;
        }
        self.store(task.lun, task.place(0, &command.data));
        let itt = task.itt;
        self.writes.insert(task);
        self.advance_write(itt).await
    }

    pub(super) async fn data_out(&mut self, pdu: DataOut) -> Result<(), Fault> {
        self.check_exp_stat_sn(pdu.exp_stat_sn);
        let Some(task) = self.writes.get_mut(pdu.itt) else {
            if self.writes.was_aborted(pdu.itt) {
                return Ok(());
            }
            return Err(Fault::ProtocolViolation(format!("Data-Out for unknown {:?} (7.13)", pdu.itt)));
        };
        let offset = task.receive(&pdu)?;
        let (lun, place) = (task.lun, task.place(offset, &pdu.data));
        self.store(lun, place);
        if !pdu.ttt.is_valid() {
            self.note_unsolicited(&pdu);
        }
        self.advance_write(pdu.itt).await
    }

    fn note_unsolicited(&self, pdu: &DataOut) {
        self.portal.report().unsolicited_data_outs += 1;
        if pdu.lun != Lun::ZERO {
            self.portal.note(&Fault::violation("unsolicited Data-Out with a LUN (11.7.4)"));
        }
    }

    fn store(&self, lun: Lun, place: Option<(u64, &[u8])>) {
        let Some((at, data)) = place else { return };
        if let Some(disk) = self.target().and_then(|target| target.unit(lun)) {
            disk.write(at, data);
        }
        self.portal.report().bytes_written += u64::try_from(data.len()).unwrap_or_default();
    }

    /// Sends the R2Ts that may go, or the response once there is nothing to wait for.
    async fn advance_write(&mut self, itt: InitiatorTaskTag) -> Result<(), Fault> {
        loop {
            let ttt = self.next_ttt;
            let Some(task) = self.writes.get_mut(itt) else { return Ok(()) };
            let lun = task.lun;
            if task.is_complete() {
                return self.end_write(itt).await;
            }
            let Some(asked) = task.solicit(TargetTransferTag(ttt)) else { return Ok(()) };
            // All ones is reserved.
            self.next_ttt = (ttt + 1) % TargetTransferTag::RESERVED.0;
            self.portal.report().r2ts += 1;
            let r2t = R2t {
                lun,
                itt,
                ttt: asked.ttt,
                numbers: self.numbers(),
                r2t_sn: asked.r2t_sn,
                buffer_offset: asked.offset,
                desired_data_transfer_length: asked.length,
            };
            self.wire.send(r2t.encode()).await?;
        }
    }

    async fn end_write(&mut self, itt: InitiatorTaskTag) -> Result<(), Fault> {
        let Some(task) = self.writes.remove(itt) else { return Ok(()) };
        if task.holds_window {
            self.session.command_closed();
        }
        let available = match (task.check, task.extent) {
            (None, Some(extent)) => extent.length,
            _ => 0,
        };
        let residual = Residual::new(available, task.expected);
        self.respond(Ending { itt, check: task.check, residual, data_ins: 0 }).await
    }
}
