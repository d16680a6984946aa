//! `iscsi bench login`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use iscsi_initiator::{Authenticated, Session};

use super::held_sessions::HeldSessions;
use super::table;
use crate::arguments::Options;
use crate::bench::live_line::LiveLine;
use crate::bench::login_attempt::{Destination, LoginAttempts};
use crate::bench::plan::Plan;
use crate::bench::report_file::ReportFile;
use crate::bench::results::Results;
use crate::bench::run::run;
use crate::bench::summary::{Circumstances, results};
use crate::bench::tally::Tally;
use crate::bench::{process, report};
use crate::failure::Failure;
use crate::size::parse_seconds;
use crate::store::FrozenStore;
use crate::unauthenticated::{self, Reason};
use crate::{credentials, output, session, store};

/// Logins, unless something else ends the run.
const DEFAULT_COUNT: u64 = 1000;

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
        let report = self.report.as_deref().map(ReportFile::prepare).transpose()?;
        let results = self.results(&plan, self.attempts(options)?).await?;
        output::show(options.output, &results, table::table)?;
        if let Some(report) = report {
            report.write(&report::html(&results))?;
        }
        match results.causes.first() {
            Some(first) if results.logins == 0 => Err(Failure::NoLogin { cause: first.cause.clone() }),
            _ if results.interrupted => Err(Failure::Interrupted),
            _ => Ok(()),
        }
    }

    async fn results(&self, plan: &Plan, attempts: LoginAttempts) -> Result<Results, Failure> {
        let targets = self.urls.iter().map(|url| shown(url)).collect::<Result<_, _>>()?;
        let Probe { authentication, algorithm, unauthenticated } = probe(&attempts).await?;
        let held = HeldSessions::log_in(&attempts, self.hold, plan.concurrency).await?;
        let (held_number, held_octets) = (held.number(), held.octets);
        let began = SystemTime::now() + plan.warmup;
        let tally = measure(plan, attempts).await;
        held.log_out().await;
        let authentication = authentication.to_owned();
        let circumstances = Circumstances {
            began_unix_s: began.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            targets,
            authentication,
            algorithm,
            unauthenticated: unauthenticated.map(Reason::into_message),
            held: held_number,
            held_octets,
        };
        Ok(results(plan, &tally, circumstances))
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
        let mut targets = Vec::new();
        for url in &self.urls {
            let mut url = session::target(url)?;
            let request = credentials::request(options, std::mem::take(&mut url.credentials))?;
            targets.push((url, request));
        }
        // The one that takes the most from the store decides whether it has to be readable.
        let Some(request) =
            targets.iter().map(|(_, request)| request).max_by_key(|request| request.takes_from_store())
        else {
            return Ok(LoginAttempts::to(Vec::new()));
        };
        let store = Arc::new(FrozenStore::of(&*store::for_login(options, request)?));
        let destinations = targets.into_iter().map(|(url, request)| {
            let initiator = session::initiator_with(options, url.header_digest, store.clone())?;
            Ok(Destination { initiator, url, request })
        });
        Ok(LoginAttempts::to(destinations.collect::<Result<_, Failure>>()?))
    }
}

/// How the logins turn out.
struct Probe {
    authentication: &'static str,
    algorithm: Option<String>,
    /// Why there is no authentication, if there is none and that was not demanded.
    unauthenticated: Option<Reason>,
}

/// One login beforehand: what cannot work at all is an error, and not a thousand failures.
async fn probe(attempts: &LoginAttempts) -> Result<Probe, Failure> {
    let login = async { Ok(attempts.log_in(0).await?) };
    let session: Session = session::until_interrupted(login).await?;
    unauthenticated::tell(session.details());
    let unauthenticated = Reason::of(session.details());
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
        if session::told_to_stop().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let tally = run(plan, attempts, stop, |tally, elapsed| line.show(tally, elapsed)).await;
    line.clear();
    tally
}

/// A URL without what it says about CHAP.
fn shown(url: &str) -> Result<String, Failure> {
    let url = session::target(url)?;
    Ok(format!("iscsi://{}/{}", url.portal, url.target))
}
