//! tgtd, the user-space target of Linux (Debian package `tgt`).

use std::ffi::OsStr;
use std::fmt::Debug;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::auth::{Account, Auth};
use super::daemon::Daemon;
use super::patience::{PATIENCE, wait_for};
use super::port::free_port;
use super::program::Program;
use super::tgt_target::TgtTarget;
use super::tgtadm::Tgtadm;

const TGTD: Program = Program { name: "tgtd", package: "tgt" };
const NAME_PREFIX: &str = "iqn.2001-04.com.example.tgt";

/// Ports tried before giving up: another process may take a free one first.
const ATTEMPTS: usize = 5;

/// A running tgtd. Dropping it kills the process: tgtd ignores SIGTERM and SIGINT, and nothing of it is kept.
pub struct Tgt {
    /// None after [`kill`](Self::kill). Before the folder: the daemon goes before its files.
    daemon: Option<Daemon>,
    tgtadm: Tgtadm,
    portal: SocketAddr,
    builder: TgtBuilder,
    folder: TempDir,
}

/// A tgtd to be started.
#[derive(Clone, Default)]
pub struct TgtBuilder {
    discovery: Auth,
    targets: Vec<TgtTarget>,
}

impl TgtBuilder {
    /// Sets the authentication required for discovery.
    #[must_use]
    pub fn discovery(mut self, auth: Auth) -> Self {
        self.discovery = auth;
        self
    }

    /// Adds a target. A CHAP name means the same secret in all targets of one tgtd.
    #[must_use]
    pub fn target(mut self, target: TgtTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// Starts it, on a free port of 127.0.0.1; when this returns, logins succeed.
    #[must_use]
    pub fn start(self) -> Tgt {
        let tgt = (0..ATTEMPTS).find_map(|_| self.listen()).expect("tgtd gets the port it is told to use");
        for target in &self.targets {
            let file = File::create_new(tgt.backing_file(&target.name));
            let file = file.expect("every target has a name of its own");
            file.set_len(target.size).expect("the backing file can be extended");
        }
        tgt.set_up();
        tgt
    }

    /// A tgtd without targets on a free port; `None` if another process took the port first.
    fn listen(&self) -> Option<Tgt> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let portal = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let tgtadm = Tgtadm::new(folder.path().join("control"));
        let daemon = Some(spawn(&tgtadm, portal, folder.path())?);
        Some(Tgt { daemon, tgtadm, portal, builder: self.clone(), folder })
    }

    /// Every account once.
    fn accounts(&self) -> Vec<&Account> {
        let mut accounts: Vec<&Account> = Vec::new();
        let auths = self.targets.iter().map(|target| &target.auth).chain([&self.discovery]);
        for account in auths.flat_map(|auth| auth.incoming().into_iter().chain(auth.outgoing())) {
            match accounts.iter().find(|known| known.user == account.user) {
                None => accounts.push(account),
                Some(known) => assert!(*known == account, "two secrets for {}", account.user),
            }
        }
        accounts
    }
}

impl Tgt {
    /// A tgtd without targets.
    #[must_use]
    pub fn builder() -> TgtBuilder {
        TgtBuilder::default()
    }

    /// The address of the portal.
    #[must_use]
    pub const fn portal(&self) -> SocketAddr {
        self.portal
    }

    /// The iSCSI name of the target `name`.
    #[must_use]
    pub fn iqn(&self, name: &str) -> String {
        format!("{NAME_PREFIX}:{name}")
    }

    /// `iscsi://portal/iqn/lun`.
    #[must_use]
    pub fn url(&self, name: &str, lun: u16) -> String {
        format!("iscsi://{}/{}/{lun}", self.portal, self.iqn(name))
    }

    /// The file behind [`TgtTarget::FILE_LUN`] of the target `name`: what was written can be read here without iSCSI.
    #[must_use]
    pub fn backing_file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.img"))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running().pid()
    }

    /// The output of tgtd.
    #[must_use]
    pub fn log(&self) -> String {
        self.running().log()
    }

    /// One `tgtadm` command on the running daemon, such as `["--mode", "conn", "--op", "delete", …]`, and its output.
    pub fn admin(&self, arguments: &[impl AsRef<OsStr> + Debug]) -> String {
        self.tgtadm.command(arguments)
    }

    /// Kills the process. What was written is in the files; until [`start_again`](Self::start_again), nothing listens at the
    /// portal.
    pub fn kill(&mut self) {
        self.daemon = None;
    }

    /// Starts the process again with the same files at the same portal, after [`kill`](Self::kill). Logins fail until its
    /// targets are set up.
    pub fn start_again(&mut self) {
        self.kill();
        let daemon = spawn(&self.tgtadm, self.portal, self.folder.path());
        self.daemon = Some(daemon.expect("the port is still free"));
        self.set_up();
    }

    fn running(&self) -> &Daemon {
        self.daemon.as_ref().expect("tgtd was killed and not started again")
    }

    fn set_up(&self) {
        for account in self.builder.accounts() {
            self.tgtadm.add_account(account);
        }
        self.tgtadm.bind_discovery(&self.builder.discovery);
        for (index, target) in self.builder.targets.iter().enumerate() {
            self.add_target(index + 1, target);
        }
    }

    fn add_target(&self, id: usize, target: &TgtTarget) {
        let path = self.backing_file(&target.name);
        let path = path.to_str().expect("the temporary folder has a UTF-8 name");
        self.tgtadm.add_target(&id.to_string(), &self.iqn(&target.name), target, path);
    }
}

/// A tgtd without targets at this portal; `None` if another process has its port.
fn spawn(tgtadm: &Tgtadm, portal: SocketAddr, folder: &Path) -> Option<Daemon> {
    let mut command = TGTD.command();
    tgtadm.bind(&mut command);
    command.args(["-f", "--iscsi", &format!("portal={portal}")]);
    let daemon = Daemon::spawn(command, folder);
    let answer = wait_for(PATIENCE, || tgtadm.portals());
    let portals = answer.unwrap_or_else(|| panic!("tgtd does not answer: {}", daemon.log()));
    // With its port taken, tgtd listens on all addresses at 3260 instead, and says so only here.
    portals.contains(&format!("Portal: {portal},")).then_some(daemon)
}
