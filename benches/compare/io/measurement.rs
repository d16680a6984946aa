//! Execution of the plan: case by case, round by round, one contender after the other.

use std::env;
use std::process::Command;

use iscsi_benches::io::{INITIATOR, Portal};
use iscsi_benches::server::Server;

use super::arguments::{IoPlan, Operations};
use super::case::IoCase;
use super::qemu;
use super::stage::Stage;
use super::traffic::record;
use crate::Failure;
use crate::contender::{Contender, run_client};
use crate::exchanges::Exchanges;
use crate::measurement::{Measured, Round};
use crate::placement::Processors;
use crate::processor_time;
use crate::sample::{ClientSample, Sample};

/// Measures every case of the plan.
pub(crate) fn measure(plan: &IoPlan) -> Result<Vec<Measured<IoCase>>, Failure> {
    let processors = Processors::of_this_process()?;
    let measured = |case: &IoCase| {
        eprintln!("{case}");
        measure_case(plan, &processors, case).map_err(|error| format!("{case}: {error}").into())
    };
    plan.cases().iter().map(measured).collect()
}

fn measure_case(plan: &IoPlan, processors: &Processors, case: &IoCase) -> Result<Measured<IoCase>, Failure> {
    let scene = Scene::prepare(plan, case)?;
    processors.place(case.placement, &[scene.stage.pid(), scene.responder.pid()])?;
    let rounds = (0..plan.rounds)
        .map(|number| Round::measure(number, case.contenders(), |contender| scene.sample(contender)));
    let rounds = rounds.collect::<Result<_, _>>()?;
    Ok(Measured { case: *case, exchanges: scene.exchanges, rounds })
}

/// The target of a case, and the responder that stands for it.
struct Scene<'a> {
    plan: &'a IoPlan,
    case: &'a IoCase,
    stage: Stage,
    portal: Portal,
    exchanges: Exchanges,
    responder: Server,
    operations: Operations,
}

impl<'a> Scene<'a> {
    fn prepare(plan: &'a IoPlan, case: &'a IoCase) -> Result<Self, Failure> {
        let stage = Stage::set(case)?;
        let portal = stage.portal();
        let exchanges = record(&portal, case.workload())?;
        let (text, depth, batch) = (exchanges.to_string(), case.depth.to_string(), case.batch().to_string());
        let responder = ["respond-to-batches", "--exchanges", &text, "--depth", &depth, "--batch", &batch];
        let responder = Server::start(&responder)?;
        Ok(Self { plan, case, stage, portal, exchanges, responder, operations: case.operations(plan.quick) })
    }

    fn sample(&self, contender: Contender) -> Result<Sample, Failure> {
        let server = if contender == Contender::Bare { self.responder.pid() } else { self.stage.pid() };
        let before = processor_time::of(server)?;
        let client = self.client(contender)?;
        Ok(Sample::new(client, processor_time::of(server)?.saturating_sub(before)))
    }

    fn client(&self, contender: Contender) -> Result<ClientSample, Failure> {
        match contender {
            Contender::Ours => run_client(contender, self.ours()?),
            Contender::Libiscsi => run_client(contender, self.libiscsi()),
            Contender::Qemu => qemu::sample(self.case, &self.url(), self.operations),
            Contender::Bare => run_client(contender, self.bare()?),
            Contender::Replay => Err("only logins are replayed".into()),
        }
    }

    fn ours(&self) -> Result<Command, Failure> {
        let Portal { address, target, lun } = &self.portal;
        let mut command = Command::new(env::current_exe()?);
        command.args(["io-client", "--portal", &address.to_string(), "--target", target]);
        command.args(["--lun", &lun.to_string(), "--workload", &self.case.workload().to_string()]);
        if self.stage.stores_data() {
            command.arg("--verify");
        }
        self.add_operations(&mut command);
        Ok(command)
    }

    fn bare(&self) -> Result<Command, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["exchange-batches", "--portal", &self.responder.address().to_string()]);
        command.args(["--exchanges", &self.exchanges.to_string(), "--depth", &self.case.depth.to_string()]);
        self.add_operations(&mut command);
        Ok(command)
    }

    fn add_operations(&self, command: &mut Command) {
        let Operations { unmeasured, operations } = self.operations;
        command.args(["--unmeasured", &unmeasured.to_string(), "--operations", &operations.to_string()]);
    }

    fn libiscsi(&self) -> Command {
        let (Portal { address, target, lun }, Operations { unmeasured, operations }) =
            (&self.portal, self.operations);
        let IoCase { direction, kib, depth, .. } = self.case;
        let mut command = Command::new(&self.plan.libiscsi);
        command.args([&address.to_string(), target, INITIATOR, &lun.to_string(), direction.word()]);
        command.args([kib * 1024, *depth].map(|number| number.to_string()));
        command.args([unmeasured, operations].map(|number| number.to_string()));
        command
    }

    fn url(&self) -> String {
        let Portal { address, target, lun } = &self.portal;
        format!("iscsi://{address}/{target}/{lun}")
    }
}
