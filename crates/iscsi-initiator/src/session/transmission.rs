//! The PDUs that a session sends, in the order of their urgency.

use super::data_out::Burst;
use super::logout::{LogoutCause, LogoutState};
use super::request::Kind;
use super::state::SessionState;
use crate::scsi::CacheEffect;
use crate::wire::Outgoing;

impl SessionState {
    /// The next PDU to send, if the window permits one. Commands and solicited data take turns, so that none waits for all
    /// of the others.
    pub fn poll_transmit(&mut self) -> Option<Outgoing> {
        if self.end().is_some() {
            return None;
        }
        if self.ping_answers.are_waiting()
            && let Some(answer) = self.next_ping_answer()
        {
            return Some(answer.encode().into());
        }
        if !self.immediate.is_empty()
            && let Some(request) = self.begin_immediate()
        {
            return Some(request);
        }
        if self.unsolicited.is_some()
            && let Some(burst) = self.unsolicited.take()
        {
            return Some(self.send_burst(burst));
        }
        self.is_commands_turn = !self.is_commands_turn;
        // Mostly, commands are all there is to send.
        if self.solicited.is_empty() && self.logout == LogoutState::Open {
            return self.begin_request();
        }
        let next = if self.is_commands_turn {
            self.begin_request().or_else(|| self.next_solicited())
        } else {
            self.next_solicited().or_else(|| self.begin_request())
        };
        next.or_else(|| self.begin_logout())
    }

    fn next_solicited(&mut self) -> Option<Outgoing> {
        let burst = self.solicited.pop_front()?;
        Some(self.send_burst(burst))
    }

    /// The next PDU of a burst, which comes back to the front of its queue unless that was the last one.
    fn send_burst(&mut self, mut burst: Burst) -> Outgoing {
        let (pdu, is_final) = burst.next_pdu(&self.parameters, self.status.expected());
        if is_final {
            if let Some(task) = self.requests.task(burst.itt()) {
                task.note_sent(&burst);
            }
        } else if burst.is_solicited() {
            self.solicited.push_front(burst);
        } else {
            self.unsolicited = Some(burst);
        }
        pdu
    }

    /// Sends the first queued request, unless a logout keeps it back. A command number is taken only together with a
    /// request that carries it.
    fn begin_request(&mut self) -> Option<Outgoing> {
        match self.logout {
            // Requests from before the logout are sent before it, as far as the window permits.
            LogoutState::Open | LogoutState::Wanted(LogoutCause::Initiator) => {}
            // ASY-02: no new commands after the target has requested a logout. LGO-01: no request after the Logout Request.
            LogoutState::Wanted(LogoutCause::Target) | LogoutState::Sent(..) => return None,
        }
        if self.window.remaining() == 0 {
            return None;
        }
        let itt = self.next_queued()?;
        let numbers = (self.window.take()?, self.status.expected());
        match &mut self.requests.begin(itt, numbers.0, self.position)?.0 {
            Kind::Scsi(task) => {
                if task.cache_effect() == CacheEffect::Flushes {
                    *task.covers() = self.unflushed.acknowledged(task.lun());
                }
                let most = self.backlog.most_unsolicited();
                let command = task.build_command(itt, numbers, &self.parameters, most, &mut self.unsolicited);
                self.backlog.note_unsolicited(task.asked_for());
                if self.is_lasting
                    && let Some(blocks) = task.written_blocks()
                {
                    self.write_order.sent(itt, task.lun(), blocks);
                }
                Some(command)
            }
            Kind::Text(exchange) => Some(exchange.request(itt, numbers).encode().into()),
            Kind::Management(_) | Kind::Ping(_) => None,
        }
    }
}
