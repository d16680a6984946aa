//! LIO, the target in the Linux kernel, in an emulated guest (Debian packages `qemu-system-x86`, `busybox-static` and
//! a kernel that is unpacked, not installed).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use super::auth::Auth;
use super::daemon::Daemon;
use super::lio_guest::{ENDED, MEMORY, PORT_TAKEN, READY, boot};
use super::lio_target::{LioTarget, demand};
use super::patience::{PATIENCE, wait_for};
use super::port::free_port;
use super::program::Program;

const NAME_PREFIX: &str = "iqn.2001-04.com.example.lio";

/// Ports tried before giving up: another process may take a free one first.
const ATTEMPTS: usize = 5;

/// A boot takes 10 seconds, on a busy machine several times that.
const BOOT: Duration = Duration::from_mins(5);

/// The most bytes of a line that a console takes.
const LONGEST_LINE: usize = 4096;

/// A running LIO. Dropping it ends the guest.
///
/// A boot takes long, logins are fast: tests of one program do well to share one in a static [`OnceLock`]. That is never
/// dropped, but the guest and its files go with the test process all the same.
///
/// [`OnceLock`]: std::sync::OnceLock
pub struct Lio {
    // Before the folder: the guest goes before its files.
    daemon: Daemon,
    portals: Vec<SocketAddr>,
    /// The number of commands that the guest was told.
    commands: Mutex<u32>,
    _folder: TempDir,
}

/// A LIO to be started.
#[derive(Clone, Default)]
pub struct LioBuilder {
    discovery: Auth,
    targets: Vec<LioTarget>,
    programs: Vec<PathBuf>,
    mebibytes: Option<u32>,
}

impl LioBuilder {
    /// Sets the authentication required for discovery.
    #[must_use]
    pub fn discovery(mut self, auth: Auth) -> Self {
        self.discovery = auth;
        self
    }

    /// Adds a target.
    #[must_use]
    pub fn target(mut self, target: LioTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// Puts a program of this machine into the guest, with its shared libraries, for [`Lio::shell`].
    #[must_use]
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.programs.push(path.into());
        self
    }

    /// Puts a program of a Debian package into the guest. Panics with the line that installs it if it is missing.
    #[must_use]
    pub fn installed_program(self, name: &'static str, package: &'static str) -> Self {
        self.program(Program { name, package }.file())
    }

    /// Sets the memory of the guest, which also holds its disks and programs.
    #[must_use]
    pub fn memory(mut self, mebibytes: u32) -> Self {
        self.mebibytes = Some(mebibytes);
        self
    }

    /// Starts it, on free ports of 127.0.0.1; when this returns, logins succeed.
    #[must_use]
    pub fn start(self) -> Lio {
        (0..ATTEMPTS).find_map(|_| self.attempt()).expect("qemu gets the ports it is told to forward")
    }

    /// Returns `None` if another process took the port first, in which case qemu ends.
    fn attempt(&self) -> Option<Lio> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let portals = self.free_portals();
        let (setup, mebibytes) = (self.setup(&portals), self.mebibytes.unwrap_or(MEMORY));
        let mut daemon = boot(folder.path(), &setup, &portals, &self.programs, mebibytes);
        let over = wait_for(BOOT, || (daemon.has_ended() || daemon.log().contains(READY)).then_some(()));
        assert!(over.is_some(), "the guest does not come up: {}", daemon.log());
        if daemon.has_ended() {
            let log = daemon.log();
            assert!(log.contains(PORT_TAKEN), "the guest did not come up: {log}");
            return None;
        }
        Some(Lio { daemon, portals, commands: Mutex::new(0), _folder: folder })
    }

    /// One for every portal group of the target that has most.
    fn free_portals(&self) -> Vec<SocketAddr> {
        let groups = self.targets.iter().map(|target| target.groups).max().unwrap_or(1);
        (0..groups).map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))).collect()
    }

    /// The instructions for the guest, see `lio_guest/lio`.
    fn setup(&self, portals: &[SocketAddr]) -> String {
        let targets = self.targets.iter().map(|target| target.setup(&iqn(&target.name), portals));
        targets.collect::<String>() + &demand("demand_of_discovery", &self.discovery)
    }
}

impl Lio {
    /// A LIO without targets.
    #[must_use]
    pub fn builder() -> LioBuilder {
        LioBuilder::default()
    }

    /// The address of the first portal group of every target.
    #[must_use]
    pub fn portal(&self) -> SocketAddr {
        self.portals[0]
    }

    /// The addresses of the portal groups, in the order of their tags from 1.
    #[must_use]
    pub fn portals(&self) -> &[SocketAddr] {
        &self.portals
    }

    /// The iSCSI name of the target `name`.
    #[must_use]
    pub fn iqn(&self, name: &str) -> String {
        iqn(name)
    }

    /// `iscsi://portal/iqn/lun` of the disk of the target `name`, in its first portal group.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("iscsi://{}/{}/{}", self.portal(), iqn(name), LioTarget::LUN)
    }

    /// The process id of the guest.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// Lets all portal groups of a target take logins, or ends their sessions and lets them take none.
    pub fn enable(&self, name: &str, is_enabled: bool) {
        let groups = format!("/sys/kernel/config/target/iscsi/{}/tpgt_*/enable", iqn(name));
        let value = u8::from(is_enabled);
        self.run(&format!("for group in {groups}; do echo {value} >$group; done"));
    }

    /// Removes all targets and backstores, which ends all sessions. The contents of the disks stay.
    pub fn take_down(&self) {
        self.run("sh -e /bin/lio take_down");
    }

    /// Makes targets and backstores again as they were at the start.
    pub fn set_up_again(&self) {
        self.run("sh -e /bin/lio");
    }

    /// Runs one line of shell in the guest and waits for its end. Panics if it fails.
    fn run(&self, line: &str) {
        let (status, output) = self.shell(line, 4 * PATIENCE);
        assert_eq!(status, 0, "{line} fails: {output}");
    }

    /// Runs one line of shell in the guest, of less than 4096 bytes, and returns its exit status and what it printed. The first
    /// command that fails ends it. Panics if it does not end within `limit`.
    pub fn shell(&self, line: &str, limit: Duration) -> (i32, String) {
        assert!(line.len() < LONGEST_LINE && !line.contains('\n'), "not a line that a console takes: {line}");
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        *commands += 1;
        let (end, start) = (format!("{ENDED} {}: ", *commands), self.log().len());
        self.daemon.tell(line);
        let ended = |log: &str| {
            let (output, rest) = log.get(start..)?.split_once(&end)?;
            let status = rest.split_once('\n')?.0.trim().parse().ok()?;
            Some((status, output_of(output)))
        };
        let outcome = wait_for(limit, || ended(&self.log()));
        outcome.unwrap_or_else(|| panic!("{line} does not end: {}", self.log()))
    }

    /// The guest's console: among others why LIO refused a login.
    #[must_use]
    pub fn log(&self) -> String {
        self.daemon.log()
    }
}

/// The output of a command: the console without the echo of its line, and without messages of the kernel.
fn output_of(console: &str) -> String {
    let echoed = console.split_once('\n').map_or("", |(_, output)| output);
    let lines = echoed.lines().map(|line| line.trim_end_matches('\r'));
    lines.filter(|line| !line.starts_with("[ ")).flat_map(|line| [line, "\n"]).collect()
}

fn iqn(name: &str) -> String {
    format!("{NAME_PREFIX}:{name}")
}
