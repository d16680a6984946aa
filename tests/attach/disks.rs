//! Attached disks: data, properties, secrets.

use crate::guest::{FORWARD, MUTUAL, REVERSE, guest};
use iscsi_tests::external_targets::LioTarget;

#[test]
fn a_file_system_is_the_same_after_the_disk_was_detached_and_attached_again() {
    let guest = guest();
    let device = guest.attach("");
    guest.format(&device);
    guest.run("dd if=/dev/urandom of=/mnt/file bs=1M count=8 2>/dev/null");
    let expected = guest.sum("/mnt/file");
    let attached = guest.attached(&device);
    assert_eq!((&attached["state"], &attached["authentication"]), (&"up".into(), &"none".into()));
    assert!(attached["url"].as_str().unwrap().starts_with("iscsi://127.0.0.1:"), "{attached}");
    guest.run("umount /mnt");
    guest.check(&device);
    let counters = guest.attached(&device)["counters"].clone();
    assert!(
        ["reads", "writes", "flushes"].iter().all(|kind| counters[kind].as_u64() > Some(0)),
        "{counters}"
    );
    assert_eq!((&counters["failures"], &counters["recoveries"]), (&0.into(), &0.into()));
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
    let device = guest.attach("--device /dev/nbd7 --read-only");
    assert_eq!(device, "/dev/nbd7");
    guest.run("mount -t ext4 -o ro,noload /dev/nbd7 /mnt");
    assert_eq!(guest.sum("/mnt/file"), expected);
    guest.run("umount /mnt; iscsi detach nbd7");
    guest.expect_nothing_left();
}

#[test]
fn the_kernel_knows_the_properties_of_the_unit() {
    let guest = guest();
    let device = guest.attach("--read-only");
    let name = device.trim_start_matches("/dev/");
    assert_eq!(
        guest.run(&format!("blockdev --getsize64 {device}; blockdev --getss {device}")),
        "67108864\n512\n"
    );
    let properties = guest.run(&format!("cd /sys/block/{name}; cat ro queue/write_cache queue/fua"));
    assert_eq!(properties, "1\nwrite back\n1\n");
    guest.run(&format!("! dd if=/dev/zero of={device} bs=4096 count=1 2>/dev/null"));
    guest.run(&format!("iscsi detach {device}"));
    let device = guest.attach("");
    let discards =
        guest.run(&format!("cd /sys/block/{name}; cat ro; [ $(cat queue/discard_max_bytes) -gt 0 ]"));
    assert_eq!(discards, "0\n");
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}

#[test]
fn a_disk_that_grows_gets_its_new_size_while_it_is_attached() {
    let guest = guest();
    let url =
        format!("{}{}", guest.lio.url(crate::guest::OPEN).trim_end_matches('0'), LioTarget::GROWING_LUN);
    let device = guest.run(&format!("iscsi attach --auth none --daemon {url}"));
    let device = device.trim();
    let size = |guest: &crate::guest::Guest| guest.run(&format!("blockdev --getsize64 {device}"));
    let before: u64 = size(&guest).trim().parse().unwrap();
    guest.wait_for(40, &format!("[ $(blockdev --getsize64 {device}) -gt {before} ]"));
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}

/// The secrets come from standard input and a file, and get to the process in the background by neither arguments nor
/// variables.
#[test]
fn secrets_reach_the_background_and_are_on_no_command_line() {
    let guest = guest();
    let (url, secrets) = (guest.lio.url(MUTUAL), [FORWARD.1, REVERSE.1]);
    guest.run(&format!("umask 077; printf %s {} >/tmp/reverse", secrets[1]));
    let device = guest.run(&format!(
        "printf %s {} | iscsi attach --auth mutual --daemon --user {} --secret-file - --target-secret-file /tmp/reverse {url}",
        secrets[0], FORWARD.0
    ));
    let device = device.trim();
    assert_eq!(guest.attached(device)["authentication"], "mutual");
    for secret in secrets {
        // The pattern does not match itself.
        let pattern = format!("[{}]{}", &secret[..1], &secret[1..]);
        guest
            .run(&format!("! grep -q '{pattern}' /proc/$(pidof iscsi)/cmdline /proc/$(pidof iscsi)/environ"));
    }
    guest.run(&format!("dd if={device} of=/dev/null bs=1M count=4 2>/dev/null; iscsi detach {device}"));
    guest.expect_nothing_left();
}

/// KiB that the process may take more for the same load: the allocator keeps some memory back and gives it back at will.
const MOST_GROWTH: u64 = 512;

#[test]
fn the_process_locks_its_memory_and_takes_no_more_under_load() {
    let guest = guest();
    let device = guest.attach("");
    let kibibytes = |field: &str| -> u64 {
        let found = guest.run(&format!("awk '/^{field}:/ {{print $2}}' /proc/$(pidof iscsi)/status"));
        found.trim().parse().unwrap_or_else(|error| panic!("{field}: {error}: {found}"))
    };
    let load = || {
        guest.run(&format!("dd if=/dev/zero of={device} bs=1M count=16 oflag=direct 2>/dev/null"));
        guest.run(&format!("dd if={device} of=/dev/null bs=1M count=16 iflag=direct 2>/dev/null"));
    };
    assert!(kibibytes("VmLck") > 0);
    load();
    let before = kibibytes("VmData");
    for _ in 0..3 {
        load();
    }
    let after = kibibytes("VmData");
    assert!(after <= before + MOST_GROWTH, "{before} KiB, then {after} KiB");
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}
