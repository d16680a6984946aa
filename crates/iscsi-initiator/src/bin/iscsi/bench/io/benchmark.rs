//! One run of `iscsi bench io` in sessions that are open: the measurement, and what is read back afterwards.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use iscsi_initiator::SessionDetails;
use iscsi_initiator::scsi::Capacity;
use tokio::sync::Notify;

use super::Io;
use super::area::Area;
use super::ledger::Ledger;
use super::results::{PlanSummary, Results};
use super::sessions::Sessions;
use super::summary::{Circumstances, results};
use super::verification::Verified;
use super::worker::{Direction, ReadBack, Work, Worker};
use crate::bench::arrival::Arrival;
use crate::bench::attempt::{Attempts, FailedAttempt};
use crate::bench::live_line::LiveLine;
use crate::bench::random::{Random, draw_seed};
use crate::bench::run::run;
use crate::bench::schedule::Plan;
use crate::bench::settings::most_frequent;
use crate::bench::tally::Tally;
use crate::failure::Failure;
use crate::messages::warn;
use crate::output::remarks::{UnauthenticatedReason, tell_unauthenticated};
use crate::session::{until_interrupted, until_stopped};

/// Reads that may fail while everything is read back: a target that is gone is not asked for each of its blocks.
const MOST_UNREADABLE: u64 = 16;

/// The results of a run, and whether it succeeded.
pub(super) struct Run {
    pub(super) results: Results,
    pub(super) outcome: Result<(), Failure>,
}

impl Io {
    /// Carries the run out. `unit` is the URL of the unit, without credentials.
    ///
    /// # Cancel safety
    /// When the future is dropped, so are all operations; any of the writes may have taken effect.
    pub(super) async fn carry_out(&self, sessions: &Sessions, unit: String) -> Result<Run, Failure> {
        let Some((session, device)) = sessions.first().await else {
            return Err(Failure::usage("there is no session", "--sessions is at least 1"));
        };
        tell_unauthenticated(session.details());
        let plan = self.plan();
        let area = Area::new(device.capacity(), self.offset, self.length, self.block_size)?;
        if self.verify {
            area.check_verifiable(plan.concurrency)?;
        }
        let summary = self.plan_summary(unit, &area, device.capacity(), session.details());
        if self.destroy_data {
            warn(&format!(
                "overwriting {} bytes from offset {} on, of {}",
                area.length(),
                area.offset,
                summary.unit
            ));
        }
        let crew = Crew::new(self, area, sessions)?;
        let began = SystemTime::now() + plan.warmup;
        let tally = crew.measure(&plan).await;
        let verified = match &crew.work.ledger {
            Some(ledger) => Some(crew.verify(ledger, tally.interrupted).await),
            None => None,
        };
        let circumstances = Circumstances {
            began_unix_s: began.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            plan: summary,
            area,
            reconnects: sessions.reconnects().await,
            verification: verified.as_ref().map(Verified::summary),
        };
        Ok(Run { results: results(&tally, circumstances), outcome: self.outcome(&tally, verified) })
    }

    fn plan_summary(
        &self,
        unit: String,
        area: &Area,
        capacity: Capacity,
        details: &SessionDetails,
    ) -> PlanSummary {
        let plan = self.plan();
        let digests = details.completed.parameters.digests;
        let digest = |is_on: bool| if is_on { "crc32c" } else { "none" }.to_owned();
        PlanSummary {
            unit,
            unit_bytes: capacity.bytes(),
            unit_block_bytes: capacity.block_size.into(),
            header_digest: digest(digests.header),
            data_digest: digest(digests.data),
            unauthenticated: UnauthenticatedReason::of(details).map(UnauthenticatedReason::into_message),
            order: if self.sequential { "sequential" } else { "random" }.to_owned(),
            read_percent: self.read_percent(),
            verify: self.verify,
            block_bytes: area.block_size as u64,
            depth: self.depth(),
            sessions: self.sessions,
            offset: area.offset,
            length: area.length(),
            rate_per_s: plan.rate,
            count: plan.count,
            duration_s: plan.duration.map(|duration| duration.as_secs_f64()),
            warmup_s: plan.warmup.as_secs_f64(),
        }
    }
}

/// The sessions of a run, what is done in them, and how much of it at the same time.
struct Crew<'a> {
    work: Arc<Work>,
    sessions: &'a Sessions,
    depth: u64,
    seed: u64,
}

impl<'a> Crew<'a> {
    fn new(io: &Io, area: Area, sessions: &'a Sessions) -> Result<Self, Failure> {
        let seed = draw_seed()?;
        let work = Arc::new(Work::new(area, io.sequential, io.read_percent(), io.verify, seed));
        Ok(Self { work, sessions, depth: io.depth(), seed })
    }

    /// As many workers for each session as it has operations in flight.
    fn workers(&self) -> impl Iterator<Item = Worker> {
        let mut seeds = Random(self.seed);
        let each = (0..self.depth).flat_map(|_| self.sessions.slots());
        each.map(move |slot| Worker::new(&self.work, slot, seeds.next()))
    }

    async fn measure(&self, plan: &Plan) -> Tally<Direction> {
        self.run("operations", plan, self.workers(), until_stopped(), |_| ()).await
    }

    /// Makes attempts, and shows their count meanwhile.
    async fn run<A: Attempts>(
        &self,
        operations: &'static str,
        plan: &Plan,
        workers: impl Iterator<Item = A>,
        stop: impl Future<Output = ()>,
        watch: impl Fn(&Tally<A::Success>),
    ) -> Tally<A::Success> {
        let mut line = LiveLine::new(operations, self.work.area.block_size as u64);
        let show = |tally: &Tally<_>, elapsed| {
            line.show(tally, elapsed);
            watch(tally);
        };
        let tally = run(plan, workers, stop, show).await;
        line.clear();
        tally
    }

    /// Reads everything back, unless the run was interrupted: now, and once more after another login.
    async fn verify(&self, ledger: &Ledger, interrupted: bool) -> Verified {
        let during_run = ledger.counts();
        let mut verified = Verified { at_end: during_run.clone(), during_run, ..Verified::default() };
        if interrupted {
            verified.failure = Some(Failure::Interrupted);
        } else if let Err(failure) = self.read_everything_back(ledger, &mut verified).await {
            verified.failure = Some(failure);
        }
        verified.after_login = ledger.counts();
        verified
    }

    async fn read_everything_back(&self, ledger: &Ledger, verified: &mut Verified) -> Result<(), Failure> {
        self.read_back(ledger, verified).await?;
        verified.at_end = ledger.counts();
        until_interrupted(async {
            if let Some(slot) = self.sessions.slots().first() {
                slot.device().await?.flush().await?;
            }
            Ok(self.sessions.log_in_again().await?)
        })
        .await?;
        self.read_back(ledger, verified).await
    }

    /// Reads every block that was written, once. Only an interruption is an error.
    async fn read_back(&self, ledger: &Ledger, verified: &mut Verified) -> Result<(), Failure> {
        let concurrency = usize::try_from(self.depth).unwrap_or(usize::MAX) * self.sessions.slots().len();
        let (count, duration, warmup) = (Some(ledger.written()), None, Duration::ZERO);
        let (rate, arrival, seed) = (None, Arrival::Fixed, 0);
        let plan = Plan { concurrency, rate, arrival, seed, count, duration, warmup };
        let (too_many, interrupted) = (Notify::new(), Cell::new(false));
        let stop = async {
            tokio::select! {
                () = until_stopped() => interrupted.set(true),
                () = too_many.notified() => {}
            }
        };
        let watch = |tally: &Tally<_>| {
            if tally.failures > MOST_UNREADABLE {
                too_many.notify_one();
            }
        };
        let workers = self.workers().map(ReadBack);
        let tally = self.run("blocks read back", &plan, workers, stop, watch).await;
        verified.unreadable += tally.failures;
        if let Some((cause, counted)) = most_frequent(&tally.causes) {
            verified.cause.get_or_insert_with(|| FailedAttempt { cause: cause.clone(), exit: counted.exit });
        }
        if interrupted.get() { Err(Failure::Interrupted) } else { Ok(()) }
    }
}
