//! Attached disks whose target goes away for a while.

use crate::guest::{OPEN, guest};

#[test]
fn writes_go_on_when_the_target_is_restarted() {
    let guest = guest();
    let device = guest.attach("");
    guest.format(&device);
    guest.begin_writing(12);
    for _ in 0..2 {
        guest.lio.enable(OPEN, false);
        guest.run("sleep 1");
        guest.lio.enable(OPEN, true);
        guest.run("sleep 2");
    }
    guest.expect_written(&device, 60);
    let counters = guest.attached(&device)["counters"].clone();
    assert!(counters["recoveries"].as_u64() > Some(0), "{counters}");
    assert_eq!(counters["failures"], 0);
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}

#[test]
fn writes_go_on_when_the_network_is_cut_for_ten_seconds() {
    let guest = guest();
    let device = guest.attach("");
    guest.format(&device);
    guest.begin_writing(12);
    guest.run("ip link set lo down; sleep 10; ip link set lo up");
    guest.expect_written(&device, 60);
    assert_eq!(guest.attached(&device)["counters"]["failures"], 0);
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}

#[test]
fn requests_fail_when_the_target_stays_away_and_succeed_when_it_is_back() {
    let guest = guest();
    let device = guest.attach("--give-up 3 --timeout 3");
    guest.lio.enable(OPEN, false);
    let read = format!("dd if={device} of=/dev/null bs=4096 count=1 iflag=direct 2>/dev/null");
    guest.run(&format!("! {read}"));
    assert_eq!(guest.attached(&device)["state"], "failing");
    guest.lio.enable(OPEN, true);
    guest.wait_for(20, &read);
    assert_eq!(guest.attached(&device)["state"], "up");
    guest.run(&format!("iscsi detach {device}"));
    guest.expect_nothing_left();
}
