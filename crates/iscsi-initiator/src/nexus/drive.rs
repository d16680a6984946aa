//! A nexus and its session: what the end of one means for the other.

use std::time::Duration;

use iscsi_pdu::{LogoutReason, Lun, Portal};

use super::decision::{Decision, RecoveryLevel};
use super::identity::UnitIdentity;
use super::phase::{Nexus, NexusEvent, Step};
use super::short_sessions::ShortEnd;
use super::status::Phase;
use super::stop::Stop;
use super::units::Comparison;
use crate::scsi::Capacity;
use crate::session::{End, Failure, Fencing, NextSession, SessionState};

impl Nexus {
    /// Goes on as far as the session lets it. To be called whenever the session may have changed or time has passed, and again
    /// until there is nothing to do but to wait.
    pub fn drive(&mut self, session: &mut SessionState, now: Duration) -> Step {
        match self.phase() {
            Phase::Up | Phase::Probing | Phase::Replaying => {}
            Phase::Over => {
                self.units.abandon(session);
                return Step::Wait;
            }
            _ => return self.advance(now),
        }
        if let Some(end) = session.end() {
            return self.note_end(end, session, now);
        }
        match (self.phase(), session.conflict()) {
            (Phase::Replaying, Some(lun)) => self.stop(Stop::ReservationConflict(lun), session, now),
            (Phase::Probing, _) => self.compare(session, now),
            (Phase::Replaying, None) if !session.has_replayed() => self.take(NexusEvent::Settled, now),
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
        self.short_sessions.begin(now);
        if let Some(lun) = self.units.take_unheard() {
            session.lose_cache(lun);
        }
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

    /// Takes note of the size that a unit has from now on.
    pub fn resize(&mut self, lun: Lun, capacity: Capacity) {
        self.units.resize(lun, capacity);
    }

    /// Adds a portal of the target, of this group, at which a lost session may be replaced.
    pub fn add_portal(&mut self, portal: Portal, group: Option<u16>) {
        self.portals.add(portal, group.is_some() && group == self.group);
    }

    /// The portal of the attempt that is under way; `None` for the one of the first login.
    #[must_use]
    pub fn portal(&self) -> Option<&Portal> {
        self.portals.of_attempt(self.attempts(), !self.is_failing_fast())
    }

    /// The reason why the nexus was given up although another session would have been possible.
    #[must_use]
    pub const fn stop_reason(&self) -> Option<Stop> {
        self.stop
    }

    fn note_end(&mut self, end: &End, session: &SessionState, now: Duration) -> Step {
        if session.is_logging_out() {
            return self.take(NexusEvent::NotWanted, now);
        }
        let mut decision = Decision::after_session(end, RecoveryLevel::Session);
        match self.short_sessions.end(end, now) {
            Some(ShortEnd::Closed) => {
                self.stop = Some(Stop::TakenOver);
                return self.take(NexusEvent::Stopped, now);
            }
            Some(ShortEnd::Broken) => decision = Decision::GiveUp,
            // A caller who tolerates nothing has to know.
            None if session.is_strict() && ShortEnd::of(end) == Some(ShortEnd::Broken) => {
                decision = Decision::GiveUp;
            }
            None => {}
        }
        self.take(NexusEvent::Ended(decision), now)
    }

    fn stop(&mut self, stop: Stop, session: &mut SessionState, now: Duration) -> Step {
        self.stop = Some(stop);
        session.fail(Failure::Lost(stop.to_string()));
        self.take(NexusEvent::Stopped, now)
    }

    fn compare(&mut self, session: &mut SessionState, now: Duration) -> Step {
        match self.units.compare(session, now) {
            Comparison::UnderWay => {
                let step = self.advance(now);
                if step == Step::End {
                    session.fail(Failure::Lost("the time to replace the session is over".to_owned()));
                }
                step
            }
            Comparison::Same => {
                let step = self.take(NexusEvent::SameUnits, now);
                session.take_success();
                self.replayed += session.send_kept(self.fencing(), |lun| self.units.is_known(lun), now);
                self.units.remember_found();
                step
            }
            Comparison::Other(lun, difference) => self.stop(Stop::OtherUnit(lun, difference), session, now),
            Comparison::Reserved(lun) => self.stop(Stop::ReservationConflict(lun), session, now),
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
