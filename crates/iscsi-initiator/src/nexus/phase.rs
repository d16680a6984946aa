//! The events of a nexus, and what leads from one phase to the next.

use std::time::Duration;

use super::backoff::Backoff;
use super::decision::Decision;
use super::policy::RecoveryPolicy;
use super::portals::Portals;
use super::short_sessions::ShortSessions;
use super::status::Phase;
use super::stop::Stop;
use super::units::Units;
use crate::session::Replayed;

/// Something that happened to a nexus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NexusEvent {
    /// The session has ended.
    Ended(Decision),
    /// The login succeeded.
    LoggedIn,
    /// The login failed.
    LoginFailed(Decision),
    /// The units are those of the last session.
    SameUnits,
    /// To go on could damage data.
    Stopped,
    /// A request was answered.
    Answered,
    /// All commands that were sent again have ended.
    Settled,
    /// The caller wants no session for a while.
    Suspend,
    /// The caller wants a session again.
    Resume,
    /// The caller wants the next attempt now.
    ReconnectNow,
    /// Nobody wants a session any more.
    NotWanted,
}

/// What the driver of a nexus does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It waits for an event, or for the [next deadline](Nexus::next_deadline).
    Wait,
    /// It begins a login.
    LogIn,
    /// It compares the units.
    Probe,
    /// It sends the commands of the last session again.
    Replay,
    /// It logs out, and keeps the commands.
    LogOut,
    /// It abandons the login or the session that is under way, and keeps the commands.
    Abandon,
    /// It ends the commands that wait; later ones end at once, while the attempts go on.
    FailCommands,
    /// It ends everything.
    End,
}

/// A succession of sessions.
#[derive(Clone, Debug)]
pub struct Nexus {
    pub(super) policy: RecoveryPolicy,
    backoff: Backoff,
    phase: Phase,
    /// The time from which on there was no session with an answer; `None` while one works.
    lost_at: Option<Duration>,
    /// The time at which the session began.
    up_at: Duration,
    /// The time of the next attempt, and the pause before it.
    attempt_at: Duration,
    pause: Duration,
    /// Attempts after which no request was answered.
    attempts: u32,
    is_failing_fast: bool,
    /// The portal group of the last session, if the target has named it, and whether the login of this one ended its tasks.
    pub(super) group: Option<u16>,
    pub(super) fences: bool,
    /// The number of sessions that replaced lost ones.
    pub(super) recoveries: u64,
    pub(super) replayed: Replayed,
    pub(super) units: Units,
    pub(super) portals: Portals,
    pub(super) short_sessions: ShortSessions,
    /// The reason why it was given up, if another session would have been possible.
    pub(super) stop: Option<Stop>,
}

impl Nexus {
    /// A nexus whose first session begins, with this portal group. The seed determines its pauses.
    #[must_use]
    pub fn new(policy: RecoveryPolicy, group: Option<u16>, seed: u64, now: Duration) -> Self {
        Self {
            policy,
            backoff: Backoff::new(policy.reconnect_delay, policy.longest_reconnect_delay, seed),
            phase: Phase::Up,
            lost_at: None,
            up_at: now,
            attempt_at: Duration::ZERO,
            pause: Duration::ZERO,
            attempts: 0,
            is_failing_fast: false,
            group,
            fences: false,
            recoveries: 0,
            replayed: Replayed::default(),
            units: Units::default(),
            portals: Portals::default(),
            short_sessions: ShortSessions::default(),
            stop: None,
        }
    }

    /// The phase.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The attempts after which no request was answered.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The pause before the next attempt, while there is one.
    #[must_use]
    pub const fn pause(&self) -> Option<Duration> {
        if matches!(self.phase, Phase::Waiting) { Some(self.pause) } else { None }
    }

    /// Whether commands fail at once, since the session is lost for too long.
    #[must_use]
    pub const fn is_failing_fast(&self) -> bool {
        self.is_failing_fast
    }

    /// The next time at which [`advance`](Self::advance) has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let attempt = (self.phase == Phase::Waiting).then_some(self.attempt_at);
        [attempt, self.replacement_deadline(), self.loss_deadline()].into_iter().flatten().min()
    }

    /// Notes that it is this time. To be called again until there is nothing to do but to wait.
    pub fn advance(&mut self, now: Duration) -> Step {
        let is_over = |deadline: Option<Duration>| deadline.is_some_and(|deadline| deadline <= now);
        if is_over(self.loss_deadline()) {
            return self.end();
        }
        if is_over(self.replacement_deadline()) {
            self.is_failing_fast = true;
            return Step::FailCommands;
        }
        if self.phase == Phase::Waiting && self.attempt_at <= now {
            return self.log_in();
        }
        Step::Wait
    }

    /// Takes an event. One that means nothing in this phase changes nothing.
    pub fn take(&mut self, event: NexusEvent, now: Duration) -> Step {
        use NexusEvent::{
            Answered, Ended, LoggedIn, LoginFailed, NotWanted, ReconnectNow, Resume, SameUnits, Settled,
            Stopped, Suspend,
        };
        use Phase::{Connecting, Over, Probing, Replaying, Suspended, Up, Waiting};
        match (self.phase, event) {
            (Over, _) => Step::Wait,
            (_, NotWanted)
            | (Up | Probing | Replaying, Stopped | Ended(Decision::GiveUp))
            | (Connecting, LoginFailed(Decision::GiveUp)) => self.end(),
            (Up | Probing | Replaying, Ended(Decision::LogInAgain(wait))) => self.lose(wait, now),
            (Connecting, LoginFailed(Decision::LogInAgain(wait))) => {
                self.short_sessions.login_failed();
                self.wait(wait, now)
            }
            (Connecting, LoggedIn) => self.enter(Probing, Step::Probe),
            (Probing, SameUnits) => {
                (self.up_at, self.is_failing_fast) = (now, false);
                self.recoveries += 1;
                self.enter(Replaying, Step::Replay)
            }
            (Replaying, Settled) => self.enter(Up, Step::Wait),
            (Up | Replaying, Answered) => self.answered(),
            (Up | Replaying, Suspend) => {
                // Commands wait from now on, too.
                self.lost_at.get_or_insert(now);
                self.enter(Suspended, Step::LogOut)
            }
            (Connecting | Probing, Suspend) => self.enter(Suspended, Step::Abandon),
            (Waiting, Suspend) => self.enter(Suspended, Step::Wait),
            (Suspended, ReconnectNow | Resume) => {
                // The time of the rest was the caller's.
                self.lost_at = Some(now);
                self.log_in()
            }
            (Waiting, ReconnectNow) => self.log_in(),
            _ => Step::Wait,
        }
    }

    fn enter(&mut self, phase: Phase, step: Step) -> Step {
        self.phase = phase;
        step
    }

    fn end(&mut self) -> Step {
        self.enter(Phase::Over, Step::End)
    }

    /// A session that worked for long, though nobody used it, is as good as one with an answer.
    fn lose(&mut self, wait: Duration, now: Duration) -> Step {
        if self.phase == Phase::Up && now.saturating_sub(self.up_at) >= self.policy.longest_reconnect_delay {
            self.answered();
        }
        if !self.policy.is_on() {
            return self.end();
        }
        self.lost_at.get_or_insert(now);
        self.wait(wait, now)
    }

    fn wait(&mut self, wait: Duration, now: Duration) -> Step {
        if self.attempts >= self.policy.most_attempts {
            return self.end();
        }
        self.pause = wait.saturating_add(self.backoff.next_pause());
        self.attempt_at = now.saturating_add(self.pause);
        self.enter(Phase::Waiting, Step::Wait)
    }

    fn log_in(&mut self) -> Step {
        self.attempts = self.attempts.saturating_add(1);
        self.enter(Phase::Connecting, Step::LogIn)
    }

    fn answered(&mut self) -> Step {
        (self.lost_at, self.attempts) = (None, 0);
        self.backoff.reset();
        Step::Wait
    }

    /// The time from which on commands fail.
    fn replacement_deadline(&self) -> Option<Duration> {
        let lost_at = self.lost_at.filter(|_| !self.phase.carries_commands() && self.phase != Phase::Over)?;
        (!self.is_failing_fast).then(|| lost_at.saturating_add(self.policy.replacement_timeout))
    }

    /// The time at which the nexus is given up. A caller who has suspended it decides how long that takes.
    fn loss_deadline(&self) -> Option<Duration> {
        let is_trying = matches!(self.phase, Phase::Waiting | Phase::Connecting | Phase::Probing);
        self.lost_at.filter(|_| is_trying).map(|lost_at| lost_at.saturating_add(self.policy.loss_timeout))
    }
}

#[cfg(test)]
mod tests;
