//! The end of an attached disk: by the command, by a signal, by others.

use crate::guest::{OPEN, guest};

#[test]
fn a_disk_in_use_is_not_detached_unless_forced() {
    let guest = guest();
    let device = guest.attach("");
    guest.format(&device);
    let refusal = guest.fails(10, &format!("iscsi detach {device} 2>&1"));
    assert!(refusal.contains("mounted at /mnt") && refusal.contains("--force"), "{refusal}");
    guest.run("umount /mnt");
    guest.run(&format!("sleep 1000 <{device} & echo $! >/tmp/pid"));
    let refusal = guest.fails(10, &format!("iscsi detach {device} 2>&1"));
    assert!(refusal.contains("open in process") && refusal.contains("(sleep)"), "{refusal}");
    guest.run(&format!("iscsi detach --force {device}; kill $(cat /tmp/pid)"));
    guest.expect_nothing_left();
}

#[test]
fn a_signal_detaches_a_disk_that_is_not_in_use() {
    let guest = guest();
    for signal in ["TERM", "INT"] {
        let url = guest.lio.url(OPEN);
        guest.run(&format!("iscsi attach --auth none {url} >/tmp/device & echo $! >/tmp/pid"));
        guest.wait_for(20, "[ -s /tmp/device ]");
        guest.run("dd if=/dev/urandom of=$(cat /tmp/device) bs=64k count=4 2>/dev/null");
        // A shell starts what goes on in the background with SIGINT ignored, which the program changes.
        guest.run(&format!("kill -{signal} $(pidof iscsi)"));
        guest.expect_nothing_left();
    }
}

#[test]
fn a_disk_in_use_outlives_a_signal_and_is_taken_over() {
    let guest = guest();
    let device = guest.attach("--give-up 20");
    guest.format(&device);
    guest.run("dd if=/dev/urandom of=/mnt/file bs=1M count=4 2>/dev/null");
    let expected = guest.sum("/mnt/file");
    guest.run("kill $(pidof iscsi)");
    guest.wait_for(20, "! pidof iscsi >/dev/null");
    assert_eq!(guest.attached(&device)["state"], "server-dead");
    assert_eq!(guest.sessions(), 0);
    assert_eq!(guest.attach(&format!("--reattach {device}")), device);
    assert_eq!(guest.attached(&device)["state"], "up");
    guest.run("umount /mnt");
    guest.check(&device);
    guest.run(&format!("mount -t ext4 {device} /mnt"));
    assert_eq!(guest.sum("/mnt/file"), expected);
    guest.run(&format!("umount /mnt; iscsi detach {device}"));
    guest.expect_nothing_left();
}

#[test]
fn a_disk_of_a_dead_process_can_be_detached() {
    let guest = guest();
    let device = guest.attach("");
    guest.kill_servers();
    assert_eq!(guest.attached(&device)["state"], "server-dead");
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}
