//! Targets, which have a runtime of their own, and an initiator without one.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use iscsi_initiator::blocking::{BlockDevice, Initiator, Session};
use iscsi_initiator::{AuthenticationRequest, Config, Error, IscsiName, Lun, RecoveryPolicy};
use iscsi_tests::ram_disk::{self, ConnectionId, LogicalUnit, RamDisk, Running, Target};
use iscsi_tests::scripted_target::{Script, ScriptedTarget};
use tokio::runtime::{Builder, Runtime};

pub(crate) const BLOCK: u64 = 512;
pub(crate) const BLOCKS: u64 = 8192;
/// The bytes of a unit.
pub(crate) const SIZE: usize = 4 << 20;
pub(crate) const READ_10: u8 = 0x28;
/// Far beyond the limits under test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn target_name() -> IscsiName {
    "iqn.2001-04.com.example:disk".parse().unwrap()
}

/// Settings for one session that is not replaced.
pub(crate) fn config() -> Config {
    let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    config.recovery = RecoveryPolicy::OFF;
    config
}

/// Settings in which everything has this limit, and a quiet target is not pinged.
pub(crate) fn hurried_config(limit: Duration) -> Config {
    let mut config = config();
    (config.command_timeout, config.noop_out_timeout, config.noop_out_interval) = (limit, limit, None);
    (config.abort_timeout, config.lu_reset_timeout) = (limit, limit);
    config
}

/// A thin unit of 4 MiB.
pub(crate) fn thin() -> LogicalUnit {
    LogicalUnit { blocks: BLOCKS, is_thin: true, ..LogicalUnit::default() }
}

/// A portal with one target, which has this unit and no authentication.
pub(crate) fn portal_of(unit: LogicalUnit) -> ram_disk::Config {
    let mut target = Target::new(target_name());
    target.units = vec![unit];
    let mut config = ram_disk::Config::with_targets([target]);
    config.unit_attention = false;
    config
}

/// A target and the runtime that serves it, which ends after it.
pub(crate) struct Served<T> {
    pub(crate) target: T,
    pub(crate) runtime: Runtime,
}

/// A RAM disk with one unit.
pub(crate) fn ram_disk(unit: LogicalUnit) -> Served<Running> {
    let runtime = targets_runtime();
    let target = runtime.block_on(RamDisk::serve(portal_of(unit))).unwrap();
    Served { target, runtime }
}

/// A scripted target that logs the initiator in, and then follows the steps that `misbehave` adds.
pub(crate) fn scripted(misbehave: impl FnOnce(Script) -> Script) -> Served<ScriptedTarget> {
    let (runtime, script) = (targets_runtime(), misbehave(Script::new().log_in(portal_of(thin()))));
    let target = runtime.block_on(ScriptedTarget::serve(script)).unwrap();
    Served { target, runtime }
}

fn targets_runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

pub(crate) fn initiator(config: Config) -> Initiator {
    Initiator::new(iscsi_initiator::Initiator::without_store(config)).unwrap()
}

pub(crate) fn log_in(initiator: &Initiator, portal: SocketAddr) -> Result<Session, Error> {
    let portal = portal.to_string().parse().unwrap();
    initiator.login(&target_name(), &portal, &AuthenticationRequest::default())
}

/// A session with the usual settings, whose initiator is dropped.
pub(crate) fn session(portal: SocketAddr) -> Session {
    log_in(&initiator(config()), portal).unwrap()
}

/// A RAM disk with one unit, and a device on it.
pub(crate) struct Disk {
    pub(crate) device: BlockDevice,
    pub(crate) session: Session,
    /// Ends after the session.
    pub(crate) served: Served<Running>,
}

impl Disk {
    pub(crate) fn new(unit: LogicalUnit) -> Self {
        let served = ram_disk(unit);
        let session = session(served.target.portal());
        let device = BlockDevice::open(&session, Lun::ZERO).unwrap();
        Self { device, session, served }
    }

    /// What the unit holds.
    pub(crate) fn medium(&self) -> Vec<u8> {
        self.served.target.read_medium(&target_name(), 0, 0, SIZE).unwrap()
    }

    /// Lets READs take an hour from now on, and returns the connection that they come on.
    pub(crate) fn stall_reads(&self) -> ConnectionId {
        self.device.read_at(0, &mut [0]).unwrap();
        self.served.target.with_engine(|engine| {
            engine.set_service_time(READ_10, Duration::from_hours(1));
            engine.executions()[0].connection
        })
    }

    /// Waits until so many commands are in flight.
    pub(crate) fn wait_for_commands(&self, connection: ConnectionId, count: usize) {
        let in_flight = || self.served.target.with_engine(|engine| engine.unfinished_commands(connection));
        wait_until(&format!("{count} commands"), || in_flight() == count);
    }

    pub(crate) fn end(self) {
        self.session.logout().unwrap();
        let report = self.served.target.report();
        assert_eq!((report.violations, report.panics), (Vec::new(), 0));
    }
}

/// Bytes of which none is 0.
pub(crate) fn pattern(length: usize, seed: u8) -> Vec<u8> {
    (1..=u8::MAX).cycle().skip(seed.into()).take(length).collect()
}

/// Waits until something has come true.
pub(crate) fn wait_until(claim: &str, is_true: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < PATIENCE, "not within {PATIENCE:?}: {claim}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
