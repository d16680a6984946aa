//! Processes that are killed while they serve a disk, and those that take it over.

use crate::guest::{MUTUAL, OPEN, guest};

/// The kernel sends what the dead process had taken again after its timeout: 3 + 3 + 3 seconds for a stalled command, 10 for
/// the recovery, and 5. So much time there is to take the device over, too.
#[test]
fn writes_go_on_when_the_process_is_killed_and_another_takes_over() {
    let guest = guest();
    let limits = "--timeout 3 --give-up 10";
    let device = guest.attach(limits);
    assert_eq!(guest.attached(&device)["kernel_timeout"], 24);
    guest.format(&device);
    guest.begin_writing(12);
    guest.wait_for(10, "[ $(stat -c %s /mnt/file 2>/dev/null || echo 0) -gt 1000000 ]");
    guest.run("kill -9 $(pidof iscsi)");
    guest.wait_for(5, "! pidof iscsi >/dev/null");
    assert_eq!(guest.attached(&device)["state"], "server-dead");
    guest.attach(&format!("{limits} --reattach {device}"));
    guest.expect_written(&device, 60);
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}

#[test]
fn only_the_same_unit_without_a_process_is_taken_over() {
    let guest = guest();
    let device = guest.attach("");
    let url = guest.lio.url(OPEN);
    let served = guest.fails(2, &format!("iscsi attach --auth none --reattach {device} {url} 2>&1"));
    assert!(served.contains("is served by process"), "{served}");
    guest.run("kill -9 $(pidof iscsi)");
    guest.wait_for(5, "! pidof iscsi >/dev/null");
    let other = url.replace(&format!(":{OPEN}/0"), &format!(":{OPEN}/2"));
    assert_ne!(other, url);
    let refused = guest.fails(10, &format!("iscsi attach --auth none --reattach {device} {other} 2>&1"));
    assert!(refused.contains("cannot be taken over"), "{refused}");
    let free = guest.fails(2, &format!("iscsi attach --auth none --reattach /dev/nbd9 {url} 2>&1"));
    assert!(free.contains("nothing to take over"), "{free}");
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
    assert_ne!(guest.lio.url(MUTUAL), url);
}
