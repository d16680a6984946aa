//! `iscsi bench login`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use iscsi_initiator::{Authenticated, Error, Session};
use tokio::task::{JoinError, JoinSet};

use super::table;
use crate::arguments::Options;
use crate::bench::live_line::LiveLine;
use crate::bench::login_attempt::{Destination, LoginAttempts};
use crate::bench::plan::Plan;
use crate::bench::run::run;
use crate::bench::summary::{Circumstances, results};
use crate::bench::tally::Tally;
use crate::bench::{process, report};
use crate::failure::Failure;
use crate::size::parse_seconds;
use crate::store::FrozenStore;
use crate::{credentials, output, session, store};

/// Logins, unless something else ends the run.
const DEFAULT_COUNT: u64 = 1000;

/// Logins and logouts of held sessions at the same time: below what targets keep in their backlog.
const MOST_TO_HOLD_AT_ONCE: usize = 128;

/// Logins at the same time in an open loop, unless said otherwise.
const OPEN_LOOP_CONCURRENCY: usize = 1024;

/// Files that a process needs beside its connections.
const OTHER_FILES: u64 = 64;

#[derive(Args)]
pub(crate) struct Login {
    #[arg(
        required = true,
        value_name = "URL",
        help = "iscsi://host[:port]/target; several are taken in turn"
    )]
    urls: Vec<String>,
    /// End after so many logins [default without --duration: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    duration: Option<Duration>,
    /// Logins at the same time [default: 1; with --rate the most there may be: 1024]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65536))]
    concurrency: Option<u32>,
    /// Begin so many logins a second, whatever becomes of those before
    #[arg(long, value_name = "PER-SECOND", value_parser = parse_rate)]
    rate: Option<f64>,
    /// Keep so many more sessions open all the time
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=65536))]
    hold: u32,
    /// Begin to measure after this time
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    warmup: Option<Duration>,
    /// Write a page about the run: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.001..=1e6).contains(&rate) => Ok(rate),
        _ => Err("a number of logins per second, from 0.001 to 1000000".to_owned()),
    }
}

impl Login {
    pub(super) async fn run(&self, options: &Options) -> Result<(), Failure> {
        let plan = self.plan();
        self.check_open_files(&plan)?;
        let attempts = self.attempts(options)?;
        let probe = probe(&attempts).await?;
        let before = process::resident_octets();
        let held = session::until_interrupted(self.hold(&attempts, &plan)).await?;
        let held_octets =
            process::resident_octets().zip(before).map(|(after, before)| after.saturating_sub(before));
        let began_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let tally = measure(&plan, attempts).await;
        let circumstances = Circumstances {
            began_unix_s,
            targets: self.urls.iter().map(|url| shown(url)).collect::<Result<_, _>>()?,
            authentication: probe.authentication.to_owned(),
            algorithm: probe.algorithm,
            held: u64::try_from(held.len()).unwrap_or(u64::MAX),
            held_octets,
        };
        log_out(held).await;
        let results = results(&plan, &tally, circumstances);
        if let Some(path) = &self.report {
            std::fs::write(path, report::html(&results)).map_err(Failure::file("write", path))?;
        }
        output::show(options.output, &results, table::table)?;
        match results.causes.first() {
            Some(first) if results.logins == 0 => Err(Failure::NoLogin { cause: first.cause.clone() }),
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

    /// Checked beforehand: in the middle it would look like a failure of the target.
    fn check_open_files(&self, plan: &Plan) -> Result<(), Failure> {
        let connections = u64::from(self.hold) + u64::try_from(plan.concurrency).unwrap_or(u64::MAX);
        let needed = connections.saturating_add(OTHER_FILES);
        match process::open_files_limit() {
            Some(limit) if limit < needed => Err(Failure::OpenFiles { needed, limit }),
            _ => Ok(()),
        }
    }

    /// Secrets are read once: the store is not what is measured.
    fn attempts(&self, options: &Options) -> Result<LoginAttempts, Failure> {
        let store = Arc::new(FrozenStore(store::for_reading(options)?.snapshot()?));
        let destinations = self.urls.iter().map(|url| {
            let mut url = session::target(url)?;
            let initiator = session::initiator_with(options, url.header_digest, store.clone())?;
            let request = credentials::request(options, std::mem::take(&mut url.credentials))?;
            Ok(Destination { initiator, url, request })
        });
        Ok(LoginAttempts::to(destinations.collect::<Result<_, Failure>>()?))
    }

    /// Logs in the sessions that are held; as many at the same time as are measured.
    async fn hold(&self, attempts: &LoginAttempts, plan: &Plan) -> Result<Vec<Session>, Failure> {
        let (mut held, mut under_way) = (Vec::new(), JoinSet::new());
        for number in 0..u64::from(self.hold) {
            while under_way.len() >= plan.concurrency.min(MOST_TO_HOLD_AT_ONCE) {
                held.extend(joined(under_way.join_next().await)?);
            }
            let attempts = attempts.clone();
            under_way.spawn(async move { attempts.log_in(number).await });
        }
        while !under_way.is_empty() {
            held.extend(joined(under_way.join_next().await)?);
        }
        Ok(held)
    }
}

type Joined = Option<Result<Result<Session, Error>, JoinError>>;

fn joined(ended: Joined) -> Result<Option<Session>, Failure> {
    match ended {
        None => Ok(None),
        Some(Ok(session)) => Ok(Some(session?)),
        Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// How the logins turn out.
struct Probe {
    authentication: &'static str,
    algorithm: Option<String>,
}

/// One login beforehand: what cannot work at all is an error, and not a thousand failures.
async fn probe(attempts: &LoginAttempts) -> Result<Probe, Failure> {
    let login = async { Ok(attempts.log_in(0).await?) };
    let session: Session = session::until_interrupted(login).await?;
    let (authentication, algorithm) = match &session.details().completed.authenticated {
        Authenticated::None => ("none", None),
        Authenticated::Initiator { algorithm } => ("chap", Some(algorithm.to_string())),
        Authenticated::Mutual(target) => ("mutual", Some(target.algorithm().to_string())),
    };
    session.logout().await?;
    Ok(Probe { authentication, algorithm })
}

/// Carries the plan out.
async fn measure(plan: &Plan, attempts: LoginAttempts) -> Tally {
    let mut line = LiveLine::new();
    let stop = async {
        if session::told_to_stop().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let tally = run(plan, attempts, stop, |tally, elapsed| line.show(tally, elapsed)).await;
    line.clear();
    tally
}

/// The sessions that were held end as they should; what a target does now is not measured any more.
async fn log_out(held: Vec<Session>) {
    let mut under_way = JoinSet::new();
    for session in held {
        while under_way.len() >= MOST_TO_HOLD_AT_ONCE {
            under_way.join_next().await;
        }
        under_way.spawn(session.logout());
    }
    while under_way.join_next().await.is_some() {}
}

/// A URL without what it says about CHAP.
fn shown(url: &str) -> Result<String, Failure> {
    let url = session::target(url)?;
    Ok(format!("iscsi://{}/{}", url.portal, url.target))
}
