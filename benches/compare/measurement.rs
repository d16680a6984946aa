//! Execution of the plan: case by case, round by round, one contender after the other.

use serde::Serialize;

use crate::Failure;
use crate::arguments::{Amount, Plan};
use crate::case::{Authentication, Case, Placement, TargetKind};
use crate::contender::{Contender, Errand};
use crate::exchanges::Exchanges;
use crate::placement::Processors;
use crate::processor_time;
use crate::recording::record;
use crate::sample::Sample;
use crate::server::Server;
use crate::stage::Stage;
use crate::statistics::Spread;

/// One sample of each contender, made one behind the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Round {
    pub(crate) ours: Sample,
    pub(crate) libiscsi: Sample,
    pub(crate) bare: Sample,
}

impl Round {
    pub(crate) const fn of(&self, contender: Contender) -> &Sample {
        match contender {
            Contender::Ours => &self.ours,
            Contender::Libiscsi => &self.libiscsi,
            Contender::Bare => &self.bare,
        }
    }

    const fn place_of(&mut self, contender: Contender) -> &mut Sample {
        match contender {
            Contender::Ours => &mut self.ours,
            Contender::Libiscsi => &mut self.libiscsi,
            Contender::Bare => &mut self.bare,
        }
    }
}

/// One of the figures in a sample.
pub(crate) type Figure = fn(&Sample) -> f64;

/// All rounds of one case.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) case: Case,
    /// The segment sizes of the plain TCP exchange.
    pub(crate) exchanges: Exchanges,
    pub(crate) rounds: Vec<Round>,
}

impl Measured {
    pub(crate) fn spread(&self, contender: Contender, figure: Figure) -> Option<Spread> {
        Spread::of(self.rounds.iter().map(|round| figure(round.of(contender))))
    }

    /// Ours by theirs, pair by pair.
    pub(crate) fn ratio(&self, theirs: Contender, figure: Figure) -> Option<Spread> {
        Spread::of_ratios(self.rounds.iter().map(|round| (figure(&round.ours), figure(round.of(theirs)))))
    }
}

/// Measures every case of the plan.
pub(crate) fn measure(plan: &Plan) -> Result<Vec<Measured>, Failure> {
    let processors = Processors::of_this_process()?;
    let mut done = Vec::new();
    for target in &plan.target {
        let stage = Stage::set(*target)?;
        for authentication in &plan.authentication {
            let scene = Scene::prepare(plan, &processors, *target, &stage, *authentication)?;
            for (placement, concurrency) in pairs(&plan.placement, &plan.concurrency) {
                done.push(scene.case(placement, concurrency)?);
            }
        }
    }
    Ok(done)
}

fn pairs<'a>(
    placements: &'a [Placement],
    concurrencies: &'a [u32],
) -> impl Iterator<Item = (Placement, u32)> + 'a {
    placements.iter().flat_map(|placement| concurrencies.iter().map(|concurrency| (*placement, *concurrency)))
}

/// A target of one authentication, and the responder that stands for it.
struct Scene<'a> {
    plan: &'a Plan,
    processors: &'a Processors,
    kind: TargetKind,
    stage: &'a Stage,
    authentication: Authentication,
    target: String,
    exchanges: Exchanges,
    responder: Server,
}

impl<'a> Scene<'a> {
    fn prepare(
        plan: &'a Plan,
        processors: &'a Processors,
        kind: TargetKind,
        stage: &'a Stage,
        authentication: Authentication,
    ) -> Result<Self, Failure> {
        let exchanges = record(stage, authentication)?;
        let responder = Server::start(&["respond", "--exchanges", &exchanges.to_string()])?;
        let target = stage.target(authentication);
        Ok(Self { plan, processors, kind, stage, authentication, target, exchanges, responder })
    }

    fn case(&self, placement: Placement, concurrency: u32) -> Result<Measured, Failure> {
        let case = Case { placement, target: self.kind, authentication: self.authentication, concurrency };
        eprintln!("{case}");
        self.processors.place(placement, &[self.stage.pid(), self.responder.pid()])?;
        let rounds = (0..self.plan.rounds).map(|round| self.round(round, concurrency));
        let rounds = rounds.collect::<Result<_, _>>().map_err(|error| format!("{case}: {error}"))?;
        Ok(Measured { case, exchanges: self.exchanges.clone(), rounds })
    }

    fn round(&self, number: u32, concurrency: u32) -> Result<Round, Failure> {
        let errand = self.errand(concurrency);
        let mut round = Round::default();
        for contender in Contender::in_turn(number) {
            *round.place_of(contender) = self.sample(contender, &errand)?;
        }
        Ok(round)
    }

    fn sample(&self, contender: Contender, errand: &Errand<'_>) -> Result<Sample, Failure> {
        let server = if contender == Contender::Bare { self.responder.pid() } else { self.stage.pid() };
        let before = processor_time::of(server)?;
        let client = errand.run(contender)?;
        Ok(Sample::new(client, processor_time::of(server)?.saturating_sub(before)))
    }

    fn errand(&self, concurrency: u32) -> Errand<'_> {
        let logins = self.plan.logins.max(u64::from(concurrency) * 8);
        let unmeasured = (logins / 10).max(u64::from(concurrency));
        Errand {
            libiscsi: &self.plan.libiscsi,
            portal: self.stage.portal(),
            target: &self.target,
            responder: self.responder.address(),
            exchanges: &self.exchanges,
            authentication: self.authentication,
            runtime: self.plan.runtime,
            amount: Amount { concurrency, unmeasured, logins },
        }
    }
}
