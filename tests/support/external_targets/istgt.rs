//! istgt, the target that FreeBSD used to have (Debian package `istgt`).

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::auth::Auth;
use super::daemon::Daemon;
use super::istgt_conf::{IstgtTarget, Setup, media_file};
use super::patience::{PATIENCE, wait_for};
use super::port::free_port;
use super::program::Program;

const ISTGT: Program = Program { name: "istgt", package: "istgt" };

/// Target names are this, a colon and their own.
pub(super) const NAME_PREFIX: &str = "iqn.2001-04.com.example.istgt";

/// Ports tried before giving up: another process may take a free one first.
const ATTEMPTS: usize = 5;

/// A running istgt. Dropping it kills the process. It takes one second for every login.
pub struct Istgt {
    /// None after [`kill`](Self::kill). Before the folder: the daemon goes before its files.
    daemon: Option<Daemon>,
    portal: SocketAddr,
    control_port: u16,
    folder: TempDir,
}

/// An istgt to be started.
#[derive(Clone, Default)]
pub struct IstgtBuilder {
    discovery: Auth,
    globals: Vec<(String, String)>,
    targets: Vec<IstgtTarget>,
}

impl IstgtBuilder {
    /// Sets the authentication required for discovery.
    #[must_use]
    pub fn discovery(mut self, auth: Auth) -> Self {
        self.discovery = auth;
        self
    }

    /// Sets a key of the section `[Global]`, which holds for all targets: `("ImmediateData", "No")`,
    /// `("FirstBurstLength", "262144")`, `("NopInInterval", "1")` … istgt does not start with `InitialR2T=No`, data out
    /// of order, a recovery level above 0, or a first burst longer than the maximum; it ignores keys it does not know.
    #[must_use]
    pub fn global(mut self, key: &str, value: &str) -> Self {
        self.globals.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Adds a target.
    #[must_use]
    pub fn target(mut self, target: IstgtTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// Starts it, on a free port of 127.0.0.1; when this returns, logins succeed.
    #[must_use]
    pub fn start(self) -> Istgt {
        (0..ATTEMPTS).find_map(|_| self.attempt()).expect("istgt gets the ports it is told to use")
    }

    /// Returns `None` if another process took the port first, in which case istgt ends.
    fn attempt(&self) -> Option<Istgt> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (portal_port, control_port) = (free_port(), free_port());
        self.write_files(folder.path(), portal_port, control_port);
        let daemon = Some(spawn(folder.path(), control_port)?);
        let portal = SocketAddr::from((Ipv4Addr::LOCALHOST, portal_port));
        Some(Istgt { daemon, portal, control_port, folder })
    }

    fn write_files(&self, folder: &Path, portal_port: u16, control_port: u16) {
        let Self { discovery, globals, targets } = self;
        let setup = Setup { folder, portal_port, control_port, discovery, globals, targets };
        write_private(&folder.join("istgt.conf"), &setup.main_file());
        write_private(&folder.join("auth.conf"), &setup.auth_file());
        for target in targets {
            let media = File::create_new(media_file(folder, &target.name));
            let media = media.expect("every target has a name of its own");
            media.set_len(target.size).expect("the media file can be extended");
        }
    }
}

impl Istgt {
    /// An istgt without targets. It must have one to start.
    #[must_use]
    pub fn builder() -> IstgtBuilder {
        IstgtBuilder::default()
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

    /// `iscsi://portal/iqn/lun` of the disk of the target `name`.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("iscsi://{}/{}/{}", self.portal, self.iqn(name), IstgtTarget::LUN)
    }

    /// The file behind the disk of the target `name`: what was written can be read here without iSCSI.
    #[must_use]
    pub fn backing_file(&self, name: &str) -> PathBuf {
        media_file(self.folder.path(), name)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running().pid()
    }

    /// The output of istgt, which includes a line with the negotiated values for every login.
    #[must_use]
    pub fn log(&self) -> String {
        self.running().log()
    }

    /// Kills the process. What was written is in the files; until [`start_again`](Self::start_again), nothing listens at the
    /// portal.
    pub fn kill(&mut self) {
        self.daemon = None;
    }

    /// Starts the process again with the same files at the same portal, after [`kill`](Self::kill).
    pub fn start_again(&mut self) {
        self.kill();
        // It does not start while there is a process id of another one.
        let _ = std::fs::remove_file(self.folder.path().join("pid"));
        let daemon = spawn(self.folder.path(), self.control_port);
        self.daemon = Some(daemon.expect("the ports are still free"));
    }

    fn running(&self) -> &Daemon {
        self.daemon.as_ref().expect("istgt was killed and not started again")
    }
}

/// An istgt that serves both ports; `None` if another process has one of them, in which case istgt ends.
fn spawn(folder: &Path, control_port: u16) -> Option<Daemon> {
    let mut command = ISTGT.command();
    command.arg("-D").arg("-c").arg(folder.join("istgt.conf"));
    let mut daemon = Daemon::spawn(command, folder);
    let ready = wait_for(PATIENCE, || (daemon.has_ended() || greets(control_port)).then_some(()));
    assert!(ready.is_some(), "istgt does not answer: {}", daemon.log());
    if daemon.has_ended() {
        let log = daemon.log();
        assert!(log.contains("listen error"), "istgt does not start: {log}");
        return None;
    }
    Some(daemon)
}

/// True if the control port answers with its greeting, which it does once both ports are served. A connection to the
/// portal would show less and take the time of a login.
fn greets(control_port: u16) -> bool {
    let Ok(connection) = TcpStream::connect((Ipv4Addr::LOCALHOST, control_port)) else { return false };
    connection.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
    let mut greeting = String::new();
    BufReader::new(connection).read_line(&mut greeting).is_ok()
        && greeting.starts_with("iSCSI Target Controller")
}

/// istgt takes no authentication file that others can read.
fn write_private(path: &Path, text: &str) {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a configuration file can be written");
}
