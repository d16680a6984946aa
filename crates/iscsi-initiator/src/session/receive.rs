//! Effects of the target's PDUs on a session.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, Bhs, DataIn, InitiatorTaskTag, LogoutResponse, NopIn, NopOut, Opcode, R2t,
    RawPdu, Reject, RejectReason, ScsiResponse, ScsiResponseCode, SequenceNumbers, SerialNumber, TargetPdu,
    TextResponse,
};

use super::data_in::DataInBuffer;
use super::failure::{Failure, ProtocolError};
use super::logout::LogoutCause;
use super::ping::Ping;
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
            TargetPdu::DataIn(pdu) => self.data_in(&pdu, |place| place.accept(&pdu, &pdu.data))?,
            TargetPdu::ScsiResponse(pdu) => self.scsi_response(pdu)?,
            TargetPdu::R2t(pdu) => self.r2t(&pdu)?,
            TargetPdu::NopIn(pdu) => self.nop_in(&pdu)?,
            TargetPdu::TextResponse(pdu) => self.text_response(&pdu)?,
            TargetPdu::LogoutResponse(pdu) => self.logout_response(&pdu)?,
            TargetPdu::AsyncMessage(pdu) => return self.async_message(&pdu, now),
            TargetPdu::Reject(pdu) => self.reject(&pdu, now)?,
            TargetPdu::TaskManagementResponse(pdu) => {
                return Err(unknown_task("Task Management Response", pdu.itt).into());
            }
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

    fn counts(&mut self, pdu: &'static str, stat_sn: SerialNumber) -> Result<bool, Failure> {
        Ok(self.status.accept(pdu, stat_sn).map_err(Failure::Gap)? == Arrival::Next)
    }

    /// Takes a SCSI Response.
    pub(super) fn receive_scsi_response(&mut self, pdu: ScsiResponse) {
        self.take(pdu.numbers, |session| session.scsi_response(pdu));
    }

    /// Takes a Data-In PDU whose data are beside it.
    pub(super) fn receive_data_in(&mut self, pdu: &DataIn, data: &[u8]) {
        self.take(pdu.numbers, |session| session.data_in(pdu, |place| place.accept(pdu, data)));
    }

    /// Lends the place for the data of a Data-In PDU whose headers have arrived, and the offset of its first byte. Nothing
    /// of the PDU counts before its data have [landed](Self::data_landed). `None` if the data have no place: the PDU is
    /// received as any other, with its data beside it.
    pub(super) fn lend(&mut self, pdu: &DataIn, length: usize) -> Option<(BytesMut, usize)> {
        let is_next = !pdu.has_status || pdu.numbers.stat_sn == self.status.expected();
        let task = self.requests.task(pdu.itt).filter(|_| is_next)?;
        task.data_in()?.lend(pdu, length).ok().flatten()
    }

    /// Takes a Data-In PDU whose data were read to the place that was [lent](Self::lend).
    pub(super) fn data_landed(&mut self, pdu: &DataIn, length: usize, buffer: BytesMut) {
        let store = |place: &mut DataInBuffer| {
            place.land(buffer, length);
            Ok(())
        };
        self.take(pdu.numbers, |session| session.data_in(pdu, store));
    }

    /// Takes a Data-In PDU; `store` brings its data to their place.
    fn data_in(
        &mut self,
        pdu: &DataIn,
        store: impl FnOnce(&mut DataInBuffer) -> Result<(), ProtocolError>,
    ) -> Result<(), Failure> {
        const NAME: &str = "SCSI Data-In";
        if pdu.has_status && !self.counts(NAME, pdu.numbers.stat_sn)? {
            return Ok(());
        }
        let Some(task) = self.requests.task(pdu.itt) else {
            return Err(unknown_task(NAME, pdu.itt).into());
        };
        match task.data_in() {
            Some(place) => store(place)?,
            None => store(&mut DataInBuffer::new(0, BytesMut::new()))?,
        }
        if !pdu.has_status {
            return Ok(());
        }
        if !pdu.is_final || !pdu.status.is_allowed_in_data_in() {
            let rule = "status comes with F=1 and reports success (11.7.3)";
            return Err(value(NAME, rule, pdu.status.0.into()).into());
        }
        let residual =
            Residual { overflow: pdu.overflow, underflow: pdu.underflow, count: pdu.residual_count };
        residual.check()?;
        self.end_task(pdu.itt, |task| task.finish(pdu.status, Bytes::new(), residual));
        Ok(())
    }

    fn scsi_response(&mut self, pdu: ScsiResponse) -> Result<(), Failure> {
        const NAME: &str = "SCSI Response";
        if !self.counts(NAME, pdu.numbers.stat_sn)? {
            return Ok(());
        }
        let Some(task) = self.requests.task(pdu.itt) else {
            return Err(unknown_task(NAME, pdu.itt).into());
        };
        // CMD-05: status and flags count only with response 0.
        match pdu.response {
            ScsiResponseCode::COMPLETED => {
                let residual = task.check_response(&pdu)?;
                self.end_task(pdu.itt, |task| task.finish(pdu.status, pdu.sense, residual));
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
            Kind::Text(_) => Outcome::SessionOver,
        });
    }

    fn r2t(&mut self, pdu: &R2t) -> Result<(), Failure> {
        let Some(task) = self.requests.task(pdu.itt) else {
            return Err(unknown_task("R2T", pdu.itt).into());
        };
        let burst = task.answer_r2t(pdu, &self.parameters, &mut self.tolerance)?;
        self.solicited.extend(burst);
        Ok(())
    }

    /// Takes a NOP-In: a ping is answered, an update of the window is not, and neither uses a status number (NOP-01,
    /// NOP-02, NOP-05, NOP-09).
    fn nop_in(&mut self, pdu: &NopIn) -> Result<(), Failure> {
        if pdu.itt.is_valid() {
            return Err(unknown_task("NOP-In", pdu.itt).into());
        }
        if !pdu.data.is_empty() {
            return Err(sequence(
                "NOP-In",
                "an unsolicited one has no data (11.19)",
                pdu.data.len() as u64,
                0,
            )
            .into());
        }
        if pdu.ttt.is_valid() {
            self.take_ping(Ping { lun: pdu.lun, ttt: pdu.ttt });
        }
        Ok(())
    }

    fn text_response(&mut self, pdu: &TextResponse) -> Result<(), Failure> {
        const NAME: &str = "Text Response";
        if !self.counts(NAME, pdu.numbers.stat_sn)? {
            return Ok(());
        }
        let Some(exchange) = self.requests.text(pdu.itt) else {
            return Err(unknown_task(NAME, pdu.itt).into());
        };
        if !exchange.accept(pdu)? {
            self.requeue(pdu.itt);
            return Ok(());
        }
        self.finish(pdu.itt, |request| match &mut request.0 {
            Kind::Text(exchange) => Outcome::Text(exchange.take_answer()),
            Kind::Scsi(_) => Outcome::SessionOver,
        });
        Ok(())
    }

    fn logout_response(&mut self, pdu: &LogoutResponse) -> Result<(), Failure> {
        const NAME: &str = "Logout Response";
        if !self.counts(NAME, pdu.numbers.stat_sn)? {
            return Ok(());
        }
        if self.logged_out(pdu.itt, pdu.response) { Ok(()) } else { Err(unknown_task(NAME, pdu.itt).into()) }
    }

    /// Takes an Asynchronous Message: a requested logout or an announced drop ends the session; other events only use a
    /// status number (ASY-01, ASY-02, ASY-03).
    fn async_message(&mut self, pdu: &AsyncMessage, now: Duration) -> Result<(), Failure> {
        if !self.counts("Asynchronous Message", pdu.numbers.stat_sn)? {
            return Ok(());
        }
        tracing::info!(event = pdu.event.0, "asynchronous message");
        match pdu.event {
            AsyncEvent::LOGOUT_REQUEST | AsyncEvent::NEGOTIATE => {
                self.log_out(LogoutCause::Target, now);
                Ok(())
            }
            AsyncEvent::CONNECTION_DROP | AsyncEvent::SESSION_DROP => {
                Err(Failure::Announced { event: pdu.event, time2wait: pdu.parameter2 })
            }
            _ => Ok(()),
        }
    }

    /// Takes a Reject (REJ-01, REJ-02, CMD-14). After a rejected Data-Out, its task waits for the SCSI Response. A
    /// rejected immediate request leaves no gap in the command numbers. Any other Reject ends the session, since at
    /// error recovery level 0 the gap cannot be closed.
    fn reject(&mut self, pdu: &Reject, now: Duration) -> Result<(), Failure> {
        if !self.counts("Reject", pdu.numbers.stat_sn)? {
            return Ok(());
        }
        let rejected = pdu.rejected_header();
        let survives = match rejected.map(|bhs| (bhs.opcode(), bhs.is_immediate(), bhs)) {
            Some((Opcode::DATA_OUT, ..)) => true,
            Some(_) if pdu.reason == RejectReason::WAITING_FOR_LOGOUT => {
                self.log_out(LogoutCause::Target, now);
                true
            }
            Some((Opcode::NOP_OUT, true, bhs)) => {
                self.ping_answer_rejected(bhs, pdu.reason);
                true
            }
            Some((Opcode::LOGOUT_REQUEST, true, _)) => may_be_repeated(pdu.reason) && self.repeat_logout(),
            _ => false,
        };
        if survives { Ok(()) } else { Err(Failure::Rejected(pdu.reason)) }
    }

    /// Repeats a rejected immediate request if the target was only out of resources (NUM-19, REJ-06).
    fn ping_answer_rejected(&mut self, bhs: Bhs, reason: RejectReason) {
        tracing::info!(reason = reason.meaning(), "the target rejected the answer to its ping");
        if let (true, Ok(answer)) = (may_be_repeated(reason), NopOut::decode(RawPdu::header(bhs)))
            && answer.ttt.is_valid()
        {
            self.repeat_ping(Ping { lun: answer.lun, ttt: answer.ttt });
        }
    }
}

/// Whether a reason is temporary (RFC 7143, 11.17.1).
const fn may_be_repeated(reason: RejectReason) -> bool {
    matches!(reason, RejectReason::TOO_MANY_IMMEDIATE_COMMANDS | RejectReason::LONG_OPERATION)
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
