//! Pings of the target and their answers (RFC 7143, 11.18 and 11.19).

use std::collections::VecDeque;

use bytes::Bytes;
use iscsi_login::Deviation;
use iscsi_pdu::{InitiatorTaskTag, Lun, NopIn, NopOut, TargetTransferTag};

use super::failure::{Failure, ProtocolError};
use super::logout::LogoutState;
use super::state::SessionState;

/// The most pings of the target that wait for their answer; further ones are dropped.
const MAX_PINGS: usize = 16;
/// The most immediate requests in a row that are repeated because the target is out of resources (reject reason 0x06).
const MAX_REPEATS: u8 = 16;

/// The fields of a target's ping that the answer echoes.
#[derive(Clone, Debug)]
pub(super) struct TargetPing {
    lun: Lun,
    ttt: TargetTransferTag,
    data: Bytes,
}

impl TargetPing {
    /// The ping that was answered so.
    pub(super) fn of(answer: &NopOut) -> Self {
        Self { lun: answer.lun, ttt: answer.ttt, data: Bytes::new() }
    }
}

/// Pings of the target to be answered, and how often immediate requests may still be repeated.
#[derive(Clone, Debug)]
pub(super) struct PingAnswers {
    waiting: VecDeque<TargetPing>,
    repeats_left: u8,
}

impl PingAnswers {
    pub(super) const fn new() -> Self {
        Self { waiting: VecDeque::new(), repeats_left: MAX_REPEATS }
    }

    /// Whether there is a ping without an answer.
    pub(super) fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn queue(&mut self, ping: TargetPing) {
        if self.waiting.len() < MAX_PINGS {
            self.waiting.push_back(ping);
        }
    }
}

impl SessionState {
    /// Takes a NOP-In without a task tag: a ping is answered, an update of the window is not, and neither uses a status
    /// number (NOP-01, NOP-02, NOP-05).
    pub(super) fn unasked_nop_in(&mut self, pdu: &NopIn) -> Result<(), Failure> {
        self.status.check("NOP-In", pdu.numbers.stat_sn).map_err(Failure::Gap)?;
        if !pdu.data.is_empty() {
            self.tolerate_ping_data(pdu.data.len())?;
        }
        if pdu.ttt.is_valid() {
            let most = self.parameters.max_send_data_segment_length as usize;
            let data = pdu.data.slice(..pdu.data.len().min(most));
            self.restore_repeats();
            self.ping_answers.queue(TargetPing { lun: pdu.lun, ttt: pdu.ttt, data });
        }
        Ok(())
    }

    /// RFC 7143, 11.19 forbids data in a ping of the target; they are sent back like those of any ping (NOP-09).
    fn tolerate_ping_data(&mut self, length: usize) -> Result<(), ProtocolError> {
        let rule = "an unsolicited one has no data (11.19)";
        let (received, expected) = (length as u64, 0);
        let error = ProtocolError::Sequence { pdu: "NOP-In", rule, received, expected };
        let detail = format!("unsolicited NOP-In with {length} bytes of data");
        self.tolerance.tolerate(&Deviation::NOP_IN_DATA, detail, error)
    }

    /// Queues the answer to a ping again, for which the target had no resources (NUM-19).
    pub(super) fn repeat_ping_answer(&mut self, ping: TargetPing) {
        if self.take_repeat() {
            self.ping_answers.queue(ping);
        }
    }

    /// Takes note that an immediate request was answered, or that another is due.
    pub(super) const fn restore_repeats(&mut self) {
        self.ping_answers.repeats_left = MAX_REPEATS;
    }

    /// Counts one repetition of an immediate request; false when none is left.
    pub(super) const fn take_repeat(&mut self) -> bool {
        let Some(left) = self.ping_answers.repeats_left.checked_sub(1) else { return false };
        self.ping_answers.repeats_left = left;
        true
    }

    /// The next answer to a ping. It echoes tag and LUN, and carries the command number without using it up (NOP-01);
    /// none follows the logout, because it is a request too (LGO-01).
    pub(super) fn next_ping_answer(&mut self) -> Option<NopOut> {
        let ping = match self.logout {
            LogoutState::Open | LogoutState::Wanted(_) => self.ping_answers.waiting.pop_front()?,
            LogoutState::Sent(..) => return None,
        };
        Some(NopOut {
            immediate: true,
            lun: ping.lun,
            itt: InitiatorTaskTag::RESERVED,
            ttt: ping.ttt,
            cmd_sn: self.window.current(),
            exp_stat_sn: self.status.expected(),
            data: ping.data,
        })
    }
}
