//! `iscsi bench login`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use iscsi_initiator::{Authenticated, Initiator, Session};

use super::attempt::{Destination, LoginAttempts};
use super::held_sessions::{HeldCount, HeldSessions};
use super::report::Report;
use super::results::Results;
use super::run::run;
use super::schedule::Plan;
use super::summary::{Circumstances, LiveLine, results, table};
use super::tally::Tally;
use crate::arguments::size::parse_seconds;
use crate::arguments::values::Output;
use crate::arguments::{SessionOptions, values};
use crate::failure::Failure;
use crate::output::remarks::{UnauthenticatedReason, tell_unauthenticated};
use crate::store::FrozenStore;
use crate::{credentials, output, process, session, store};

/// The number of logins, unless something else ends the run.
const DEFAULT_COUNT: u64 = 1000;

/// Logins at the same time in an open loop, by default.
const OPEN_LOOP_CONCURRENCY: usize = 1024;

/// The most sessions to one target: a TSIH has 16 bits.
const MOST_SESSIONS: u64 = 65_536;

/// Open files of the process beside its connections.
const OTHER_FILES: u64 = 64;

pub(super) const EXAMPLE: &str = "Example: iscsi bench login iscsi://192.0.2.1/iqn.2001-04.com.example:disk";
pub(super) const DETAILS: &str = "\
A login is complete: TCP connection, security and operational negotiation, full
feature phase, logout. Without --rate each login begins when another ends
(closed loop): a slow target is asked less often. With --rate logins begin by
the clock (open loop, on a grid of a millisecond), and one that has to wait for
its turn is charged for the wait. Secrets are read once, at the beginning.

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
    #[arg(long, value_name = "PER-SECOND", value_parser = parse_rate)]
    rate: Option<f64>,
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

/// Reads a number within bounds. (Errors of clap about a range would repeat the value.)
fn parse_number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ if most == u64::MAX => Err(format!("a whole number of {least} or more")),
        _ => Err(format!("a whole number from {least} to {most}")),
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.001..=1e6).contains(&rate) => Ok(rate),
        _ => Err("a number of logins per second, from 0.001 to 1000000".to_owned()),
    }
}

/// Reads a share of a whole, in percent or as a fraction.
fn parse_share(text: &str) -> Result<f64, String> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent.trim_end(), 100.0));
    match number.parse::<f64>() {
        Ok(part) if (0.0..=whole).contains(&part) => Ok(part / whole),
        _ => Err("a share from 0% to 100%, or from 0 to 1".to_owned()),
    }
}

/// Whether a part of a whole is more than this share of it.
#[allow(clippy::cast_precision_loss, reason = "fewer than 2^53 logins")]
fn exceeds(part: u64, whole: u64, share: f64) -> bool {
    part as f64 > share * whole as f64
}

/// The results of a run, and whether it succeeded.
struct Run {
    results: Results,
    outcome: Result<(), Failure>,
}

impl Login {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let plan = self.plan();
        self.check_open_files(&plan)?;
        let report = self.report.as_deref().map(Report::prepare).transpose()?;
        let Run { results, outcome } = self.carry_out(&plan, self.attempts()?).await?;
        output::show(output, &results, table)?;
        if let Some(report) = report {
            report.write(&results)?;
        }
        outcome
    }

    async fn carry_out(&self, plan: &Plan, attempts: LoginAttempts) -> Result<Run, Failure> {
        let targets = self.urls.iter().map(|url| shown(url)).collect::<Result<_, _>>()?;
        let Probe { authentication, algorithm, unauthenticated } = probe(&attempts).await?;
        let held = HeldSessions::log_in(&attempts, self.hold, plan.concurrency).await?;
        let held_bytes = held.bytes;
        let began = SystemTime::now() + plan.warmup;
        let tally = measure(plan, attempts).await;
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
        };
        let outcome = self.outcome(&tally, held_count);
        Ok(Run { results: results(plan, &tally, circumstances), outcome })
    }

    /// Whether the run succeeded: all logins but those that may fail, with all sessions held open.
    fn outcome(&self, tally: &Tally, held_count: HeldCount) -> Result<(), Failure> {
        if tally.interrupted {
            return Err(Failure::Interrupted);
        }
        let (failed, attempts) = (tally.failures, tally.logins.saturating_add(tally.failures));
        let most_frequent = tally.causes.iter().max_by_key(|(_, counted)| counted.count);
        match (most_frequent, held_count.cause) {
            (Some((cause, counted)), _) if exceeds(failed, attempts, self.allow_failures) => {
                Err(Failure::LoginsFailed { failed, attempts, cause: cause.clone(), exit: counted.exit })
            }
            (_, Some((cause, exit))) => {
                Err(Failure::HeldSessionsLost { lost: held_count.lost, held: held_count.held, cause, exit })
            }
            _ => Ok(()),
        }
    }

    fn plan(&self) -> Plan {
        let concurrency = self.concurrency.map_or_else(
            || if self.rate.is_some() { OPEN_LOOP_CONCURRENCY } else { 1 },
            |concurrency| usize::try_from(concurrency).unwrap_or(usize::MAX),
        );
        let count = self.count.or_else(|| self.duration.is_none().then_some(DEFAULT_COUNT));
        let warmup = self.warmup.unwrap_or_default();
        Plan { concurrency, rate: self.rate, count, duration: self.duration, warmup }
    }

    /// Checks the limit beforehand: reached during the run, it would look like a failure of the target.
    fn check_open_files(&self, plan: &Plan) -> Result<(), Failure> {
        let connections = self.hold + u64::try_from(plan.concurrency).unwrap_or(u64::MAX);
        let needed = connections.saturating_add(OTHER_FILES);
        match process::open_files_limit() {
            Some(limit) if limit < needed => Err(Failure::OpenFiles { needed, limit }),
            _ => Ok(()),
        }
    }

    /// Prepares the attempts. Secrets are read once: the store is not measured.
    fn attempts(&self) -> Result<LoginAttempts, Failure> {
        let mut targets = Vec::new();
        for url in &self.urls {
            let mut url = values::target_url(url)?;
            let request = credentials::request(&self.session, std::mem::take(&mut url.credentials))?;
            targets.push((url, request));
        }
        // The request that needs the most from the store decides whether the store has to be readable.
        let Some(request) =
            targets.iter().map(|(_, request)| request).max_by_key(|request| request.takes_from_store())
        else {
            return Ok(LoginAttempts::to(Vec::new()));
        };
        let store = Arc::new(FrozenStore::of(&*store::for_login(&self.session.store, request)?));
        // One pool for all: several URLs may name the same target.
        let mut isids = None;
        let destinations = targets.into_iter().map(|(url, request)| {
            let mut config = session::config(&self.session, url.header_digest)?;
            config.isids = isids.get_or_insert(config.isids.round_robin()).clone();
            let initiator = Initiator::new(config, store.clone());
            Ok(Destination { initiator, url, request })
        });
        Ok(LoginAttempts::to(destinations.collect::<Result<_, Failure>>()?))
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
async fn probe(attempts: &LoginAttempts) -> Result<Probe, Failure> {
    let login = async { Ok(attempts.log_in(0).await?) };
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
async fn measure(plan: &Plan, attempts: LoginAttempts) -> Tally {
    let mut line = LiveLine::new();
    let stop = async {
        if session::stop_signal().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let tally = run(plan, attempts, stop, |tally, elapsed| line.show(tally, elapsed)).await;
    line.clear();
    tally
}

/// Formats a URL without its credentials.
fn shown(url: &str) -> Result<String, Failure> {
    let url = values::target_url(url)?;
    Ok(format!("iscsi://{}/{}", url.portal, url.target))
}
