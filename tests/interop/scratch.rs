//! Targets whose disks a test may fill, reserve and stop: no other test uses them.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use iscsi_initiator::{Config, Lun, RecoveryPolicy, Session};
use iscsi_tests::external_targets::{Istgt, IstgtTarget, Lio, LioBuilder, LioTarget, Tgt, TgtTarget};
use iscsi_tests::ram_disk::{self, LogicalUnit, RamDisk, Target};

use crate::scsi_quirks::{log_in_with, lun};
use crate::stage::Daemon;

/// The size of the first disk.
pub(crate) const SIZE: u64 = 16 << 20;
/// The time that each read and write of the slow disk takes.
pub(crate) const DELAY: Duration = Duration::from_secs(3);
/// The limit of every command.
const LIMIT: Duration = Duration::from_secs(8);
/// That with LIO, whose guest is emulated and may be slow.
const LIMIT_OF_GUEST: Duration = Duration::from_secs(20);

/// A target with a disk.
pub(crate) struct Scratch {
    portal: SocketAddr,
    iqn: String,
    /// The logical unit that is the disk. Its blocks can be unmapped, where the daemon has such a thing.
    pub(crate) disk: Lun,
    limit: Duration,
    // Kept running.
    _daemon: Option<Box<dyn Any>>,
}

impl Scratch {
    /// A target of this daemon for the tests of this name: `commands`, `reservations` or `copies`. On LIO the one for reservations has
    /// a slow disk too, [`LioTarget::SLOW_LUN`], and the one for copies a second disk, [`LioTarget::SECOND_LUN`].
    pub(crate) fn of(daemon: Daemon, name: &str) -> Self {
        match daemon {
            Daemon::Tgt => Self::tgt(name),
            Daemon::Istgt => Self::istgt(name),
            Daemon::Lio => Self::lio(name),
        }
    }

    fn tgt(name: &str) -> Self {
        let tgt = Tgt::builder().target(TgtTarget::named(name).size(SIZE).thin()).start();
        let (portal, iqn, disk) = (tgt.portal(), tgt.iqn(name), lun(TgtTarget::FILE_LUN));
        Self { portal, iqn, disk, limit: LIMIT, _daemon: Some(Box::new(tgt)) }
    }

    fn istgt(name: &str) -> Self {
        let istgt = Istgt::builder().target(IstgtTarget::named(name).size(SIZE)).start();
        let (portal, iqn, disk) = (istgt.portal(), istgt.iqn(name), lun(IstgtTarget::LUN));
        Self { portal, iqn, disk, limit: LIMIT, _daemon: Some(Box::new(istgt)) }
    }

    /// All tests of this program share a guest: a boot takes seconds.
    fn lio(name: &str) -> Self {
        static LIO: OnceLock<Lio> = OnceLock::new();
        let target = |name| LioTarget::named(name).size(SIZE);
        let lio = LIO.get_or_init(|| {
            let commands = target("commands").thin();
            let reservations = target("reservations").with_slow_unit(DELAY);
            let copies = target("copies").with_second_unit();
            [commands, reservations, copies].into_iter().fold(Lio::builder(), LioBuilder::target).start()
        });
        Self {
            portal: lio.portal(),
            iqn: lio.iqn(name),
            disk: lun(LioTarget::LUN),
            limit: LIMIT_OF_GUEST,
            _daemon: None,
        }
    }

    /// The RAM disk of the tests, with a thin unit that has a write cache.
    pub(crate) async fn ram_disk() -> Self {
        let iqn = "iqn.2001-04.com.example:disk".to_owned();
        let mut target = Target::new(iqn.parse().unwrap());
        let (blocks, is_thin, write_cache) = (SIZE / 512, true, true);
        target.units = vec![LogicalUnit { blocks, is_thin, write_cache, ..LogicalUnit::default() }];
        let running = RamDisk::serve(ram_disk::Config::with_targets([target])).await.unwrap();
        Self {
            portal: running.portal(),
            iqn,
            disk: Lun::ZERO,
            limit: LIMIT,
            _daemon: Some(Box::new(running)),
        }
    }

    /// The URL of the disk.
    pub(crate) fn url(&self) -> String {
        format!("iscsi://{}/{}/{}", self.portal, self.iqn, self.disk)
    }

    /// The URL of another unit.
    pub(crate) fn url_of(&self, number: u16) -> String {
        format!("iscsi://{}/{}/{number}", self.portal, self.iqn)
    }

    /// A session of the host with this name, which is not replaced when it is lost.
    pub(crate) async fn log_in_as(&self, host: &str) -> Session {
        let mut config = Config::new(format!("iqn.2001-04.com.example:{host}").parse().unwrap()).unwrap();
        config.recovery = RecoveryPolicy::OFF;
        (config.command_timeout, config.abort_timeout) = (self.limit, self.limit);
        config.lu_reset_timeout = self.limit;
        log_in_with(config, self.portal, &self.iqn).await
    }
}
