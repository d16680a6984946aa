//! Rejects, each of which concerns one PDU ([RFC 7143, section
//! 11.17](https://www.rfc-editor.org/rfc/rfc7143#section-11.17)).

use std::time::Duration;

use iscsi_pdu::{Bhs, InitiatorTaskTag, NopOut, Opcode, RawPdu, Reject, RejectReason, SerialNumber};

use super::failure::Failure;
use super::logout::LogoutCause;
use super::ping_answers::TargetPing;
use super::request::{Outcome, Request};
use super::state::SessionState;

impl SessionState {
    /// Takes a Reject (REJ-01). The header that it returns says which PDU it is about:
    ///
    /// - a request ends as rejected, and the gap that it leaves in the command numbers is closed (CMD-14, REJ-04);
    /// - an immediate request that the target had no resources for is repeated (NUM-19, REJ-06);
    /// - the task of a rejected Data-Out waits for its SCSI Response (REJ-02).
    pub(super) fn reject(&mut self, pdu: &Reject, now: Duration) -> Result<(), Failure> {
        if !self.counts("Reject", pdu.numbers.stat_sn, InitiatorTaskTag::RESERVED)? {
            return Ok(());
        }
        if pdu.reason == RejectReason::WAITING_FOR_LOGOUT {
            self.log_out(LogoutCause::Target, now);
        }
        let (Some(bhs), Some(itt)) = (pdu.rejected_header(), pdu.rejected_task_tag()) else {
            // REJ-05: nothing says which PDU it is about. If it was a command, that one has no response.
            tracing::warn!(
                reason = pdu.reason.meaning(),
                "the target rejected a PDU, and does not say which"
            );
            return Ok(());
        };
        tracing::info!(reason = pdu.reason.meaning(), opcode = ?bhs.opcode(), "the target rejected a PDU");
        match bhs.opcode() {
            Opcode::SCSI_COMMAND | Opcode::TEXT_REQUEST => self.request_rejected(itt, pdu, now),
            Opcode::TASK_MANAGEMENT_REQUEST => return self.immediate_rejected(itt, pdu.reason, now),
            Opcode::NOP_OUT if itt.is_valid() => return self.immediate_rejected(itt, pdu.reason, now),
            Opcode::NOP_OUT => self.ping_answer_rejected(bhs, pdu.reason),
            Opcode::LOGOUT_REQUEST => return self.logout_rejected(bhs, pdu.reason),
            // Nothing else is sent but Data-Out.
            _ => {}
        }
        Ok(())
    }

    /// Ends a rejected command or text exchange, which was not carried out.
    fn request_rejected(&mut self, itt: InitiatorTaskTag, pdu: &Reject, now: Duration) {
        let Some(cmd_sn) = self.requests.cmd_sn(itt).filter(|_| !self.requests.is_immediate(itt)) else {
            return;
        };
        self.finish(itt, |_| Outcome::Rejected(pdu.reason));
        // The target counts a request that it has accepted. A number that it still expects is missing for ever.
        if !pdu.numbers.exp_cmd_sn.follows(cmd_sn) {
            self.close_gap(cmd_sn, now);
        }
    }

    /// Sends a ping with the number of a rejected request, so that the target goes on with those behind it.
    fn close_gap(&mut self, cmd_sn: SerialNumber, now: Duration) {
        self.submit_own(Request::gap(cmd_sn), now, self.limits.ping);
    }

    /// Repeats an immediate request, or ends it. A rejected ping has its answer: the target is there.
    fn immediate_rejected(
        &mut self,
        itt: InitiatorTaskTag,
        reason: RejectReason,
        now: Duration,
    ) -> Result<(), Failure> {
        if self.requests.sent_ping(itt).is_some_and(|ping| ping.gap().is_some()) {
            return Err(Failure::Rejected(reason));
        }
        if self.requests.cmd_sn(itt).is_none() || !self.requests.is_immediate(itt) {
            return Ok(());
        }
        if may_be_repeated(reason) && self.take_repeat() {
            self.immediate.send_again(itt);
            return Ok(());
        }
        self.finish(itt, |_| Outcome::Rejected(reason));
        self.answered(itt, now);
        Ok(())
    }

    /// Repeats the answer to a ping of the target, if the target was only out of resources (NUM-19, REJ-06).
    fn ping_answer_rejected(&mut self, bhs: Bhs, reason: RejectReason) {
        if let (true, Ok(answer)) = (may_be_repeated(reason), NopOut::decode(RawPdu::header(bhs)))
            && answer.ttt.is_valid()
        {
            self.repeat_ping_answer(TargetPing::of(&answer));
        }
    }

    fn logout_rejected(&mut self, bhs: Bhs, reason: RejectReason) -> Result<(), Failure> {
        let is_repeated = bhs.is_immediate() && may_be_repeated(reason) && self.repeat_logout();
        if is_repeated { Ok(()) } else { Err(Failure::Rejected(reason)) }
    }
}

/// Whether a reason is temporary (RFC 7143, 11.17.1).
const fn may_be_repeated(reason: RejectReason) -> bool {
    matches!(reason, RejectReason::TOO_MANY_IMMEDIATE_COMMANDS | RejectReason::LONG_OPERATION)
}
