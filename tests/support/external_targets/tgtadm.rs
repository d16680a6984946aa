//! The control socket of one tgtd, through `tgtadm`.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::PathBuf;
use std::process::Command;

use super::auth::{Account, Auth};
use super::patience::PATIENCE;
use super::program::{Outcome, Program, run};
use super::tgt_target::TgtTarget;

const TGTADM: Program = Program { name: "tgtadm", package: "tgt" };

/// Names the control socket for daemon and client alike. Each tgtd has its own, and with it its own control numbers:
/// all of them are number 0.
const SOCKET_VARIABLE: &str = "TGT_IPC_SOCKET";

/// A way to talk to one tgtd.
pub(super) struct Tgtadm {
    socket: PathBuf,
}

impl Tgtadm {
    pub(super) const fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Makes a command, of tgtd or `tgtadm`, use this socket.
    pub(super) fn bind(&self, command: &mut Command) {
        command.args(["-C", "0"]).env(SOCKET_VARIABLE, &self.socket);
    }

    /// The portals on which the daemon listens, one per line; `None` while it does not answer.
    pub(super) fn portals(&self) -> Option<String> {
        let outcome = self.try_command(&["--mode", "portal", "--op", "show"]);
        outcome.status.success().then_some(outcome.stdout)
    }

    /// One command; panics if it fails. Returns what it printed.
    pub(super) fn command(&self, arguments: &[impl AsRef<OsStr> + Debug]) -> String {
        let outcome = self.try_command(arguments);
        assert!(outcome.status.success(), "tgtadm {arguments:?}: {}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }

    fn try_command(&self, arguments: &[impl AsRef<OsStr>]) -> Outcome {
        let mut command = TGTADM.command();
        self.bind(&mut command);
        run(command.args(["--lld", "iscsi"]).args(arguments), PATIENCE).expect("tgtadm ends in time")
    }

    /// Makes an account known; nothing uses it yet.
    pub(super) fn add_account(&self, account: &Account) {
        let Account { user, secret } = account;
        self.command(&["--mode", "account", "--op", "new", "--user", user, "--password", secret]);
    }

    /// Demands this authentication of discovery sessions.
    pub(super) fn bind_discovery(&self, auth: &Auth) {
        self.bind_accounts(&[], auth);
    }

    /// Makes a target with its units, parameters and accounts, open to every initiator.
    pub(super) fn add_target(&self, id: &str, iqn: &str, target: &TgtTarget, backing_file: &str) {
        self.command(&["--mode", "target", "--op", "new", "--tid", id, "--targetname", iqn]);
        self.add_unit(id, TgtTarget::FILE_LUN, target.block_size, "rdwr", backing_file);
        if target.is_thin {
            let unit = ["--tid", id, "--lun", &TgtTarget::FILE_LUN.to_string()];
            let params = ["--params", "thin_provisioning=1"];
            self.command(&[&["--mode", "logicalunit", "--op", "update"], &unit[..], &params].concat());
        }
        if target.null_unit {
            // The path is not used but must be there.
            self.add_unit(id, TgtTarget::NULL_LUN, 512, "null", "none");
        }
        for (key, value) in &target.parameters {
            let update = ["--mode", "target", "--op", "update", "--tid", id, "--name", key, "--value", value];
            self.command(&update);
        }
        self.bind_accounts(&["--tid", id], &target.auth);
        self.command(&["--mode", "target", "--op", "bind", "--tid", id, "--initiator-address", "ALL"]);
    }

    fn add_unit(&self, id: &str, lun: u16, block_size: u32, kind: &str, path: &str) {
        let (lun, block_size) = (lun.to_string(), block_size.to_string());
        let unit = ["--tid", id, "--lun", &lun, "--blocksize", &block_size, "--bstype", kind];
        let path = ["--backing-store", path];
        self.command(&[&["--mode", "logicalunit", "--op", "new"], &unit[..], &path].concat());
    }

    /// Without a target id, the accounts are those of discovery.
    fn bind_accounts(&self, scope: &[&str], auth: &Auth) {
        let bind = ["--mode", "account", "--op", "bind"];
        if let Some(Account { user, .. }) = auth.incoming() {
            self.command(&[&bind, scope, &["--user", user]].concat());
        }
        if let Some(Account { user, .. }) = auth.outgoing() {
            self.command(&[&bind, scope, &["--user", user, "--outgoing"]].concat());
        }
    }
}
