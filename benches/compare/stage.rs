//! A running target of any kind.

use std::net::SocketAddr;

use iscsi_tests::external_targets::{Auth, Tgt, TgtTarget};

use crate::Failure;
use crate::accounts::{FORWARD, REVERSE};
use crate::case::{Authentication, TargetKind};
use crate::ram_disk;
use iscsi_benches::server::Server;

/// Ends when it is dropped.
pub(crate) enum Stage {
    Tgtd(Box<Tgt>),
    Embedded(Server),
}

impl Stage {
    pub(crate) fn set(kind: TargetKind) -> Result<Self, Failure> {
        Ok(match kind {
            TargetKind::Tgtd => Self::Tgtd(Box::new(start_tgtd())),
            TargetKind::Embedded => Self::Embedded(Server::start(&["serve-disks"])?),
        })
    }

    pub(crate) const fn portal(&self) -> SocketAddr {
        match self {
            Self::Tgtd(tgt) => tgt.portal(),
            Self::Embedded(server) => server.address(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        match self {
            Self::Tgtd(tgt) => tgt.pid(),
            Self::Embedded(server) => server.pid(),
        }
    }

    /// The name of the target that demands this.
    pub(crate) fn target(&self, authentication: Authentication) -> String {
        match self {
            Self::Tgtd(tgt) => tgt.iqn(authentication.word()),
            Self::Embedded(_) => format!("{}:{}", ram_disk::NAME_PREFIX, authentication.word()),
        }
    }
}

/// One tgtd with a target for each authentication; its accounts belong to targets, not to the portal.
fn start_tgtd() -> Tgt {
    let builder = Authentication::ALL.into_iter().fold(Tgt::builder(), |builder, authentication| {
        builder.target(TgtTarget::named(authentication.word()).auth(auth(authentication)))
    });
    builder.start()
}

fn auth(authentication: Authentication) -> Auth {
    let (forward, reverse) = ((FORWARD.name, FORWARD.secret), (REVERSE.name, REVERSE.secret));
    match authentication {
        Authentication::None => Auth::None,
        Authentication::Chap => Auth::chap(forward),
        Authentication::Mutual => Auth::mutual(forward, reverse),
    }
}
