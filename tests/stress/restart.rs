//! The target of many sessions is killed, stays away, and is started again.

use std::thread;
use std::time::Duration;

use crate::absence::{Absence, Attempts};
use crate::client::{Client, Effort};
use crate::memory::{MOST_IDLE, Memory};
use crate::target::Target;

/// Sessions before memory is measured.
const WARM_UP: u32 = 100;
/// In this time a session makes its first attempt, after a second at most, and can make another, after two seconds more.
const AWAY: Duration = Duration::from_millis(2500);
/// Attempts of a session until the target is back, and the one that succeeds.
const MOST_ATTEMPTS: u64 = 3;
/// The longest pause behind two attempts, and time for the logins.
const LONGEST_RETURN: Duration = Duration::from_secs(4 + 10);
/// The length of a crowd, and the most that may come in it, in percent of all attempts. Without jitter, every sixth of 1,000 sessions does.
const MOMENT: Duration = Duration::from_millis(50);
const MOST_AT_A_TIME: usize = 10;
/// Of an attempt: the pause, the connection, and the answers.
const MOST_SLEEPS: u64 = 4;
/// An idle session gives its buffers back after a second.
const IDLE: Duration = Duration::from_secs(2);
/// The bytes that a session may take in addition while it waits for its target.
const MOST_WAITING: u64 = 4 << 10;
/// The same when it has come back.
const MOST_BEHIND: u64 = 2 << 10;

pub(crate) fn run(sessions: u32) {
    let mut target = Target::start(sessions);
    let mut client = Client::start_recovering(target.portal(), sessions);
    let first = first_logins(&mut client, &mut target, sessions);
    let address = target.kill();
    let absence = Absence::begin(address);
    thread::sleep(AWAY);
    let waiting = client.holds(0);
    let attempts = absence.end();
    let mut target = Target::start_again(address, sessions);
    let back = client.is_up_again(sessions, 1);
    check_attempts(&attempts, &first, &back, sessions);
    client.is_served(sessions);
    target.has_seen(sessions);
    let second = idle(&mut client, sessions);
    check_memory(&first, &waiting, &second, sessions);
    client.log_out(sessions);
    client.end();
    target.end();
}

/// Logs in; all sessions are used once, and then idle.
fn first_logins(client: &mut Client, target: &mut Target, sessions: u32) -> Effort {
    let warm_up = client.log_in(WARM_UP);
    let before = Memory::new(warm_up.resident, target.report().number("resident"));
    client.log_in(sessions - WARM_UP);
    client.is_served(sessions);
    let used = idle(client, sessions);
    let after = Memory::new(used.resident, target.report().number("resident"));
    after.check_growth(before, sessions - WARM_UP, MOST_IDLE);
    used
}

/// Waits until buffers are given back.
fn idle(client: &mut Client, sessions: u32) -> Effort {
    thread::sleep(IDLE);
    client.holds(sessions)
}

fn check_attempts(attempts: &Attempts, first: &Effort, back: &Effort, sessions: u32) {
    let (count, most) = (attempts.count(), attempts.most_within(MOMENT));
    let share = 100 * most / count;
    let sleeps = (back.sleeps - first.sleeps) / back.attempts;
    println!(
        "{sessions} sessions are up again {:.2} s after their target, by {} attempts, {} at most; at most {share} % of \
         {count} failed ones came within {MOMENT:?}; the client slept {sleeps} times per attempt",
        back.time.as_secs_f64(),
        back.attempts,
        back.most_attempts,
    );
    assert!(back.time <= LONGEST_RETURN, "{:?}", back.time);
    assert!(back.attempts <= MOST_ATTEMPTS * u64::from(sessions), "{} attempts", back.attempts);
    assert!(count >= sessions as usize / 2, "the target was away for {count} attempts");
    assert!(share <= MOST_AT_A_TIME, "{share} % of the attempts at a time");
    assert!(sleeps <= MOST_SLEEPS, "{sleeps} per attempt");
}

fn check_memory(first: &Effort, waiting: &Effort, second: &Effort, sessions: u32) {
    let more = |later: &Effort| later.resident.saturating_sub(first.resident) / u64::from(sessions);
    let (waiting, behind) = (more(waiting), more(second));
    println!(
        "    each takes {waiting} bytes more while it waits, and {behind} when it is idle again; {} MiB of the client are \
         resident",
        second.resident >> 20
    );
    assert!(waiting <= MOST_WAITING, "{waiting} bytes more while a session waits");
    assert!(behind <= MOST_BEHIND, "{behind} bytes more for each session");
}
