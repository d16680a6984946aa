//! The timer of a session's task.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Sleep, sleep_until};

use super::Clock;

/// A timer that is set earlier when need be, and never later: deadlines mostly move away before they are reached, and looking
/// at the clock once too often costs less than setting the timer for each request.
#[derive(Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The time at which it rings, while it is set.
    rings_at: Option<Duration>,
    /// The waker that it wakes; none before it was polled.
    waker: Option<Waker>,
}

impl Timer {
    /// Has the timer ring at this time of the clock at the latest.
    pub(super) fn set(&mut self, at: Duration, clock: Clock) {
        if self.rings_at.is_none_or(|set| at < set) {
            self.reset(at, clock);
        }
    }

    fn reset(&mut self, at: Duration, clock: Clock) {
        let instant = clock.at(at);
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(instant),
            None => self.sleep = Some(Box::pin(sleep_until(instant))),
        }
        (self.rings_at, self.waker) = (Some(at), None);
    }

    /// Ready once when the time has come. A timer that is not set never rings.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = self.sleep.as_mut().filter(|_| self.rings_at.is_some()) else {
            return Poll::Pending;
        };
        let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if is_known && !sleep.is_elapsed() {
            return Poll::Pending;
        }
        self.waker = Some(context.waker().clone());
        let rings = sleep.as_mut().poll(context);
        if rings.is_ready() {
            self.rings_at = None;
        }
        rings
    }

    /// Gives the memory back if the timer is not set.
    pub(super) fn release(&mut self) {
        if self.rings_at.is_none() {
            self.sleep = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn is_ringing(timer: &mut Timer) -> bool {
        timer.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_rings_once_at_the_earliest_time() {
        let (mut timer, clock) = (Timer::default(), Clock::start());
        assert!(!is_ringing(&mut timer));
        for seconds in [5, 9, 3, 4] {
            timer.set(seconds * SECOND, clock);
            assert!(!is_ringing(&mut timer));
        }
        poll_fn(|context| timer.poll(context)).await;
        assert_eq!(clock.now().as_secs(), 3);
        tokio::time::advance(10 * SECOND).await;
        assert!(!is_ringing(&mut timer));
        // It can be set again, and its memory is only given back when it is not.
        timer.set(clock.now() + SECOND, clock);
        timer.release();
        poll_fn(|context| timer.poll(context)).await;
        assert_eq!(clock.now().as_secs(), 14);
        timer.release();
        assert!(timer.sleep.is_none());
        timer.set(Duration::ZERO, clock);
        assert!(is_ringing(&mut timer));
    }
}
