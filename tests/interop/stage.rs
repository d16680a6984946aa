//! The same targets on every external daemon, named after the authentication that they require.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::OnceLock;

use iscsi_initiator::{Error, Session};
use iscsi_tests::external_targets::{
    Auth, Istgt, IstgtBuilder, IstgtTarget, Lio, LioBuilder, LioTarget, Tgt, TgtBuilder, TgtTarget,
};

use crate::program::access;

/// The size of every disk.
pub(crate) const DISK: u64 = 16 << 20;

/// What every daemon serves: `open` demands nothing, and has a second portal group where the daemon knows such a thing.
/// `digests` requires mutual CHAP like `mutual`, and uses digests if the initiator offers them.
pub(crate) const NAMES: [&str; 4] = ["open", "chap", "mutual", "digests"];

/// A kind of daemon.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Daemon {
    Tgt,
    Istgt,
    Lio,
}

/// The targets of one daemon.
pub(crate) struct Stage {
    pub(crate) portal: SocketAddr,
    /// The logical unit that is a disk.
    pub(crate) lun: u16,
    name_prefix: String,
    // Kept running.
    _daemon: Option<Box<dyn Any>>,
}

impl Stage {
    /// A daemon that lets everybody discover its targets.
    pub(crate) fn of(daemon: Daemon) -> Self {
        match daemon {
            Daemon::Tgt => Self::tgt(Auth::None),
            Daemon::Istgt => Self::istgt(Auth::None),
            Daemon::Lio => Self::shared_lio(),
        }
    }

    /// A daemon that demands of a discovery what `mutual` demands of a login.
    pub(crate) fn guarding_discovery(daemon: Daemon) -> Self {
        match daemon {
            Daemon::Tgt => Self::tgt(access("mutual")),
            Daemon::Istgt => Self::istgt(access("mutual")),
            Daemon::Lio => {
                let lio = lio(access("mutual"));
                let stage = Self::on_lio(&lio);
                Self { _daemon: Some(Box::new(lio)), ..stage }
            }
        }
    }

    /// The iSCSI name of a target.
    pub(crate) fn iqn(&self, name: &str) -> String {
        format!("{}{name}", self.name_prefix)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("iscsi://{}/{}", self.portal, self.iqn(name))
    }

    fn tgt(discovery: Auth) -> Self {
        let target = |name| TgtTarget::named(name).size(DISK).auth(access(name));
        let digests = ["HeaderDigest", "DataDigest"];
        let digests =
            digests.into_iter().fold(target("digests"), |target, key| target.parameter(key, "CRC32C"));
        let targets = [target("open"), target("chap"), target("mutual"), digests];
        let tgt = targets.into_iter().fold(Tgt::builder().discovery(discovery), TgtBuilder::target).start();
        Self {
            portal: tgt.portal(),
            lun: TgtTarget::FILE_LUN,
            name_prefix: tgt.iqn(""),
            _daemon: Some(Box::new(tgt)),
        }
    }

    fn istgt(discovery: Auth) -> Self {
        let targets = NAMES.map(|name| IstgtTarget::named(name).size(DISK).auth(access(name)));
        let istgt =
            targets.into_iter().fold(Istgt::builder().discovery(discovery), IstgtBuilder::target).start();
        Self {
            portal: istgt.portal(),
            lun: IstgtTarget::LUN,
            name_prefix: istgt.iqn(""),
            _daemon: Some(Box::new(istgt)),
        }
    }

    /// One for all tests of this program: a boot takes seconds.
    fn shared_lio() -> Self {
        static LIO: OnceLock<Lio> = OnceLock::new();
        Self::on_lio(LIO.get_or_init(|| lio(Auth::None)))
    }

    fn on_lio(lio: &Lio) -> Self {
        Self { portal: lio.portal(), lun: LioTarget::LUN, name_prefix: lio.iqn(""), _daemon: None }
    }
}

fn lio(discovery: Auth) -> Lio {
    let target = |name| LioTarget::named(name).size(DISK).auth(access(name));
    let targets = [target("open").portal_groups(2), target("chap"), target("mutual"), target("digests")];
    targets.into_iter().fold(Lio::builder().discovery(discovery), LioBuilder::target).start()
}

/// Logs out of a target of this daemon.
pub(crate) async fn log_out(daemon: Daemon, session: Session) {
    match session.logout().await {
        // istgt at times closes the connection before its response is out.
        Err(Error::ConnectionLost { .. }) if matches!(daemon, Daemon::Istgt) => {}
        result => result.unwrap(),
    }
}
