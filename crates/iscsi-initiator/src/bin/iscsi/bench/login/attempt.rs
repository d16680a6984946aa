//! The login and logout that `iscsi bench login` repeats.

use std::time::{Duration, Instant};

use iscsi_initiator::Error;

use crate::bench::attempt::{Attempts, FailedAttempt, Success, failure_cause};
use crate::bench::destinations::Destinations;
use crate::bench::tally::Times;

/// The durations of a login and its logout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimedLogin {
    /// From the call of the login to full feature phase: its parts, and the work of this process between them.
    pub(crate) login: Duration,
    pub(crate) connect: Duration,
    pub(crate) security: Duration,
    pub(crate) operational: Duration,
    pub(crate) logout: Duration,
    /// Requests sent and answered up to full feature phase.
    pub(crate) round_trips: u32,
}

/// Times of many logins.
#[derive(Default)]
pub(crate) struct LoginTotals {
    /// From the moment a login was due to full feature phase.
    pub(crate) latency: Times,
    pub(crate) connect: Times,
    pub(crate) security: Times,
    pub(crate) operational: Times,
    pub(crate) logout: Times,
    pub(crate) round_trips: u64,
}

impl Success for TimedLogin {
    type Totals = LoginTotals;

    /// The logout is not part of it.
    fn latency(&self, waited: Duration, _: Duration) -> Duration {
        waited + self.login
    }

    fn add_to(&self, totals: &mut LoginTotals, latency: Duration) {
        totals.round_trips += u64::from(self.round_trips);
        totals.latency.record(latency);
        totals.connect.record(self.connect);
        totals.security.record(self.security);
        totals.operational.record(self.operational);
        totals.logout.record(self.logout);
    }
}

/// Logs in to the destinations in turn.
#[derive(Clone)]
pub(super) struct LoginAttempts(pub(super) Destinations);

impl LoginAttempts {
    async fn log_in_and_out(&self, number: u64) -> Result<TimedLogin, Error> {
        let began = Instant::now();
        let session = self.0.log_in(number).await?;
        let login = began.elapsed();
        let (times, round_trips) = (session.details().times, session.details().completed.round_trips);
        let began = Instant::now();
        session.logout().await?;
        Ok(TimedLogin {
            login,
            connect: times.connect,
            security: times.security,
            operational: times.operational,
            logout: began.elapsed(),
            round_trips,
        })
    }
}

impl Attempts for LoginAttempts {
    type Success = TimedLogin;

    async fn attempt(&mut self, number: u64) -> Result<TimedLogin, FailedAttempt> {
        self.log_in_and_out(number).await.map_err(|error| failure_cause(&error))
    }
}
