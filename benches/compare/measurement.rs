//! Execution of the plan: case by case, round by round, one contender after the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::arguments::{Amount, Plan};
use crate::case::{Authentication, Case, Placement, TargetKind};
use crate::contender::{Contender, Errand};
use crate::exchanges::Exchanges;
use crate::placement::Processors;
use crate::processor_time;
use crate::recording::record;
use crate::sample::Sample;
use crate::stage::Stage;
use crate::statistics::Spread;
use crate::transcript::Transcript;
use iscsi_benches::server::Server;

/// One sample of each contender, made one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Round(pub(crate) BTreeMap<Contender, Sample>);

impl Round {
    /// Measures these contenders, each round beginning with another one: what a neighbour leaves behind is shared out.
    pub(crate) fn measure(
        number: u32,
        contenders: &[Contender],
        mut sample: impl FnMut(Contender) -> Result<Sample, Failure>,
    ) -> Result<Self, Failure> {
        let first = usize::try_from(number)? % contenders.len().max(1);
        let in_turn = contenders.iter().cycle().skip(first).take(contenders.len());
        in_turn.map(|contender| Ok((*contender, sample(*contender)?))).collect::<Result<_, _>>().map(Self)
    }
}

/// One of the figures in a sample.
pub(crate) type Figure = fn(&Sample) -> f64;

/// All rounds of one case.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured<C> {
    pub(crate) case: C,
    /// The segment sizes of the plain TCP exchange.
    pub(crate) exchanges: Exchanges,
    pub(crate) rounds: Vec<Round>,
}

impl<C> Measured<C> {
    pub(crate) fn spread(&self, contender: Contender, figure: Figure) -> Option<Spread> {
        Spread::of(self.rounds.iter().filter_map(|round| Some(figure(round.0.get(&contender)?))))
    }

    pub(crate) fn median(&self, contender: Contender, figure: Figure) -> Option<f64> {
        Some(self.spread(contender, figure)?.median)
    }

    /// Ours by theirs, pair by pair.
    pub(crate) fn ratio(&self, theirs: Contender, figure: Figure) -> Option<Spread> {
        let figure_of = |round: &Round, contender| Some(figure(round.0.get(&contender)?));
        let pair = |round: &Round| Some((figure_of(round, Contender::Ours)?, figure_of(round, theirs)?));
        Spread::of_ratios(self.rounds.iter().filter_map(pair))
    }

    pub(crate) fn median_ratio(&self, theirs: Contender, figure: Figure) -> Option<f64> {
        Some(self.ratio(theirs, figure)?.median)
    }
}

/// Measures every case of the plan.
pub(crate) fn measure(plan: &Plan) -> Result<Vec<Measured<Case>>, Failure> {
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
    transcript: Transcript,
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
        let transcript = record(stage, authentication)?;
        let responder = Server::start(&["respond", "--exchanges", &transcript.sizes().to_string()])?;
        let target = stage.target(authentication);
        Ok(Self { plan, processors, kind, stage, authentication, target, transcript, responder })
    }

    fn case(&self, placement: Placement, concurrency: u32) -> Result<Measured<Case>, Failure> {
        let case = Case { placement, target: self.kind, authentication: self.authentication, concurrency };
        eprintln!("{case}");
        self.processors.place(placement, &[self.stage.pid(), self.responder.pid()])?;
        let rounds = (0..self.plan.rounds).map(|round| self.round(round, case));
        let rounds = rounds.collect::<Result<_, _>>().map_err(|error| format!("{case}: {error}"))?;
        Ok(Measured { case, exchanges: self.transcript.sizes(), rounds })
    }

    fn round(&self, number: u32, case: Case) -> Result<Round, Failure> {
        let errand = self.errand(case.concurrency);
        Round::measure(number, case.contenders(), |contender| self.sample(contender, &errand))
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
            transcript: &self.transcript,
            authentication: self.authentication,
            runtime: self.plan.runtime,
            amount: Amount { concurrency, unmeasured, logins },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order in which the contenders of a round are measured.
    fn order(round: u32) -> Vec<Contender> {
        let mut order = Vec::new();
        let sample = |contender| {
            order.push(contender);
            Ok(Sample::default())
        };
        Round::measure(round, &Contender::OF_LOGINS, sample).unwrap();
        order
    }

    #[test]
    fn every_contender_has_its_turn_in_every_round_and_each_begins_once() {
        let orders: Vec<Vec<Contender>> = (0..3).map(order).collect();
        for contender in Contender::OF_LOGINS {
            assert!(orders.iter().all(|order| order.contains(&contender)));
            assert_eq!(orders.iter().filter(|order| order.first() == Some(&contender)).count(), 1);
        }
    }

    #[test]
    fn a_ratio_needs_both_samples_of_a_round() {
        let sample = |per_second| Sample { per_second, ..Sample::default() };
        let round = |samples: &[(Contender, f64)]| {
            Round(samples.iter().map(|(contender, rate)| (*contender, sample(*rate))).collect())
        };
        let both = round(&[(Contender::Ours, 10.0), (Contender::Libiscsi, 5.0)]);
        let rounds = vec![both, round(&[(Contender::Ours, 30.0)])];
        let measured = Measured { case: (), exchanges: Exchanges::default(), rounds };
        let rate: Figure = |sample| sample.per_second;
        assert_eq!(measured.ratio(Contender::Libiscsi, rate), Spread::of([2.0]));
        assert_eq!(measured.spread(Contender::Ours, rate), Spread::of([10.0, 30.0]));
        assert_eq!(measured.ratio(Contender::Qemu, rate), None);
    }
}
