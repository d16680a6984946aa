//! A scripted target for the program, and a place with both secrets in files.

use bytes::Bytes;
use iscsi_tests::ram_disk::{Config, Target};
use iscsi_tests::scripted_target::{Script, ScriptedTarget};
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET, finish};

pub(crate) const FORWARD: &[u8] = b"scripted-forward-1";
pub(crate) const REVERSE: &[u8] = b"scripted-reverse-2";

/// Options for one-way CHAP.
pub(crate) const CHAP: [&str; 6] = ["--auth", "chap", "--user", "host", "--secret-file", "forward"];
/// Options for mutual CHAP.
pub(crate) const MUTUAL: [&str; 8] =
    ["--auth", "mutual", "--user", "host", "--secret-file", "forward", "--target-secret-file", "reverse"];
/// Options for no authentication.
pub(crate) const NONE: [&str; 2] = ["--auth", "none"];

pub(crate) struct Scripted {
    pub(crate) place: Place,
    pub(crate) peer: ScriptedTarget,
    _runtime: Runtime,
}

impl Scripted {
    pub(crate) fn new(script: Script) -> Self {
        Self::each(|_| vec![script])
    }

    /// Each script for one connection, the last one for all others; they may need to know the target's own portal.
    pub(crate) fn each(scripts: impl FnOnce(std::net::SocketAddr) -> Vec<Script>) -> Self {
        let runtime = Runtime::new().unwrap();
        let peer = runtime.block_on(ScriptedTarget::serve_with_address(scripts)).unwrap();
        let place = Place::new();
        place.secret_file("forward", FORWARD);
        place.secret_file("reverse", REVERSE);
        Self { place, peer, _runtime: runtime }
    }

    /// A target that lets everybody in, without a unit attention, and then does this.
    pub(crate) fn after_login(misbehave: impl FnOnce(Script) -> Script) -> Self {
        Self::new(misbehave(Script::new().log_in(open_config())))
    }

    pub(crate) fn url(&self) -> String {
        format!("iscsi://{}/{TARGET}", self.peer.portal())
    }

    /// `iscsi login` with these options.
    pub(crate) fn log_in(&self, options: &[&str]) -> Outcome {
        self.run(&[&["login", &self.url()], options].concat())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.place.command(&[arguments, &["--timeout", "3"]].concat()))
    }

    /// Reads the first block of unit 0.
    pub(crate) fn read(&self, options: &[&str]) -> Outcome {
        let unit = format!("{}/0", self.url());
        let read = ["read", &unit, "--length", "512", "-o", "/dev/null", "--auth", "none"];
        self.run(&[&read, options].concat())
    }

    /// Writes a block to unit 0.
    pub(crate) fn write(&self) -> Outcome {
        let (unit, data) = (format!("{}/0", self.url()), self.place.file("data", &[7; 512], 0o600));
        self.run(&["write", &unit, "-i", &data, "--auth", "none"])
    }
}

pub(crate) fn open_config() -> Config {
    let mut config = Config::with_targets([Target::new(TARGET.parse().unwrap())]);
    config.unit_attention = false;
    config
}

/// No sense data.
pub(crate) const NO_SENSE: Bytes = Bytes::new();
