//! `iscsi attached` and `iscsi detach` where nothing is attached: no kernel driver is needed for that. The others are tested in
//! a guest that has it (`tests/attach`).

use std::fs;

use crate::program::{Outcome, Place, finish};

/// Runs the program with its records in this place.
fn run(place: &Place, arguments: &[&str]) -> Outcome {
    finish(place.command(arguments).env("RUNTIME_DIRECTORY", place.path("run")))
}

#[test]
fn without_records_no_device_is_attached() {
    let place = Place::new();
    let shown = run(&place, &["attached"]).expect(0).complains("note: no device is attached\n");
    assert_eq!(shown.stdout, "");
    assert_eq!(run(&place, &["attached", "--output", "json"]).expect(0).stdout, "[]\n");
}

/// A device with this number exists on no host.
#[test]
fn records_of_devices_that_the_kernel_does_not_have_are_removed() {
    let place = Place::new();
    fs::create_dir(place.path("run")).unwrap();
    let record = place.path("run/nbd999999.json");
    fs::write(&record, "{}").unwrap();
    let other = place.path("run/other.json");
    fs::write(&other, "{}").unwrap();
    assert_eq!(run(&place, &["attached", "--output", "json"]).expect(0).stdout, "[]\n");
    assert!(!record.exists() && other.exists());
}

#[test]
fn only_attached_devices_are_detached() {
    let place = Place::new();
    let refused = run(&place, &["detach", "/dev/nbd999999"]).expect(2);
    refused.complains("/dev/nbd999999 is not attached by this program").complains("iscsi attached");
    for other in ["/dev/sda", "nbd", "0", "/dev/nbd0p1"] {
        run(&place, &["detach", other]).expect(2).complains("a device is named /dev/nbd0, /dev/nbd1");
    }
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let place = Place::new();
    let url = "iscsi://127.0.0.1/iqn.2001-04.com.example:disk/0";
    for arguments in [
        &["attach", "--device", "nbd0", "--reattach", "nbd0", url][..],
        &["attach", "--connections", "0", url],
        &["attach", "--connections", "17", url],
        &["attach", "--give-up", "0", url],
    ] {
        run(&place, arguments).expect(2);
    }
    run(&place, &["attach", url.trim_end_matches("/0")]).expect(2).complains("names no logical unit");
}
