//! The figures are right, for attempts of known length on a paused clock.

use super::super::arrival::Arrival;
use super::super::attempt::FailedAttempt;
use super::super::login::TimedLogin;
use super::super::tally::Times;
use super::*;
use crate::failure::Exit;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::sleep;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Attempts that take a while: 1 ms, unless the target stands still when they begin.
#[derive(Clone)]
struct Scripted {
    start: Instant,
    /// Nothing gets through from the first moment to the second.
    stall: (Duration, Duration),
    /// Every so many attempts one fails.
    fails: Option<u64>,
    most: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
}

impl Scripted {
    fn new() -> Self {
        let stall = (Duration::MAX, Duration::MAX);
        Self { start: Instant::now(), stall, fails: None, most: Arc::default(), now: Arc::default() }
    }
}

impl Attempts for Scripted {
    type Success = TimedLogin;

    async fn attempt(&mut self, number: u64) -> Result<TimedLogin, FailedAttempt> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        let began = self.start.elapsed();
        let length = if began >= self.stall.0 && began < self.stall.1 {
            self.stall.1.saturating_sub(began)
        } else {
            MILLISECOND
        };
        sleep(length).await;
        self.now.fetch_sub(1, Ordering::Relaxed);
        if self.fails.is_some_and(|every| number.is_multiple_of(every)) {
            return Err(FailedAttempt { cause: format!("refused {}", number % 2), exit: Exit::LoginRefused });
        }
        let login = length;
        let (connect, security, operational) = (login / 4, login / 2, login / 4);
        Ok(TimedLogin { login, connect, security, operational, logout: MILLISECOND / 2, round_trips: 4 })
    }
}

fn plan() -> Plan {
    Plan {
        concurrency: 64,
        rate: None,
        arrival: Arrival::Fixed,
        seed: 0,
        count: None,
        duration: None,
        warmup: Duration::ZERO,
    }
}

fn workers(plan: &Plan, attempts: Scripted) -> Vec<Scripted> {
    vec![attempts; plan.concurrency]
}

async fn carry_out(plan: &Plan, attempts: Scripted) -> Tally<TimedLogin> {
    run(plan, workers(plan, attempts), pending(), |_, _| {}).await
}

fn at(times: &Times, percent: f64) -> f64 {
    let percentiles = times.distribution().percentiles;
    percentiles.iter().find(|percentile| (percentile.percent - percent).abs() < 0.001).unwrap().at_most
}

/// 100 attempts are due while the target stands still for a second: in an open loop each is charged for its wait.
#[tokio::test(start_paused = true)]
async fn an_open_loop_charges_a_target_that_stalls_for_a_second() {
    let stall = (Duration::from_secs(4), Duration::from_secs(5));
    let attempts = Scripted { stall, ..Scripted::new() };
    let open = Plan { rate: Some(100.0), duration: Some(Duration::from_secs(10)), concurrency: 8, ..plan() };
    let tally = carry_out(&open, attempts.clone()).await;
    // None is missing.
    assert_eq!((tally.successes, tally.failures), (1000, 0));
    let latency = tally.totals.latency.distribution();
    assert!((latency.max / 1e6 - 1.0).abs() < 0.01, "{}", latency.max);
    // A tenth waited, evenly between 0 and 1 s; half of that tenth longer than 0.5 s.
    assert!(
        (at(&tally.totals.latency, 95.0) / 500_000.0 - 1.0).abs() < 0.05,
        "{}",
        at(&tally.totals.latency, 95.0)
    );
    assert!((at(&tally.totals.latency, 75.0) / 1000.0 - 1.0).abs() < 0.01);
}

/// The runtime wakes tasks at whole milliseconds, and 300 attempts a second are seldom due at one.
#[tokio::test(start_paused = true)]
async fn an_open_loop_does_not_charge_the_target_for_the_resolution_of_the_clock() {
    let open = Plan { rate: Some(300.0), duration: Some(Duration::from_secs(1)), ..plan() };
    let tally = carry_out(&open, Scripted::new()).await;
    let latency = tally.totals.latency.distribution();
    assert_eq!(latency.count, 300);
    assert!((latency.max / 1000.0 - 1.0).abs() < 0.01, "{}", latency.max);
}

/// A wait of that length for a worker is charged.
#[tokio::test(start_paused = true)]
async fn an_open_loop_charges_for_a_short_wait_too() {
    let open = Plan { rate: Some(1000.0), count: Some(2), concurrency: 1, ..plan() };
    let slow = Scripted { stall: (Duration::ZERO, 2 * MILLISECOND), ..Scripted::new() };
    let latency = carry_out(&open, slow).await.totals.latency.distribution();
    // Due after 1 ms, begun after 2 ms, ended after 3 ms.
    assert!((latency.min / 2000.0 - 1.0).abs() < 0.01 && latency.count == 2, "{latency:?}");
}

/// In a closed loop a stalled target is asked less often, and few samples see the stall.
#[tokio::test(start_paused = true)]
async fn a_closed_loop_has_fewer_attempts_instead() {
    let stall = (Duration::from_secs(4), Duration::from_secs(5));
    let attempts = Scripted { stall, ..Scripted::new() };
    let closed = Plan { duration: Some(Duration::from_secs(10)), concurrency: 1, ..plan() };
    let tally = carry_out(&closed, attempts).await;
    assert!((8_990..=9_010).contains(&tally.successes), "{}", tally.successes);
    assert!((at(&tally.totals.latency, 99.0) / 1000.0 - 1.0).abs() < 0.01);
}

#[tokio::test(start_paused = true)]
async fn failures_are_not_logins_and_are_told_by_cause() {
    let attempts = Scripted { fails: Some(5), ..Scripted::new() };
    let tally = carry_out(&Plan { count: Some(1000), ..plan() }, attempts).await;
    assert_eq!((tally.successes, tally.failures, tally.totals.latency.distribution().count), (800, 200, 800));
    assert_eq!(
        tally
            .causes
            .into_iter()
            .map(|(cause, counted)| (cause, counted.count, counted.exit))
            .collect::<Vec<_>>(),
        ["refused 0", "refused 1"].map(|cause| (cause.to_owned(), 100, Exit::LoginRefused))
    );
    let (logins, failures) =
        tally.timeline.iter().fold((0, 0), |(l, f), s| (l + s.successes, f + s.failures));
    assert_eq!((logins, failures), (800, 200));
}

#[tokio::test(start_paused = true)]
async fn the_parts_add_up_to_the_whole() {
    let tally = carry_out(&Plan { count: Some(100), ..plan() }, Scripted::new()).await;
    let mean = |times: &Times| times.distribution().mean;
    let parts = mean(&tally.totals.connect) + mean(&tally.totals.security) + mean(&tally.totals.operational);
    assert!((parts / mean(&tally.totals.latency) - 1.0).abs() < 0.002, "{parts}");
    assert!((mean(&tally.totals.logout) / 500.0 - 1.0).abs() < 0.002);
    assert_eq!(tally.totals.round_trips, 400);
}

#[tokio::test(start_paused = true)]
async fn as_many_at_the_same_time_as_was_asked_for_and_no_more() {
    let attempts = Scripted::new();
    let tally = carry_out(&Plan { count: Some(1000), concurrency: 32, ..plan() }, attempts.clone()).await;
    assert_eq!((tally.successes, attempts.most.load(Ordering::Relaxed)), (1000, 32));
    // 1,000 attempts of 1 ms, 32 at a time.
    assert!((tally.measured.as_secs_f64() / 0.032 - 1.0).abs() < 0.1, "{:?}", tally.measured);
}

#[tokio::test(start_paused = true)]
async fn the_warm_up_is_not_measured() {
    let warmup = Duration::from_secs(2);
    let timed = Plan { warmup, duration: Some(Duration::from_secs(3)), concurrency: 1, ..plan() };
    let tally = carry_out(&timed, Scripted::new()).await;
    assert!((2_990..=3_001).contains(&tally.successes), "{}", tally.successes);
    let counted =
        carry_out(&Plan { warmup, count: Some(10), concurrency: 1, ..plan() }, Scripted::new()).await;
    assert_eq!(counted.successes, 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_interrupted_keeps_its_figures_and_waits_for_what_is_under_way() {
    let stop = sleep(Duration::from_millis(100) + MILLISECOND / 2);
    let plan = Plan { concurrency: 4, ..plan() };
    let tally = run(&plan, workers(&plan, Scripted::new()), stop, |_, _| {}).await;
    assert!(tally.interrupted);
    assert_eq!((tally.successes, tally.failures), (404, 0));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_after_an_interruption_is_a_failure() {
    let stall = (Duration::ZERO, Duration::from_hours(1));
    let attempts = Scripted { stall, ..Scripted::new() };
    let plan = Plan { concurrency: 4, ..plan() };
    let tally = run(&plan, workers(&plan, attempts), sleep(MILLISECOND), |_, _| {}).await;
    assert_eq!((tally.successes, tally.failures), (0, 4));
    let late = super::super::tally::CauseCount { count: 4, exit: Exit::Network };
    assert_eq!(tally.causes.get("did not end in time"), Some(&late));
}
