//! Pings of the target and their answers (RFC 7143, 11.18 and 11.19).

use std::collections::VecDeque;

use bytes::Bytes;
use iscsi_pdu::{InitiatorTaskTag, Lun, NopOut, TargetTransferTag};

use super::logout::LogoutState;
use super::state::SessionState;

/// The most pings of the target that wait for their answer; further ones are dropped.
const MAX_PINGS: usize = 16;
/// The most immediate requests in a row that are repeated because the target is out of resources (reject reason 0x06).
const MAX_REPEATS: u8 = 16;

/// The fields that the answer to a ping echoes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ping {
    pub(super) lun: Lun,
    pub(super) ttt: TargetTransferTag,
}

/// Pings of the target to be answered, and how often immediate requests may still be repeated.
#[derive(Clone, Debug)]
pub(super) struct Pings {
    waiting: VecDeque<Ping>,
    repeats_left: u8,
}

impl Pings {
    pub(super) const fn new() -> Self {
        Self { waiting: VecDeque::new(), repeats_left: MAX_REPEATS }
    }

    /// Whether there is a ping without an answer.
    pub(super) fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn queue(&mut self, ping: Ping) {
        if self.waiting.len() < MAX_PINGS {
            self.waiting.push_back(ping);
        }
    }
}

impl SessionState {
    /// Queues the answer to a ping.
    pub(super) fn take_ping(&mut self, ping: Ping) {
        self.pings.repeats_left = MAX_REPEATS;
        self.pings.queue(ping);
    }

    /// Queues the answer to a ping again, for which the target had no resources (NUM-19).
    pub(super) fn repeat_ping(&mut self, ping: Ping) {
        if self.take_repeat() {
            self.pings.queue(ping);
        }
    }

    /// Counts one repetition of an immediate request; false when none is left.
    pub(super) const fn take_repeat(&mut self) -> bool {
        let Some(left) = self.pings.repeats_left.checked_sub(1) else { return false };
        self.pings.repeats_left = left;
        true
    }

    /// The next answer to a ping. It echoes tag and LUN, and carries the command number without using it up (NOP-01);
    /// none follows the logout, because it is a request too (LGO-01).
    pub(super) fn next_ping_answer(&mut self) -> Option<NopOut> {
        let ping = match self.logout {
            LogoutState::Open | LogoutState::Wanted(_) => self.pings.waiting.pop_front()?,
            LogoutState::Sent(..) => return None,
        };
        Some(NopOut {
            immediate: true,
            lun: ping.lun,
            itt: InitiatorTaskTag::RESERVED,
            ttt: ping.ttt,
            cmd_sn: self.window.current(),
            exp_stat_sn: self.status.expected(),
            data: Bytes::new(),
        })
    }
}
