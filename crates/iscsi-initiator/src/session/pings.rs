//! Pings of the initiator: NOP-Out with a task tag of its own, which the target answers ([RFC 7143, section
//! 11.18](https://www.rfc-editor.org/rfc/rfc7143#section-11.18)).

use std::time::Duration;

use bytes::Bytes;
use iscsi_pdu::{InitiatorTaskTag, Lun, NopIn, NopOut, SerialNumber, TargetTransferTag};

use super::failure::{Failure, ProtocolError};
use super::request::{Kind, Outcome, Request};
use super::state::SessionState;

/// A ping that is queued or in flight.
#[derive(Clone, Debug)]
pub(super) struct Ping {
    data: Bytes,
    /// The command number that it uses up in place of a rejected request. Any other ping is immediate.
    gap: Option<SerialNumber>,
}

impl Ping {
    pub(super) const fn new(data: Bytes) -> Self {
        Self { data, gap: None }
    }

    /// A ping that closes a gap in the command numbers.
    pub(super) const fn in_gap(cmd_sn: SerialNumber) -> Self {
        Self { data: Bytes::new(), gap: Some(cmd_sn) }
    }

    /// The command number that it uses up in place of a rejected request.
    pub(super) const fn gap(&self) -> Option<SerialNumber> {
        self.gap
    }
}

impl SessionState {
    /// The NOP-Out of a ping. It is immediate, so it leaves when the command window is closed, too (NOP-03, NUM-03). Its
    /// data are cut off at the longest segment that either side takes (NOP-08).
    pub(super) fn ping_request(&mut self, itt: InitiatorTaskTag) -> Option<NopOut> {
        let parameters = &self.parameters;
        let most = parameters.max_send_data_segment_length.min(parameters.max_recv_data_segment_length);
        let current = self.window.current();
        let Kind::Ping(ping) = &mut self.requests.begin(itt, current, self.position)?.0 else { return None };
        ping.data.truncate(most as usize);
        let (data, gap) = (ping.data.clone(), ping.gap);
        Some(NopOut {
            immediate: gap.is_none(),
            lun: Lun::ZERO,
            itt,
            ttt: TargetTransferTag::RESERVED,
            cmd_sn: gap.unwrap_or(current),
            exp_stat_sn: self.status.expected(),
            data,
        })
    }

    /// Takes the answer to a ping, which returns its data.
    pub(super) fn pong(&mut self, pdu: &NopIn, now: Duration) -> Result<(), Failure> {
        const NAME: &str = "NOP-In";
        if !self.counts(NAME, pdu.numbers.stat_sn, pdu.itt)? {
            return Ok(());
        }
        let Some(ping) = self.requests.sent_ping(pdu.itt) else { return self.stray(NAME, pdu.itt) };
        if ping.data != pdu.data {
            let rule = "it returns the data of the ping (11.18.3)";
            let (received, expected) = (pdu.data.len() as u64, ping.data.len() as u64);
            return Err(ProtocolError::Sequence { pdu: NAME, rule, received, expected }.into());
        }
        self.restore_repeats();
        self.has_succeeded = true;
        self.finish(pdu.itt, |_| Outcome::Pong);
        self.answered(pdu.itt, now);
        Ok(())
    }

    /// Pings a target of which nothing was heard for the [interval](super::Limits::ping_interval), unless a ping is under
    /// way.
    pub(super) fn ping_if_quiet(&mut self, now: Duration) {
        if self.next_ping().is_some_and(|at| at <= now) {
            self.submit_own(Request::ping(Bytes::new()), now, self.limits.ping);
        }
    }

    /// The time of the next ping of a quiet target.
    pub(super) fn next_ping(&self) -> Option<Duration> {
        let interval = self.limits.ping_interval.filter(|_| self.is_open() && !self.immediate.has_ping())?;
        Some(self.heard_at.saturating_add(interval))
    }
}
