//! The emulated machine in which LIO runs: the kernel of a Debian package with busybox, all of it in memory.
//!
//! `lio_guest/prepare` makes the kernel and the basic RAM disk once, since it downloads them; this module adds only the
//! files that differ between guests.

use std::env;
use std::fs::{self, File, OpenOptions, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::daemon::Daemon;
use super::guest_programs;
use super::program::Program;

const QEMU: Program = Program { name: "qemu-system-x86_64", package: "qemu-system-x86" };
const BUSYBOX: Program = Program { name: "busybox", package: "busybox-static" };

/// The line on the console at the end of the setup.
pub(super) const READY: &str = "guest is ready";

/// The beginning of the line on the console at the end of a command, before its number and its status.
pub(super) const ENDED: &str = "end of command";

/// The error of qemu about a port that is in use.
pub(super) const PORT_TAKEN: &str = "Could not set up host forwarding rule";

/// Emulated: a virtual machine inside another often has a /dev/kvm that does not work. One processor is faster than two
/// then. Kernels from 6.12 on do not start with all that qemu emulates. The console is quiet but for errors of the kernel, among them LIO's reasons to refuse a login.
const MACHINE: &str = "-nodefaults -no-user-config -M pc -accel tcg -cpu max,-cx16,-la57 -no-reboot -display none -serial stdio \
                       -device virtio-net-pci,netdev=net,romfile=";
const KERNEL_LINE: &str =
    "console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on net.ifnames=0 loglevel=4";

/// The mebibytes of a guest that only serves disks.
pub(super) const MEMORY: u32 = 384;

/// Starts a guest with its files in `folder` and with these portals forwarded. `setup` tells the guest what LIO serves; it finds
/// `programs` in its search path.
pub(super) fn boot(
    folder: &Path,
    setup: &str,
    portals: &[SocketAddr],
    programs: &[PathBuf],
    mebibytes: u32,
) -> Daemon {
    let prepared = prepared_folder();
    let ram_disk = folder.join("ram_disk");
    fs::copy(prepared.join("base.cpio"), &ram_disk).expect("the basic RAM disk can be copied");
    append(&ram_disk, &folder.join("tree"), setup, programs);
    let mut command = QEMU.command();
    command.args(MACHINE.split_whitespace()).args(["-m", &mebibytes.to_string(), "-append", KERNEL_LINE]);
    command.args(["-netdev", &network(portals)]);
    command.arg("-kernel").arg(prepared.join("vmlinuz")).arg("-initrd").arg(&ram_disk);
    Daemon::spawn_listening(command, folder)
}

/// LIO listens inside on the ports that are forwarded to it. What the guest sends elsewhere goes nowhere.
fn network(portals: &[SocketAddr]) -> String {
    let forwards = portals.iter().map(|portal| format!(",hostfwd=tcp:{portal}-{portal}"));
    format!("user,id=net,ipv6=off,restrict=on{}", forwards.collect::<String>())
}

/// A RAM disk may consist of several archives: this one comes after the basic one.
fn append(ram_disk: &Path, tree: &Path, setup: &str, programs: &[PathBuf]) {
    let files = [
        ("init", include_str!("lio_guest/init")),
        ("bin/lio", include_str!("lio_guest/lio")),
        ("etc/setup", setup),
    ];
    for (name, text) in files {
        let path = made(tree, Path::new(name));
        fs::write(&path, text).expect("a file can be written");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("its owner may say who runs it");
    }
    let mut names: Vec<_> = files.iter().map(|(name, _)| PathBuf::from(name)).collect();
    names.extend(guest_programs::copy(tree, programs));
    let list = tree.with_extension("names");
    let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
    fs::write(&list, names.join("\n") + "\n").expect("a file can be written");
    let archive = OpenOptions::new().append(true).open(ram_disk).expect("the RAM disk is there");
    let mut pack = BUSYBOX.command();
    pack.args(["cpio", "-o", "-H", "newc"]).current_dir(tree).stdout(archive);
    let packed = pack.stdin(File::open(list).expect("it was just written")).output().expect("busybox starts");
    assert!(packed.status.success(), "busybox cpio: {}", String::from_utf8_lossy(&packed.stderr));
}

/// A path in the tree, whose folder is there.
pub(super) fn made(tree: &Path, name: &Path) -> PathBuf {
    let path = tree.join(name);
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a folder can be made");
    path
}

/// Beside the build, where `tests/run` has it made, or where `ISCSI_TESTS_GUEST` says.
fn prepared_folder() -> PathBuf {
    if let Some(folder) = env::var_os("ISCSI_TESTS_GUEST") {
        return checked(folder.into());
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    checked(workspace.join(target).join("lio-guest"))
}

/// Panics with the line that prepares the folder if it is not.
fn checked(folder: PathBuf) -> PathBuf {
    assert!(
        ["vmlinuz", "base.cpio"].iter().all(|name| folder.join(name).is_file()),
        "no kernel for LIO in {0} (the package that linux-image-cloud-amd64 depends on); unpack it with: \
         tests/support/external_targets/lio_guest/prepare {0}",
        folder.display()
    );
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "tests/support/external_targets/lio_guest/prepare no-such-folder")]
    fn a_missing_kernel_is_a_failure_with_the_line_that_unpacks_it() {
        checked(PathBuf::from("no-such-folder"));
    }

    #[test]
    fn only_the_portals_lead_into_the_guest() {
        let portals = ["127.0.0.1:1", "127.0.0.1:2"].map(|portal| portal.parse().unwrap());
        let forwards = "hostfwd=tcp:127.0.0.1:1-127.0.0.1:1,hostfwd=tcp:127.0.0.1:2-127.0.0.1:2";
        assert_eq!(network(&portals), format!("user,id=net,ipv6=off,restrict=on,{forwards}"));
    }
}
