//! Many disks one after the other, which leave nothing behind.

use std::env;

use crate::guest::{Guest, guest};

/// Rounds before the first look: what the kernel and the target allocate once is allocated then.
const FIRST: u32 = 2;
const ROUNDS: u32 = 4;
const LONG_ROUNDS: u32 = 500;
/// The most KiB of memory that may be missing at the end. A device of the kernel that is not freed takes some hundred.
const MOST_LOST: u64 = 8 << 10;

#[test]
fn rounds_of_attaching_and_detaching_leave_nothing_behind() {
    let guest = guest();
    let rounds = if env::var_os("ISCSI_TESTS_LONG").is_some() { LONG_ROUNDS } else { ROUNDS };
    attach_and_detach(&guest, FIRST);
    guest.expect_nothing_left();
    let before = Leftovers::count(&guest);
    attach_and_detach(&guest, rounds);
    guest.expect_nothing_left();
    let after = Leftovers::count(&guest);
    println!("after {rounds} rounds: {after:?}, before: {before:?}");
    assert_eq!((after.devices, after.files), (before.devices, before.files));
    assert!(after.sockets <= before.sockets, "{before:?} {after:?}");
    assert!(before.available.saturating_sub(after.available) <= MOST_LOST, "{before:?} {after:?}");
}

fn attach_and_detach(guest: &Guest, rounds: u32) {
    for _ in 0..rounds {
        let device = guest.attach("");
        guest.run(&format!(
            "dd if={device} of=/dev/null bs=64k count=1 2>/dev/null; iscsi detach {device} >/dev/null"
        ));
    }
}

/// The devices, sockets, files and memory of the guest.
#[derive(Debug)]
struct Leftovers {
    devices: u64,
    sockets: u64,
    files: u64,
    /// KiB.
    available: u64,
}

impl Leftovers {
    fn count(guest: &Guest) -> Self {
        guest.run("sync; echo 3 >/proc/sys/vm/drop_caches; sleep 1");
        let number = |line: &str| guest.run(line).trim().parse().unwrap();
        Self {
            devices: number("ls /sys/block | wc -l"),
            // Connections in TIME-WAIT are not counted: they are no sockets any more.
            sockets: number("sed -n 's/^sockets: used //p' /proc/net/sockstat"),
            files: number("find /run /tmp -type f -o -type s | wc -l"),
            available: number("sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"),
        }
    }
}
