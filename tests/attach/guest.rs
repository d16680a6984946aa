//! The guest, and what is done in it.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use iscsi_tests::external_targets::{Auth, Lio, LioTarget};
use serde_json::Value;

/// The target without authentication, and the one that requires mutual CHAP.
pub(crate) const OPEN: &str = "open";
pub(crate) const MUTUAL: &str = "mutual";
/// The target that gets and loses portals.
pub(crate) const PORTALS: &str = "portals";
pub(crate) const FORWARD: (&str, &str) = ("host", "secret-of-the-host");
pub(crate) const REVERSE: (&str, &str) = ("disk", "secret-of-the-disk");

/// The mebibytes of the guest: its disks are files in memory.
const MEMORY: u32 = 768;
/// The limit of a line: programs in the guest take some ten times as long as here.
const LIMIT: Duration = Duration::from_mins(3);

static GUEST: OnceLock<Mutex<Guest>> = OnceLock::new();

/// The guest with LIO, the program `iscsi`, and the tools of ext4.
pub(crate) struct Guest {
    pub(crate) lio: Lio,
}

/// The guest, for one test at a time. Nothing is attached.
pub(crate) fn guest() -> MutexGuard<'static, Guest> {
    let guest = GUEST.get_or_init(|| Mutex::new(Guest::boot()));
    let guest = guest.lock().unwrap_or_else(PoisonError::into_inner);
    guest.clean();
    guest
}

impl Guest {
    fn boot() -> Self {
        let mutual = LioTarget::named(MUTUAL).auth(Auth::mutual(FORWARD, REVERSE));
        let lio = Lio::builder()
            .target(LioTarget::named(OPEN).thin().with_growing_unit())
            .target(mutual)
            .target(LioTarget::named(PORTALS))
            .program(env!("CARGO_BIN_EXE_iscsi"))
            .installed_program("mkfs.ext4", "e2fsprogs")
            .installed_program("e2fsck", "e2fsprogs")
            .installed_program("socat", "socat")
            .memory(MEMORY)
            .start();
        let guest = Self { lio };
        // Messages of the kernel would get between those of programs.
        guest.run("dmesg -n 1; mkdir -p /mnt /root; modprobe nbd");
        guest.run("for user in root:x:0 nobody:x:65534; do echo $user:${user##*:}::/tmp:/bin/sh >>/etc/passwd; done");
        guest
    }

    /// Ends what a failed test left.
    fn clean(&self) {
        self.run("echo /sbin/modprobe >/proc/sys/kernel/modprobe; modprobe nbd; ip link set lo up; umount /mnt 2>/dev/null || true");
        self.run("for pid in $(pidof iscsi); do kill -9 $pid; done; killall -q dd socat || true");
        self.run("for backend in /sys/block/nbd*/backend; do [ -e $backend ] || break; device=${backend%/backend}; \
                  iscsi detach --force ${device##*/}; done");
    }

    /// Runs a line of shell, and returns what it prints. Fails if it does.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> String {
        let (status, output) = self.lio.shell(line, LIMIT);
        assert_eq!(status, 0, "{line}: {output}");
        output
    }

    /// Runs a line of shell that ends with this exit status, and returns what it prints.
    #[track_caller]
    pub(crate) fn fails(&self, expected: i32, line: &str) -> String {
        let (status, output) = self.lio.shell(line, LIMIT);
        assert_eq!(status, expected, "{line}: {output}");
        output
    }

    /// Runs a line again and again until it succeeds. Fails if that takes more than `seconds`.
    #[track_caller]
    pub(crate) fn wait_for(&self, seconds: u32, line: &str) {
        self.run(&format!(
            "left={seconds}; until {line}; do left=$((left - 1)); [ $left -gt 0 ]; sleep 1; done"
        ));
    }

    /// Attaches the disk of the open target in the background with these options, and returns the device.
    #[track_caller]
    pub(crate) fn attach(&self, options: &str) -> String {
        let url = self.lio.url(OPEN);
        let device = self.run(&format!("iscsi attach --auth none --daemon {options} {url}"));
        assert!(device.starts_with("/dev/nbd"), "{device}");
        device.trim().to_owned()
    }

    /// Kills the processes of the program, which cannot prevent it, and waits until they are gone.
    #[track_caller]
    pub(crate) fn kill_servers(&self) {
        self.run("kill -9 $(pidof iscsi)");
        self.wait_for(5, "! pidof iscsi >/dev/null");
    }

    /// The description of a device by `iscsi attached`.
    #[track_caller]
    pub(crate) fn attached(&self, device: &str) -> Value {
        let list = self.run("iscsi attached --output json");
        let list: Vec<Value> = serde_json::from_str(&list).unwrap_or_else(|error| panic!("{error}: {list}"));
        list.into_iter()
            .find(|attached| attached["device"] == device)
            .unwrap_or_else(|| panic!("no {device}"))
    }

    /// The checksum of a file.
    #[track_caller]
    pub(crate) fn sum(&self, file: &str) -> String {
        let printed = self.run(&format!("sha256sum {file}"));
        printed.split_whitespace().next().unwrap().to_owned()
    }

    /// Checks a file system that is not mounted, without changing it.
    #[track_caller]
    pub(crate) fn check(&self, device: &str) {
        self.run(&format!("e2fsck -fn {device}"));
    }

    /// Makes a file system, and mounts it.
    #[track_caller]
    pub(crate) fn format(&self, device: &str) {
        self.run(&format!("mkfs.ext4 -q -F {device}; mount -t ext4 {device} /mnt"));
    }

    /// Begins to write a file of random bytes in the background, past the page cache, piece by piece. `/tmp/copy` gets the same
    /// bytes, and `/tmp/wrote` the exit status at the end.
    #[track_caller]
    pub(crate) fn begin_writing(&self, mebibytes: u32) {
        self.run(&format!(
            "rm -f /tmp/wrote; dd if=/dev/urandom of=/tmp/copy bs=1M count={mebibytes} 2>/dev/null"
        ));
        self.run(
            "(status=0; dd if=/tmp/copy of=/mnt/file bs=64k oflag=direct 2>/tmp/dd || status=$?; sync; echo $status >/tmp/wrote) &",
        );
    }

    /// Waits for the end of the writing. All of it has to have succeeded, and the file to be right, then and after the file system
    /// is mounted anew.
    #[track_caller]
    pub(crate) fn expect_written(&self, device: &str, seconds: u32) {
        self.wait_for(seconds, "[ -s /tmp/wrote ]");
        assert_eq!(self.run("cat /tmp/wrote"), "0\n", "{}", self.run("cat /tmp/dd"));
        let expected = self.sum("/tmp/copy");
        self.run("umount /mnt");
        self.check(device);
        self.run(&format!("mount -t ext4 {device} /mnt"));
        assert_eq!(self.sum("/mnt/file"), expected);
        self.run("umount /mnt");
    }

    /// Fails unless the guest has no device, process, session and socket of the program.
    #[track_caller]
    pub(crate) fn expect_nothing_left(&self) {
        self.wait_for(10, "! pidof iscsi >/dev/null");
        self.run("! ls /sys/block/nbd*/pid 2>/dev/null; ! ls /run/iscsi/* 2>/dev/null");
        // LIO notices the end of a connection by itself, a little later.
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.sessions() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(100));
        }
        assert_eq!(self.sessions(), 0);
    }

    /// The sessions that LIO has.
    #[track_caller]
    pub(crate) fn sessions(&self) -> usize {
        let folder = "/sys/kernel/config/target/iscsi/iqn*/tpgt_1/dynamic_sessions";
        let names = self.run(&format!("cat {folder} | tr '\\000' '\\n' | grep . || true"));
        names.lines().count()
    }
}
