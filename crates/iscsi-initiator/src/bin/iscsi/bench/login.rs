//! `iscsi bench login`

mod attempt;
mod held_sessions;
mod processes;
mod results;
mod summary;
mod tally_record;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use iscsi_initiator::{Authenticated, Session};

use super::arrival::Arrival;
use super::destinations::Destinations;
use super::live_line::LiveLine;
use super::random::draw_seed;
use super::report::Report;
use super::run::run;
use super::schedule::Plan;
use super::settings::{check_open_files, exceeds, most_frequent, parse_rate, parse_share};
use super::tally::Tally;
use crate::arguments::size::{parse_number, parse_seconds};
use crate::arguments::values::Output;
use crate::arguments::{Policies, SessionOptions, values};
use crate::credentials::secret_source;
use crate::failure::Failure;
use crate::output::remarks::{UnauthenticatedReason, tell_unauthenticated};
use crate::{output, session};
use attempt::LoginAttempts;
pub(super) use attempt::TimedLogin;
use held_sessions::{HeldCount, HeldSessions};
#[cfg(all(test, feature = "report"))]
pub(super) use results::Phases;
#[cfg(test)]
pub(super) use results::sample;
#[cfg(feature = "report")]
pub(super) use results::{PlanSummary, Second};
pub(super) use results::{Results, SCHEMA};
use summary::{Circumstances, results, table};

/// The number of logins, unless something else ends the run.
const DEFAULT_COUNT: u64 = 1000;

/// Logins at the same time in an open loop, by default.
const OPEN_LOOP_CONCURRENCY: usize = 1024;

/// The most processes of a run.
const MOST_PROCESSES: u64 = 64;

/// The most sessions to one target: a TSIH has 16 bits.
const MOST_SESSIONS: u64 = 65_536;

pub(super) const EXAMPLE: &str = "Example: iscsi bench login iscsi://192.0.2.1/iqn.2001-04.com.example:disk";
pub(super) const DETAILS: &str = "\
A login is complete: TCP connection, security and operational negotiation, full
feature phase, logout. Without --rate each login begins when another ends
(closed loop): a slow target is asked less often. With --rate logins begin by
the clock (open loop, on a grid of a millisecond), and one that has to wait for
its turn is charged for the wait. They arrive at equal distances, at random
(--arrival poisson) as from many hosts, or those of a second all together
(--arrival burst) as after a target's restart. With --processes, several
processes share the logins. Secrets are read once, at the beginning.

Without --count and --duration, 1000 logins are made. When more of them fail
than --allow-failures, the exit code is that of the most frequent cause.";

#[derive(Args)]
pub(crate) struct Login {
    #[arg(required = true, value_name = "URL", help = "iscsi://host[:port]/target; several in turn")]
    urls: Vec<String>,
    /// End after N logins
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_number(text, 1, u64::MAX))]
    count: Option<u64>,
    /// End after this time
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    duration: Option<Duration>,
    /// At the same time [default: 1; --rate: 1024]
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_number(text, 1, MOST_SESSIONS))]
    concurrency: Option<u64>,
    /// Begin logins by the clock (open loop)
    #[arg(long, value_name = "PER-SECOND", value_parser = |text: &str| parse_rate(text, "logins"))]
    rate: Option<f64>,
    /// How logins arrive at this rate [default: fixed]
    #[arg(long, value_name = "PATTERN", value_enum, requires = "rate")]
    arrival: Option<Arrival>,
    /// Share the logins between N processes
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_number(text, 1, MOST_PROCESSES))]
    processes: Option<u64>,
    /// The number of the part that this process takes, from 0.
    #[arg(long, hide = true, requires = "processes")]
    part: Option<u64>,
    /// Hold N more sessions open all the time
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = |text: &str| parse_number(text, 0, MOST_SESSIONS))]
    hold: u64,
    /// Begin to measure after this time
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    warmup: Option<Duration>,
    /// Share that may fail: 5% or 0.05 [default: 0]
    #[arg(long, value_name = "SHARE", default_value = "0", hide_default_value = true, value_parser = parse_share)]
    allow_failures: f64,
    /// Write an HTML page with charts
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    session: SessionOptions,
}

/// The results of a run, and whether it succeeded.
struct Run {
    results: Results,
    outcome: Result<(), Failure>,
}

impl Login {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let plan = self.plan()?;
        self.check_processes(&plan)?;
        if let Some(part) = self.part {
            return self.take_part(&plan, usize::try_from(part).unwrap_or_default()).await;
        }
        // A limit reached during the run would look like a failure of the target.
        check_open_files(self.hold + u64::try_from(plan.concurrency).unwrap_or(u64::MAX))?;
        let report = self.report.as_deref().map(Report::prepare).transpose()?;
        let Run { results, outcome } = self.carry_out(&plan, self.destinations()?).await?;
        output::show(output, &results, table)?;
        if let Some(report) = report {
            report.write(&results)?;
        }
        outcome
    }

    /// Carries out one part of a plan, for the process that started this one.
    async fn take_part(&self, plan: &Plan, part: usize) -> Result<(), Failure> {
        let (plan, delay) = plan.part(part, self.processes());
        let (destinations, signals) = (self.destinations()?, processes::announce()?);
        if signals.begin.await.is_err() {
            return Ok(());
        }
        tokio::time::sleep(delay).await;
        let stop = async {
            tokio::select! {
                () = session::until_stopped() => {}
                _ = signals.stop => {}
            }
        };
        let workers = vec![LoginAttempts(destinations); plan.concurrency];
        let tally = run(&plan, workers, stop, |_, _| {}).await;
        processes::hand_over(&tally)
    }

    fn processes(&self) -> usize {
        self.processes.and_then(|number| usize::try_from(number).ok()).unwrap_or(1)
    }

    /// Each process needs a login to make, and its secrets from where all of them can read.
    fn check_processes(&self, plan: &Plan) -> Result<(), Failure> {
        let number = self.processes();
        if number > plan.concurrency {
            return Err(Failure::usage(
                format!("{number} processes cannot share {} logins at a time", plan.concurrency),
                "raise --concurrency to at least --processes",
            ));
        }
        let secrets = &self.session.secrets;
        if number > 1 && secrets.files().into_iter().flatten().any(|path| path == secret_source::DASH) {
            return Err(Failure::usage(
                "several processes cannot read secrets from standard input",
                "use a file, or store the secret with `iscsi secret set`",
            ));
        }
        Ok(())
    }

    async fn carry_out(&self, plan: &Plan, destinations: Destinations) -> Result<Run, Failure> {
        let targets = self.urls.iter().map(|url| shown(url)).collect::<Result<_, _>>()?;
        let Probe { authentication, algorithm, unauthenticated } = probe(&destinations).await?;
        let held = HeldSessions::log_in(&destinations, self.hold, plan.concurrency).await?;
        let held_bytes = held.bytes;
        let began = SystemTime::now() + plan.warmup;
        let tally = match self.processes() {
            1 => measure(plan, destinations).await,
            number => processes::measure(number).await?,
        };
        let held_count = held.count();
        held.log_out().await;
        let authentication = authentication.to_owned();
        let circumstances = Circumstances {
            began_unix_s: began.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            targets,
            authentication,
            algorithm,
            unauthenticated: unauthenticated.map(UnauthenticatedReason::into_message),
            held: held_count.held,
            held_lost: held_count.lost,
            held_bytes,
            processes: self.processes.filter(|number| *number > 1),
        };
        let outcome = self.outcome(&tally, held_count);
        Ok(Run { results: results(plan, &tally, circumstances), outcome })
    }

    /// Whether the run succeeded: all logins but those that may fail, with all sessions held open.
    fn outcome(&self, tally: &Tally<TimedLogin>, held_count: HeldCount) -> Result<(), Failure> {
        if tally.interrupted {
            return Err(Failure::Interrupted);
        }
        let (failed, attempts) = (tally.failures, tally.attempts());
        match (most_frequent(&tally.causes), held_count.cause) {
            (Some((cause, counted)), _) if exceeds(failed, attempts, self.allow_failures) => {
                Err(Failure::LoginsFailed { failed, attempts, cause: cause.clone(), exit: counted.exit })
            }
            (_, Some((cause, exit))) => {
                Err(Failure::HeldSessionsLost { lost: held_count.lost, held: held_count.held, cause, exit })
            }
            _ => Ok(()),
        }
    }

    fn plan(&self) -> Result<Plan, Failure> {
        let concurrency = self.concurrency.map_or_else(
            || if self.rate.is_some() { OPEN_LOOP_CONCURRENCY } else { 1 },
            |concurrency| usize::try_from(concurrency).unwrap_or(usize::MAX),
        );
        let count = self.count.or_else(|| self.duration.is_none().then_some(DEFAULT_COUNT));
        let warmup = self.warmup.unwrap_or_default();
        let (arrival, seed) = (self.arrival.unwrap_or_default(), draw_seed()?);
        Ok(Plan { concurrency, rate: self.rate, arrival, seed, count, duration: self.duration, warmup })
    }

    fn destinations(&self) -> Result<Destinations, Failure> {
        let urls = self.urls.iter().map(|url| values::target_url(url)).collect::<Result<_, _>>()?;
        Destinations::prepare(urls, &self.session, Policies::of_one_session())
    }
}

/// The authentication of a first login.
struct Probe {
    authentication: &'static str,
    algorithm: Option<String>,
    /// Why there is no authentication, if there is none and --auth none was not given.
    unauthenticated: Option<UnauthenticatedReason>,
}

/// Logs in once beforehand: a login that cannot work is one error, not a thousand failures.
async fn probe(destinations: &Destinations) -> Result<Probe, Failure> {
    let login = async { Ok(destinations.log_in(0).await?) };
    let session: Session = session::until_interrupted(login).await?;
    tell_unauthenticated(session.details());
    let unauthenticated = UnauthenticatedReason::of(session.details());
    let (authentication, algorithm) = match &session.details().completed.authenticated {
        Authenticated::None => ("none", None),
        Authenticated::Initiator { algorithm } => ("chap", Some(algorithm.to_string())),
        Authenticated::Mutual(target) => ("mutual", Some(target.algorithm().to_string())),
    };
    session.logout().await?;
    Ok(Probe { authentication, algorithm, unauthenticated })
}

/// Carries the plan out.
async fn measure(plan: &Plan, destinations: Destinations) -> Tally<TimedLogin> {
    let mut line = LiveLine::new("logins", 0);
    let workers = vec![LoginAttempts(destinations); plan.concurrency];
    let watch = |tally: &Tally<_>, elapsed| line.show(tally, elapsed);
    let tally = run(plan, workers, session::until_stopped(), watch).await;
    line.clear();
    tally
}

/// Formats a URL without its credentials.
fn shown(url: &str) -> Result<String, Failure> {
    let url = values::target_url(url)?;
    Ok(format!("iscsi://{}/{}", url.portal, url.target))
}
