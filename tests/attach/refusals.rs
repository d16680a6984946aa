//! Errors where nothing can be attached.

use crate::guest::{OPEN, guest};

#[test]
fn without_the_driver_the_error_says_what_to_load() {
    let guest = guest();
    let url = guest.lio.url(OPEN);
    // Newer kernels load the driver when it is asked for.
    guest.run("rmmod nbd; echo /none >/proc/sys/kernel/modprobe");
    let refused = guest.fails(10, &format!("iscsi attach --auth none {url} 2>&1"));
    guest.run("echo /sbin/modprobe >/proc/sys/kernel/modprobe; modprobe nbd");
    assert!(refused.contains("error: the kernel has no NBD driver\n"), "{refused}");
    assert!(refused.contains("modprobe nbd"), "{refused}");
    guest.expect_nothing_left();
}

#[test]
fn without_the_right_the_error_says_what_to_grant() {
    let guest = guest();
    let url = guest.lio.url(OPEN);
    let line = format!("su -s /bin/sh nobody -c 'HOME=/tmp/nobody iscsi attach --auth none {url} 2>&1'");
    let refused = guest.fails(10, &line);
    assert!(refused.contains("cannot attach a device: this process has not the right to"), "{refused}");
    assert!(refused.contains("CAP_SYS_ADMIN"), "{refused}");
    guest.expect_nothing_left();
}

#[test]
fn a_device_in_use_is_an_error_that_names_it() {
    let guest = guest();
    let device = guest.attach("--device /dev/nbd3");
    let url = guest.lio.url(OPEN);
    let refused = guest.fails(10, &format!("iscsi attach --auth none --device {device} {url} 2>&1"));
    assert!(refused.contains("cannot attach /dev/nbd3: the device is in use"), "{refused}");
    assert_eq!(guest.attached(&device)["state"], "up");
    guest.run(&format!("iscsi detach {device}"));
    let gone = guest.fails(2, &format!("iscsi detach {device} 2>&1"));
    assert!(gone.contains("/dev/nbd3 is not attached by this program"), "{gone}");
    guest.expect_nothing_left();
}

#[test]
fn a_device_without_recovery_is_refused() {
    let guest = guest();
    let url = guest.lio.url(OPEN);
    let refused = guest.fails(2, &format!("iscsi attach --auth none --no-recovery {url} 2>&1"));
    assert!(refused.contains("--give-up"), "{refused}");
    guest.expect_nothing_left();
}

#[test]
fn an_error_in_the_background_is_that_of_the_command() {
    let guest = guest();
    let url = guest.lio.url(OPEN);
    let missing = url.replace(&format!(":{OPEN}/0"), &format!(":{OPEN}/9"));
    assert_ne!(missing, url);
    let refused = guest.fails(8, &format!("iscsi attach --auth none --daemon {missing} 2>&1"));
    assert_eq!(refused.matches("error: ").count(), 1, "{refused}");
    assert!(refused.contains("iscsi luns"), "{refused}");
    guest.expect_nothing_left();
}
