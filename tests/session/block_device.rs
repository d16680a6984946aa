//! Calls of a block device beyond reads and writes, against the RAM disk and against units that lack commands.

mod partial_blocks;
mod protection;
mod scattered;
mod streams;
mod zeroing;

use iscsi_initiator::{BlockDevice, Lun, Overrides, Session};
use iscsi_pdu::InitiatorPdu;
use iscsi_tests::ram_disk::{Config, LogicalUnit, RamDisk, Running, Sense};
use iscsi_tests::scripted_target::{Received, Script, ScriptedTarget, check_condition};

use crate::stage::{log_in, open_config, target_name};

const BLOCK: u64 = 512;
const BLOCKS: u64 = 4096;

const WRITE_10: u8 = 0x2a;
const UNMAP: u8 = 0x42;
const WRITE_SAME_10: u8 = 0x41;
const WRITE_SAME_16: u8 = 0x93;
const COMPARE_AND_WRITE: u8 = 0x89;
const SYNCHRONIZE_CACHE_10: u8 = 0x35;

/// A thin unit of 2 MiB.
fn thin() -> LogicalUnit {
    LogicalUnit { blocks: BLOCKS, is_thin: true, ..LogicalUnit::default() }
}

fn config(unit: LogicalUnit) -> Config {
    let mut config = open_config();
    config.targets[0].units = vec![unit];
    config
}

/// A RAM disk with one unit, and a device on it.
struct Disk {
    running: Running,
    session: Session,
    device: BlockDevice,
}

impl Disk {
    async fn new(unit: LogicalUnit) -> Self {
        Self::with(unit, Overrides::default()).await
    }

    async fn with(unit: LogicalUnit, overrides: Overrides) -> Self {
        let running = RamDisk::serve(config(unit)).await.unwrap();
        let session = log_in(running.portal()).await.unwrap();
        let device = BlockDevice::open_with(&session, Lun::ZERO, overrides).await.unwrap();
        Self { running, session, device }
    }

    /// Operation code, first block and number of blocks of each command with an effect since there were so many.
    fn commands_since(&self, count: usize) -> Vec<(u8, u64, u64)> {
        self.running.with_engine(|engine| {
            let executions = engine.executions()[count..].iter();
            executions.map(|done| (done.operation, done.lba, done.blocks)).collect()
        })
    }

    fn count(&self) -> usize {
        self.running.with_engine(|engine| engine.executions().len())
    }

    /// What the unit holds.
    fn medium(&self) -> Vec<u8> {
        let length = usize::try_from(self.device.capacity().bytes()).unwrap();
        self.running.read_medium(&target_name(), 0, 0, length).unwrap()
    }

    async fn end(self) {
        self.session.logout().await.unwrap();
        assert_eq!(self.running.report().violations, Vec::<String>::new());
        assert_eq!(self.running.report().panics, 0);
    }
}

/// A target that refuses these commands, and is a RAM disk otherwise.
async fn without(unit: LogicalUnit, refused: &'static [u8]) -> (ScriptedTarget, BlockDevice) {
    let script = Script::new().log_in(config(unit)).serve_but(|command, moment| {
        let is_refused = refused.contains(&command.cdb[0]);
        is_refused.then(|| check_condition(command, moment, Sense::INVALID_OPERATION))
    });
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    let device = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    (scripted, device)
}

/// How many commands with this operation code have arrived.
fn sent(scripted: &ScriptedTarget, operation: u8) -> usize {
    let is_sent = |received: &Received| match received.pdu() {
        Some(InitiatorPdu::ScsiCommand(command)) => command.cdb[0] == operation,
        _ => false,
    };
    scripted.received().iter().filter(|received| is_sent(received)).count()
}

/// Bytes of which none is 0.
fn pattern(length: u64, seed: u8) -> Vec<u8> {
    (1..=u8::MAX).cycle().skip(seed.into()).take(usize::try_from(length).unwrap()).collect()
}

/// One device is used by several threads, without a lock of the caller.
#[test]
fn devices_can_be_shared_between_threads() {
    const fn is_shared<T: Clone + Send + Sync + 'static>() {}
    is_shared::<BlockDevice>();
}
