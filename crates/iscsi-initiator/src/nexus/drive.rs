//! A nexus and its session: what the end of one means for the other.

use std::time::Duration;

use iscsi_pdu::{LogoutReason, Lun};

use super::decision::{Decision, RecoveryLevel};
use super::identity::{UnitDifference, UnitIdentity};
use super::phase::{Nexus, NexusEvent, Step};
use super::status::Phase;
use super::units::Comparison;
use crate::session::{Failure, Fencing, NextSession, SessionState};

impl Nexus {
    /// Goes on as far as the session lets it. To be called whenever the session may have changed or time has passed, and again
    /// until there is nothing to do but to wait.
    pub fn drive(&mut self, session: &mut SessionState, now: Duration) -> Step {
        match self.phase() {
            Phase::Up | Phase::Probing | Phase::Replaying => {}
            _ => return self.advance(now),
        }
        if let Some(end) = session.end() {
            let decision = Decision::after_session(end, RecoveryLevel::Session);
            let event =
                if session.is_logging_out() { NexusEvent::NotWanted } else { NexusEvent::Ended(decision) };
            return self.take(event, now);
        }
        match self.phase() {
            Phase::Probing => self.compare(session, now),
            Phase::Replaying if !session.has_replayed() => self.take(NexusEvent::Settled, now),
            _ => self.note_answer(session, now),
        }
    }

    /// Begins another session with the result of its login. One to the portal group of the last session has reinstated that, so
    /// its tasks have ended ([RFC 7143, section 6.3.5](https://www.rfc-editor.org/rfc/rfc7143#section-6.3.5)); of another or an
    /// unknown group nothing is known.
    pub fn log_in_again(
        &mut self,
        session: &mut SessionState,
        next: NextSession,
        group: Option<u16>,
        now: Duration,
    ) -> Step {
        self.fences = group.is_some() && group == self.group;
        self.group = group;
        session.renew(next);
        let step = self.take(NexusEvent::LoggedIn, now);
        self.units.begin(session.kept_units());
        step
    }

    /// Has the session log out, for a caller who suspends the nexus. One whose units are not known yet is closed.
    pub fn suspend(&mut self, session: &mut SessionState, now: Duration) -> Step {
        let step = self.take(NexusEvent::Suspend, now);
        match step {
            Step::LogOut => session.log_out_for(LogoutReason::CLOSE_SESSION, now),
            Step::Abandon => session.fail(Failure::Lost("suspended by its caller".to_owned())),
            _ => {}
        }
        step
    }

    /// Remembers what a unit is, so that it is recognised in later sessions.
    pub fn remember(&mut self, lun: Lun, identity: UnitIdentity) {
        self.units.remember(lun, identity);
    }

    /// The unit that is another one, and how it differs, if that ended the nexus.
    #[must_use]
    pub const fn other_unit(&self) -> Option<(Lun, UnitDifference)> {
        self.other_unit
    }

    fn compare(&mut self, session: &mut SessionState, now: Duration) -> Step {
        match self.units.compare(session, now) {
            Comparison::UnderWay => self.advance(now),
            Comparison::Same => {
                let step = self.take(NexusEvent::SameUnits, now);
                session.take_success();
                session.send_kept(self.fencing(), |lun| self.units.is_known(lun), now);
                self.units.remember_found();
                step
            }
            Comparison::Other(lun, difference) => {
                self.other_unit = Some((lun, difference));
                session
                    .fail(Failure::Lost(format!("logical unit {lun} is another one: {difference} differs")));
                self.take(NexusEvent::OtherUnit, now)
            }
            // It may be in the next session.
            Comparison::NotUsable(lun) => {
                session.fail(Failure::Lost(format!("logical unit {lun} cannot be used yet")));
                self.take(NexusEvent::Ended(Decision::LogInAgain(Duration::ZERO)), now)
            }
        }
    }

    fn note_answer(&mut self, session: &mut SessionState, now: Duration) -> Step {
        if self.attempts() > 0 && session.take_success() {
            return self.take(NexusEvent::Answered, now);
        }
        self.advance(now)
    }

    const fn fencing(&self) -> Fencing {
        match (self.fences, self.policy.is_shared) {
            (true, false) => Fencing::Sole,
            (true, true) => Fencing::Shared,
            (false, _) => Fencing::None,
        }
    }
}

#[cfg(test)]
mod tests;
