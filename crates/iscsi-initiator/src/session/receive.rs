//! Effects of the target's PDUs on a session.

use std::time::Duration;

use bytes::BytesMut;
use iscsi_login::Deviation;
use iscsi_pdu::{
    DataIn, InitiatorTaskTag, LogoutResponse, R2t, ScsiResponse, ScsiResponseCode, ScsiStatus,
    SequenceNumbers, SerialNumber, TargetPdu, TextResponse,
};

use super::failure::{Failure, ProtocolError};
use super::request::{Kind, Outcome};
use super::state::SessionState;
use super::status_numbers::Arrival;
use super::task::{Residual, Task};

impl SessionState {
    /// Takes a PDU of the target. After the end of the session nothing counts any more.
    pub fn receive(&mut self, pdu: TargetPdu, now: Duration) {
        self.take(pdu.numbers(), |session| session.dispatch(pdu, now));
    }

    /// Takes a PDU with these numbers by its own rules, unless the session is over.
    fn take(&mut self, numbers: SequenceNumbers, by: impl FnOnce(&mut Self) -> Result<(), Failure>) {
        if self.end().is_some() {
            return;
        }
        // NUM-07: every PDU of the target may open the window.
        self.window.update(numbers);
        if let Err(failure) = by(self) {
            self.fail(failure);
        }
    }

    fn dispatch(&mut self, pdu: TargetPdu, now: Duration) -> Result<(), Failure> {
        match pdu {
            TargetPdu::DataIn(pdu) => self.data_in(&pdu, |task| task.accept_data_in(&pdu, &pdu.data))?,
            TargetPdu::ScsiResponse(pdu) => self.scsi_response(&pdu)?,
            TargetPdu::R2t(pdu) => self.r2t(&pdu)?,
            TargetPdu::NopIn(pdu) if pdu.itt.is_valid() => self.pong(&pdu, now)?,
            TargetPdu::NopIn(pdu) => self.unasked_nop_in(&pdu)?,
            TargetPdu::TextResponse(pdu) => self.text_response(&pdu)?,
            TargetPdu::LogoutResponse(pdu) => self.logout_response(&pdu)?,
            TargetPdu::AsyncMessage(pdu) => return self.async_message(&pdu, now),
            TargetPdu::Reject(pdu) => self.reject(&pdu, now)?,
            TargetPdu::TaskManagementResponse(pdu) => self.management_response(&pdu, now)?,
            // LOG-34: no Login Response may follow the login.
            TargetPdu::LoginResponse(pdu) => return Err(unknown_task("Login Response", pdu.itt).into()),
            TargetPdu::Vendor(raw) => {
                let received = raw.bhs.opcode();
                return Err(iscsi_pdu::Error::Opcode { received, expected: "a PDU of RFC 7143" }.into());
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a PDU with this status number is taken. A repeated one is dropped (NUM-21), unless it answers a request that
    /// has no answer yet: some targets do not count.
    pub(super) fn counts(
        &mut self,
        pdu: &'static str,
        stat_sn: SerialNumber,
        itt: InitiatorTaskTag,
    ) -> Result<bool, Failure> {
        if self.status.accept(pdu, stat_sn).map_err(Failure::Gap)? == Arrival::Next {
            return Ok(true);
        }
        let is_outstanding = self.requests.cmd_sn(itt).is_some() || self.is_logout(itt);
        if is_outstanding {
            self.tolerate_repeated_number(pdu, stat_sn)?;
        }
        Ok(is_outstanding)
    }

    #[cold]
    fn tolerate_repeated_number(
        &mut self,
        pdu: &'static str,
        stat_sn: SerialNumber,
    ) -> Result<(), ProtocolError> {
        let (received, expected) = (stat_sn.0.into(), self.status.expected().0.into());
        let rule = "each response has a StatSN of its own (4.2.2.2)";
        let detail = format!("{pdu} with StatSN {received} instead of {expected}");
        let error = sequence(pdu, rule, received, expected);
        self.tolerance.tolerate(&Deviation::STAT_SN_REPEATED, detail, error)
    }

    /// Drops a PDU for a request that was concluded before.
    ///
    /// # Errors
    /// The tag names no request at all (TAG-05).
    pub(super) fn stray(&self, pdu: &'static str, itt: InitiatorTaskTag) -> Result<(), Failure> {
        if self.stray_tags.contains(itt) { Ok(()) } else { Err(unknown_task(pdu, itt).into()) }
    }

    /// Takes a SCSI Response.
    pub(super) fn receive_scsi_response(&mut self, pdu: &ScsiResponse) {
        self.take(pdu.numbers, |session| session.scsi_response(pdu));
    }

    /// Takes a Data-In PDU whose data are beside it.
    pub(super) fn receive_data_in(&mut self, pdu: &DataIn, data: &[u8]) {
        self.take(pdu.numbers, |session| session.data_in(pdu, |task| task.accept_data_in(pdu, data)));
    }

    /// Lends the place for the data of a Data-In PDU whose headers have arrived, and the offset of its first byte. Nothing
    /// of the PDU counts before its data have [landed](Self::data_landed). `None` if the data have no place: the PDU is
    /// received as any other, with its data beside it.
    pub(super) fn lend(&mut self, pdu: &DataIn, length: usize) -> Option<(BytesMut, usize)> {
        let is_next = !pdu.has_status || pdu.numbers.stat_sn == self.status.expected();
        let task = self.requests.task(pdu.itt).filter(|_| is_next)?;
        task.place()?.lend(pdu, length).ok().flatten()
    }

    /// Takes a Data-In PDU whose data were read to the place that was [lent](Self::lend).
    pub(super) fn data_landed(&mut self, pdu: &DataIn, length: usize, buffer: BytesMut) {
        let store = |task: &mut Task| {
            if let Some(place) = task.place() {
                place.land(buffer, length);
            }
            Ok(())
        };
        self.take(pdu.numbers, |session| session.data_in(pdu, store));
    }

    /// Takes a Data-In PDU; `store` brings its data to their place.
    fn data_in(
        &mut self,
        pdu: &DataIn,
        store: impl FnOnce(&mut Task) -> Result<(), ProtocolError>,
    ) -> Result<(), Failure> {
        const NAME: &str = "SCSI Data-In";
        if pdu.has_status && !self.counts(NAME, pdu.numbers.stat_sn, pdu.itt)? {
            return Ok(());
        }
        let Some(task) = self.requests.task(pdu.itt) else { return self.stray(NAME, pdu.itt) };
        store(task)?;
        if !pdu.has_status {
            return Ok(());
        }
        if !pdu.is_final || !pdu.status.is_allowed_in_data_in() {
            let rule = "status comes with F=1 and reports success (11.7.3)";
            return Err(value(NAME, rule, pdu.status.0.into()).into());
        }
        let residual = Residual::of_data_in(pdu);
        residual.check()?;
        self.note_status(pdu.itt, pdu.status);
        self.has_succeeded = true;
        self.end_task(pdu.itt, |task| task.finish(pdu.status, &[], residual));
        Ok(())
    }

    fn scsi_response(&mut self, pdu: &ScsiResponse) -> Result<(), Failure> {
        const NAME: &str = "SCSI Response";
        if !self.counts(NAME, pdu.numbers.stat_sn, pdu.itt)? {
            return Ok(());
        }
        let Some(task) = self.requests.task(pdu.itt) else { return self.stray(NAME, pdu.itt) };
        // CMD-05: status and flags count only with response 0.
        match pdu.response {
            ScsiResponseCode::COMPLETED => {
                let residual = task.check_response(pdu)?;
                let is_good = pdu.status == ScsiStatus::GOOD;
                let may_be_lost = is_good && !self.unflushed.settle(task);
                self.note_status(pdu.itt, pdu.status);
                if is_good {
                    self.has_succeeded = true;
                } else {
                    self.note_conflict(pdu.itt, pdu.status);
                    self.note_sense(pdu.itt, &pdu.sense);
                }
                self.end_task(pdu.itt, |task| {
                    if may_be_lost {
                        return Outcome::WritesMayBeLost;
                    }
                    task.finish(pdu.status, &pdu.sense, residual)
                });
            }
            ScsiResponseCode::TARGET_FAILURE | ScsiResponseCode(0x80..) => {
                self.end_task(pdu.itt, |_| Outcome::TargetFailure(pdu.response));
            }
            ScsiResponseCode(code) => {
                return Err(value(NAME, "responses 0x02 to 0x7f are reserved (11.4.3)", code.into()).into());
            }
        }
        Ok(())
    }

    /// Ends a task after everything about its last PDU was checked, so that no task is lost to a failure.
    fn end_task(&mut self, itt: InitiatorTaskTag, outcome: impl FnOnce(&mut Task) -> Outcome) {
        self.finish(itt, |request| match &mut request.0 {
            Kind::Scsi(task) => outcome(task),
            _ => Outcome::SessionOver,
        });
    }

    fn r2t(&mut self, pdu: &R2t) -> Result<(), Failure> {
        self.status.check("R2T", pdu.numbers.stat_sn).map_err(Failure::Gap)?;
        let Some(task) = self.requests.task(pdu.itt) else { return self.stray("R2T", pdu.itt) };
        let burst = task.answer_r2t(pdu, &self.parameters, &mut self.tolerance)?;
        self.solicited.extend(burst);
        Ok(())
    }

    fn text_response(&mut self, pdu: &TextResponse) -> Result<(), Failure> {
        const NAME: &str = "Text Response";
        if !self.counts(NAME, pdu.numbers.stat_sn, pdu.itt)? {
            return Ok(());
        }
        let Some(exchange) = self.requests.text(pdu.itt) else { return self.stray(NAME, pdu.itt) };
        if !exchange.accept(pdu)? {
            self.requeue(pdu.itt);
            return Ok(());
        }
        self.finish(pdu.itt, |request| match &mut request.0 {
            Kind::Text(exchange) => Outcome::Text(exchange.take_answer()),
            _ => Outcome::SessionOver,
        });
        Ok(())
    }

    fn logout_response(&mut self, pdu: &LogoutResponse) -> Result<(), Failure> {
        const NAME: &str = "Logout Response";
        if !self.counts(NAME, pdu.numbers.stat_sn, pdu.itt)? {
            return Ok(());
        }
        if self.logged_out(pdu.itt, pdu.response) { Ok(()) } else { Err(unknown_task(NAME, pdu.itt).into()) }
    }
}

/// The error for a task tag that names no task (TAG-05).
fn unknown_task(pdu: &'static str, itt: InitiatorTaskTag) -> ProtocolError {
    value(pdu, "its task tag names no task of its kind (4.2.5.3)", itt.0.into())
}

/// The error for an invalid value where no single value is expected.
const fn value(pdu: &'static str, rule: &'static str, received: u64) -> ProtocolError {
    ProtocolError::Value { pdu, rule, received }
}

const fn sequence(pdu: &'static str, rule: &'static str, received: u64, expected: u64) -> ProtocolError {
    ProtocolError::Sequence { pdu, rule, received, expected }
}
