//! Processes that are killed while they serve a disk, and those that take it over.

use crate::guest::{FORWARD, MUTUAL, OPEN, REVERSE, guest};

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
    guest.kill_servers();
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
    guest.kill_servers();
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

#[test]
fn a_dead_device_of_the_same_unit_is_taken_over_unasked() {
    let guest = guest();
    let device = guest.attach("");
    guest.kill_servers();
    // Attached in another way, and another unit: they get devices of their own.
    let read_only = guest.attach("--read-only");
    let url = guest.lio.url(OPEN).replace(&format!(":{OPEN}/0"), &format!(":{OPEN}/2"));
    let other = guest.run(&format!("iscsi attach --auth none --daemon {url}"));
    assert_eq!(guest.attached(&device)["state"], "server-dead");
    assert_ne!([read_only.as_str(), other.trim()], [device.as_str(); 2]);
    let named = guest.fails(10, &format!("iscsi attach --auth none --device {device} {url} 2>&1"));
    assert!(named.contains("is in use"), "{named}");
    let url = guest.lio.url(OPEN);
    let told = guest.run(&format!("iscsi attach --auth none --daemon {url} 2>&1"));
    assert!(
        told.contains(&format!("{device} is this unit's, and its process is gone: it is taken over")),
        "{told}"
    );
    assert_eq!(guest.attached(&device)["state"], "up");
    // A device whose process lives is not taken.
    let second = guest.attach("");
    assert_ne!(second, device);
    for device in [&device, &second, &read_only, other.trim()] {
        guest.run(&format!("iscsi detach {device}"));
    }
    guest.expect_nothing_left();
}

/// Somebody else at the portal could prove nothing, and would get the writes that wait.
#[test]
fn a_device_is_not_taken_over_after_a_weaker_login() {
    let guest = guest();
    let url = guest.lio.url(MUTUAL);
    guest.run(&format!(
        "umask 077; printf %s {} >/tmp/forward; printf %s {} >/tmp/reverse",
        FORWARD.1, REVERSE.1
    ));
    let attach = |options: &str| {
        format!("iscsi attach --daemon --user {} --secret-file /tmp/forward {options} {url} 2>&1", FORWARD.0)
    };
    let mutual = "--auth mutual --target-secret-file /tmp/reverse";
    let device = guest.run(&attach(mutual)).trim().to_owned();
    guest.kill_servers();
    let refused = guest.fails(10, &attach(&format!("--auth chap --reattach {device}")));
    assert!(refused.contains("attached with authentication mutual, and this login has chap"), "{refused}");
    let other = guest.run(&attach("--auth chap")).trim().to_owned();
    assert_ne!(other, device);
    assert_eq!(guest.attached(&device)["state"], "server-dead");
    let told = guest.run(&attach(mutual));
    assert!(told.contains("is taken over"), "{told}");
    guest.run(&format!("iscsi detach {device}; iscsi detach {other}; rm /tmp/forward /tmp/reverse"));
    guest.expect_nothing_left();
}
