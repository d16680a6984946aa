//! A disk as a service manager runs it: it is told when the disk is there, and starts a process again that was killed.

use crate::guest::{Guest, OPEN, guest};

/// The socket of the service manager, and what it was told.
const SOCKET: &str = "/tmp/notify";
const TOLD: &str = "/tmp/told";

/// Starts the program in the foreground of a service, and waits until it says that the disk is there. Returns the disk.
fn start(guest: &Guest) -> String {
    guest.run(&format!("rm -f {SOCKET} {TOLD} /tmp/attached"));
    guest.run(&format!("(socat -u UNIX-RECV:{SOCKET} OPEN:{TOLD},creat,append 2>/dev/null &)"));
    guest.wait_for(10, &format!("[ -S {SOCKET} ]"));
    let url = guest.lio.url(OPEN);
    guest.run(&format!(
        "(NOTIFY_SOCKET={SOCKET} iscsi attach --auth none {url} >/tmp/attached 2>/tmp/messages &)"
    ));
    guest.wait_for(30, &format!("grep -q READY=1 {TOLD} 2>/dev/null"));
    let device = guest.run("cat /tmp/attached").trim().to_owned();
    let told = guest.run(&format!("cat {TOLD}"));
    assert!(told.starts_with(&format!("READY=1\nSTATUS=serving {device}")), "{told}");
    guest.run(&format!("dd if={device} of=/dev/null bs=64k count=1 2>/dev/null"));
    device
}

#[test]
fn a_service_says_when_its_disk_is_there_and_keeps_it_when_it_is_started_again() {
    let guest = guest();
    let device = start(&guest);
    guest.format(&device);
    guest.run("dd if=/dev/urandom of=/mnt/file bs=1M count=2 2>/dev/null; sync");
    let expected = guest.sum("/mnt/file");
    guest.run("killall socat");
    guest.kill_servers();
    assert_eq!(start(&guest), device);
    guest.run("umount /mnt");
    guest.check(&device);
    guest.run(&format!("mount -t ext4 {device} /mnt"));
    assert_eq!(guest.sum("/mnt/file"), expected);
    guest.run("umount /mnt; kill $(pidof iscsi)");
    guest.wait_for(30, &format!("grep -q STOPPING=1 {TOLD}"));
    guest.expect_nothing_left();
    guest.run(&format!("killall socat; rm -f {SOCKET} {TOLD} /tmp/attached /tmp/messages"));
}
