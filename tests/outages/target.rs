//! The targets, and what happens to their daemons.

use std::net::SocketAddr;
use std::path::PathBuf;

use iscsi_tests::external_targets::{Lio, LioTarget, Tgt, TgtTarget};
use rustix::process::{Pid, Signal, kill_process};

const NAME: &str = "disk";
const SIZE: u64 = 16 << 20;

/// A running target with one disk.
pub(crate) enum Target {
    Tgt(Tgt),
    Lio(Lio),
}

impl Target {
    pub(crate) fn tgt() -> Self {
        Self::Tgt(Tgt::builder().target(TgtTarget::named(NAME).size(SIZE)).start())
    }

    pub(crate) fn lio() -> Self {
        Self::Lio(Lio::builder().target(LioTarget::named(NAME).size(SIZE)).start())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Tgt(tgt) => tgt.portal(),
            Self::Lio(lio) => lio.portal(),
        }
    }

    pub(crate) fn iqn(&self) -> String {
        match self {
            Self::Tgt(tgt) => tgt.iqn(NAME),
            Self::Lio(lio) => lio.iqn(NAME),
        }
    }

    pub(crate) const fn lun(&self) -> u16 {
        match self {
            Self::Tgt(_) => TgtTarget::FILE_LUN,
            Self::Lio(_) => LioTarget::LUN,
        }
    }

    /// The file of the disk, if it can be read here.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Tgt(tgt) => Some(tgt.backing_file(NAME)),
            Self::Lio(_) => None,
        }
    }

    /// The output of the daemon, or the guest's console.
    pub(crate) fn log(&self) -> String {
        match self {
            Self::Tgt(tgt) => tgt.log(),
            Self::Lio(lio) => lio.log(),
        }
    }

    /// Ends the service: tgtd is killed, LIO's targets are removed.
    pub(crate) fn end(&mut self) {
        match self {
            Self::Tgt(tgt) => tgt.kill(),
            Self::Lio(lio) => lio.take_down(),
        }
    }

    /// Starts it again, with the data that were there.
    pub(crate) fn start_again(&mut self) {
        match self {
            Self::Tgt(tgt) => tgt.start_again(),
            Self::Lio(lio) => lio.set_up_again(),
        }
    }

    /// Ends all sessions, and takes logins or not from now on; tgt has nothing of the kind.
    pub(crate) fn take_logins(&self, is_enabled: bool) {
        match self {
            Self::Tgt(_) => {}
            Self::Lio(lio) => lio.enable(NAME, is_enabled),
        }
    }

    /// Has the process sleep; what is sent to it waits.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = match self {
            Self::Tgt(tgt) => tgt.pid(),
            Self::Lio(lio) => lio.pid(),
        };
        kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
    }
}
