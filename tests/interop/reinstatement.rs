//! The behaviour of targets when a session is replaced: the unit attentions that its units report first, the end of the old
//! connection, and an old write that the target is busy with.
//!
//! [`table`] has the expected results, and the page of this folder shows them.

pub(crate) mod table;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use iscsi_initiator::scsi::{RawCommand, SenseData, TestUnitReady, write_blocks};
use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, BlockDevice, Config, Error, ForwardCredential, Initiator,
    IsidPool, Lun, Portal, Secret, Session,
};
use iscsi_secrets::MemoryStore;
use iscsi_tests::external_targets::{Istgt, IstgtTarget, Lio, LioTarget, SlowWrites, Tgt, TgtTarget};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use self::table::{Event, expected};
use crate::scsi_quirks::lun;
use crate::stage::Daemon;

const NAME: &str = "open";
/// LIO's target with one unit.
const LONE: &str = "lone";
/// The time that a slow write takes.
const DELAY: Duration = Duration::from_secs(4);
/// The time until a write has reached the disk, and that between a cut and the next login.
const ARRIVAL: Duration = Duration::from_millis(500);
/// The time within which a target closes a connection that it closes at all.
const CLOSING: Duration = Duration::from_secs(2);
const LENGTH: usize = 4096;

#[test]
fn tgt_tells_of_reinstatements_and_restarts() {
    as_the_table_says(Daemon::Tgt);
}

#[test]
fn istgt_tells_of_reinstatements_and_restarts() {
    as_the_table_says(Daemon::Istgt);
}

#[test]
fn lio_tells_of_reinstatements_and_restarts() {
    as_the_table_says(Daemon::Lio);
}

/// Has every event of a column happen, then shows each that differs.
fn as_the_table_says(daemon: Daemon) {
    let mut target = Target::start(daemon);
    let mut differing = String::new();
    for event in Event::ALL {
        let Some(expected) = expected(event, daemon) else { continue };
        let found = target.after(event);
        if found != expected {
            writeln!(differing, "{}\n  expected: {expected}\n  found:    {found}", event.words()).unwrap();
        }
    }
    assert!(differing.is_empty(), "{daemon:?}\n{differing}");
}

/// A daemon with one disk.
struct Target {
    daemon: Process,
    /// The target on it.
    name: &'static str,
    /// Two directories with the same ISIDs, since no pool lends one twice.
    pools: [TempDir; 2],
}

enum Process {
    Tgt(Tgt),
    Istgt(Istgt),
    Lio(Lio),
}

/// A session with a runtime of its own. Dropping it closes the connection without a logout.
struct Client {
    runtime: Runtime,
    session: Session,
    lun: Lun,
}

impl Target {
    fn start(daemon: Daemon) -> Self {
        let daemon = match daemon {
            Daemon::Tgt => Process::Tgt(Tgt::builder().target(TgtTarget::named(NAME)).start()),
            Daemon::Istgt => Process::Istgt(Istgt::builder().target(IstgtTarget::named(NAME)).start()),
            Daemon::Lio => {
                let two_units = LioTarget::named(NAME).with_slow_unit(DELAY);
                Process::Lio(Lio::builder().target(two_units).target(LioTarget::named(LONE)).start())
            }
        };
        let pools = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for pool in &pools {
            std::fs::write(pool.path().join("isid"), "a1b2c3\n").unwrap();
        }
        Self { daemon, name: NAME, pools }
    }

    /// Has this happen to a session, and says what the next one meets.
    fn after(&mut self, event: Event) -> String {
        let mode = if event == Event::ReinstatedWithoutSecurity {
            AuthenticationMode::None
        } else {
            AuthenticationMode::IfAsked
        };
        let old = self.log_in(0, mode);
        let attentions = old.attentions();
        match event {
            Event::FirstLogin => attentions,
            Event::Reinstated | Event::ReinstatedWithoutSecurity => {
                let _delay = self.slow_write(&old);
                let begin = Instant::now();
                let new = self.log_in(1, mode);
                let (attentions, write) = (new.attentions(), end_of_write(&new, begin));
                let connection = if old.is_over() { "closed" } else { "open" };
                format!("{attentions}; {write}; old connection {connection}")
            }
            Event::Closed => {
                drop(old);
                sleep(ARRIVAL);
                self.log_in(1, mode).attentions()
            }
            Event::ClosedDuringWrite => {
                let _delay = self.slow_write(&old);
                let begin = Instant::now();
                drop(old);
                sleep(ARRIVAL);
                let new = self.log_in(1, mode);
                format!("{}; {}", new.attentions(), end_of_write(&new, begin))
            }
            Event::Restarted => {
                self.daemon.restart();
                self.log_in(1, mode).attentions()
            }
            Event::RestartedWithOneUnit => {
                drop(old);
                self.name = LONE;
                let old = self.log_in(0, mode);
                self.daemon.restart();
                let attentions = self.log_in(1, mode).attentions();
                drop(old);
                self.name = NAME;
                attentions
            }
            Event::Disabled => {
                let Process::Lio(lio) = &self.daemon else { return String::new() };
                lio.enable(NAME, false);
                lio.enable(NAME, true);
                self.log_in(1, mode).attentions()
            }
        }
    }

    fn log_in(&self, pool: usize, mode: AuthenticationMode) -> Client {
        let (portal, name, number) = self.daemon.address(self.name);
        let runtime = Runtime::new().unwrap();
        let session = runtime.block_on(log_in(self.pools[pool].path(), mode, portal, &name));
        Client { runtime, session, lun: lun(number) }
    }

    /// Has the target begin a write that takes long, as the writes to LIO's slow unit do by themselves.
    fn slow_write(&self, client: &Client) -> Option<SlowWrites> {
        client.write(0).unwrap();
        let delay = self.daemon.process_and_file().map(|(pid, file)| SlowWrites::start(pid, &file, DELAY));
        client.submit_write(1);
        sleep(ARRIVAL);
        delay
    }
}

impl Process {
    /// The portal, the name of the target, and its unit, which is the slow one of LIO.
    fn address(&self, name: &str) -> (SocketAddr, String, u16) {
        match self {
            Self::Tgt(tgt) => (tgt.portal(), tgt.iqn(name), TgtTarget::FILE_LUN),
            Self::Istgt(istgt) => (istgt.portal(), istgt.iqn(name), IstgtTarget::LUN),
            Self::Lio(lio) if name == LONE => (lio.portal(), lio.iqn(name), LioTarget::LUN),
            Self::Lio(lio) => (lio.portal(), lio.iqn(name), LioTarget::SLOW_LUN),
        }
    }

    /// The process whose writes can be delayed, and the file of its disk.
    fn process_and_file(&self) -> Option<(u32, PathBuf)> {
        match self {
            Self::Tgt(tgt) => Some((tgt.pid(), tgt.backing_file(NAME))),
            Self::Istgt(istgt) => Some((istgt.pid(), istgt.backing_file(NAME))),
            Self::Lio(_) => None,
        }
    }

    fn restart(&mut self) {
        match self {
            Self::Tgt(tgt) => tgt.start_again(),
            Self::Istgt(istgt) => istgt.start_again(),
            Self::Lio(lio) => {
                lio.take_down();
                lio.set_up_again();
            }
        }
    }
}

/// Says what becomes of the slow write, as the next session sees it. `begin` is when that session began.
fn end_of_write(new: &Client, begin: Instant) -> &'static str {
    if begin.elapsed() + 2 * ARRIVAL > DELAY {
        return "waits for the old write";
    }
    assert_eq!(new.read(), 0, "it is slow");
    sleep(2 * DELAY);
    if new.read() == 0 { "the old write has no effect" } else { "the old write is carried out later" }
}

impl Client {
    /// The unit attentions that the unit reports until it is quiet.
    fn attentions(&self) -> String {
        let mut codes = Vec::new();
        loop {
            let ready = self.session.execute(self.lun, RawCommand::from(TestUnitReady).once());
            match self.runtime.block_on(ready) {
                Ok(_) => break,
                Err(Error::Command { sense: Some(SenseData { asc, ascq, .. }), .. }) => {
                    codes.push(format!("{asc:02X}/{ascq:02X}"));
                }
                Err(error) => panic!("{error:?}"),
            }
            assert!(codes.len() < 10, "{codes:?}");
        }
        if codes.is_empty() { "none".to_owned() } else { codes.join(", ") }
    }

    fn write(&self, byte: u8) -> Result<(), Error> {
        let (session, lun) = (&self.session, self.lun);
        self.runtime.block_on(async {
            let disk = BlockDevice::open(session, lun).await?;
            disk.write_at(0, vec![byte; LENGTH]).await
        })
    }

    /// Sends a write, all of whose data are in the command.
    fn submit_write(&self, byte: u8) {
        let blocks = u32::try_from(LENGTH / 512).unwrap();
        let write = write_blocks(0, blocks, vec![byte; LENGTH]);
        // Its result is not waited for.
        _ = self.runtime.block_on(self.session.submit(self.lun, write)).unwrap();
    }

    /// The byte that the disk is filled with.
    fn read(&self) -> u8 {
        let (session, lun) = (&self.session, self.lun);
        let data = self.runtime.block_on(async {
            let disk = BlockDevice::open(session, lun).await.unwrap();
            disk.read_at(0, LENGTH).await.unwrap()
        });
        assert!(data.iter().all(|byte| *byte == data[0]));
        data[0]
    }

    /// Whether the target has closed the connection.
    fn is_over(&self) -> bool {
        self.runtime.block_on(async { timeout(CLOSING, self.session.ended()).await }).is_ok()
    }
}

/// Logs in with the first ISID of the pool. A login that offers CHAP passes the security stage, even if the target wants none.
async fn log_in(pool: &Path, mode: AuthenticationMode, portal: SocketAddr, name: &str) -> Session {
    let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    config.isids = IsidPool::open(pool).unwrap();
    config.recovery = iscsi_initiator::RecoveryPolicy::OFF;
    let secret = Secret::from_bytes(b"what-the-host-proves").unwrap();
    let forward = Arc::new(ForwardCredential::new(None, secret).unwrap());
    let request = AuthenticationRequest {
        mode,
        forward: (mode != AuthenticationMode::None).then_some(forward),
        ..AuthenticationRequest::default()
    };
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let portal: Portal = portal.to_string().parse().unwrap();
    initiator.login(&name.parse().unwrap(), &portal, &request).await.unwrap()
}
