//! Logged in, held, dropped at once, and logged in again.

use std::time::Duration;

use crate::client::Client;
use crate::memory::{MOST_UNUSED, MOST_USED, Memory};
use crate::target::Target;

/// Sessions before memory is measured: threads, arenas and tables are there.
const WARM_UP: u32 = 100;

pub(crate) fn run(sessions: u32) {
    let mut target = Target::start(sessions);
    let mut client = Client::start(target.portal(), sessions);
    first_logins(&mut client, &mut target, sessions);
    client_drops(&mut client, &mut target, sessions);
    target_drops(&mut client, &mut target, sessions);
    client.log_out(sessions);
    target.comes_to_hold(0);
    target.has_seen(3 * sessions);
    assert_eq!(target.report().number("logouts"), u64::from(sessions));
    client.end();
    target.end();
}

fn first_logins(client: &mut Client, target: &mut Target, sessions: u32) {
    let warm_up = client.log_in(WARM_UP);
    let before = Memory::new(warm_up.resident, target.report().number("resident"));
    let effort = client.log_in(sessions - WARM_UP);
    print(sessions - WARM_UP, "logged in", effort.time);
    target.comes_to_hold(sessions);
    let unused = Memory::new(effort.resident, target.report().number("resident"));
    unused.check_growth(before, sessions - WARM_UP, MOST_UNUSED);
    // An idle session is one that has been used, too.
    let served = client.is_served(sessions);
    target.has_seen(sessions);
    let used = Memory::new(served.resident, target.report().number("resident"));
    used.check_growth(before, sessions - WARM_UP, MOST_USED);
}

/// The client closes all connections without a word.
fn client_drops(client: &mut Client, target: &mut Target, sessions: u32) {
    let closed = client.close(sessions);
    print(sessions, "closed by the client", closed.time);
    target.comes_to_hold(0);
    again(client, target, sessions);
}

/// The target does.
fn target_drops(client: &mut Client, target: &mut Target, sessions: u32) {
    assert_eq!(target.cut(), u64::from(sessions));
    target.comes_to_hold(0);
    let lost = client.forgets_lost(sessions);
    print(sessions, "closed by the target and found lost", lost.time);
    again(client, target, sessions);
}

fn again(client: &mut Client, target: &mut Target, sessions: u32) {
    let effort = client.log_in(sessions);
    print(sessions, "logged in again", effort.time);
    let served = client.is_served(sessions);
    println!("    {} MiB of the client are resident", served.resident >> 20);
    target.comes_to_hold(sessions);
}

fn print(sessions: u32, what: &str, time: Duration) {
    let rate = f64::from(sessions) / time.as_secs_f64();
    println!("{sessions} sessions {what} in {:.2} s ({rate:.0}/s)", time.as_secs_f64());
}
