//! Instructions for a child: the portal, the CHAP algorithm, the store, and the masked secrets to search for.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fmt};

use iscsi_initiator::ChapAlgorithm;

use crate::canary::Canary;

const PORTAL: &str = "ISCSI_MEMORY_PORTAL";
const STORE: &str = "ISCSI_MEMORY_STORE";
const ALGORITHM: &str = "ISCSI_MEMORY_ALGORITHM";
const FORWARD: &str = "ISCSI_MEMORY_FORWARD";
const REVERSE: &str = "ISCSI_MEMORY_REVERSE";
const LEAK: &str = "ISCSI_MEMORY_LEAK";

/// The instructions, which contain no secret.
pub(crate) struct Orders {
    pub(crate) portal: SocketAddr,
    pub(crate) store: PathBuf,
    pub(crate) algorithm: ChapAlgorithm,
    pub(crate) forward: Canary,
    pub(crate) reverse: Canary,
    /// Leave copies behind on purpose.
    pub(crate) leak: bool,
}

impl Orders {
    /// `None` in the parent.
    pub(crate) fn received() -> Option<Self> {
        let portal = env::var(PORTAL).ok()?.parse().unwrap();
        Some(Self {
            portal,
            store: Path::new(&variable(STORE)).to_owned(),
            algorithm: ChapAlgorithm::from_number(variable(ALGORITHM).parse().unwrap()).unwrap(),
            forward: Canary::from_hex(&variable(FORWARD)),
            reverse: Canary::from_hex(&variable(REVERSE)),
            leak: variable(LEAK) == true.to_string(),
        })
    }

    /// Hands them to a child.
    pub(crate) fn give(&self, child: &mut Command) {
        let mut set = |name, value: &dyn fmt::Display| _ = child.env(name, value.to_string());
        set(PORTAL, &self.portal);
        set(STORE, &self.store.display());
        set(ALGORITHM, &self.algorithm.number());
        set(FORWARD, &self.forward.to_hex());
        set(REVERSE, &self.reverse.to_hex());
        set(LEAK, &self.leak);
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap()
}
