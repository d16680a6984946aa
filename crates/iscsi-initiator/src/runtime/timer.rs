//! The timer of a session's task.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set earlier when need be, and never later: deadlines mostly move away before they are reached, and looking
/// at the clock once too often costs less than setting the timer for each request.
#[derive(Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The time at which it rings, while it is set.
    rings_at: Option<Instant>,
    /// Whether its waker is that of the task.
    is_polled: bool,
}

impl Timer {
    /// Has the timer ring at this time at the latest.
    pub(super) fn set(&mut self, at: Instant) {
        if self.rings_at.is_some_and(|set| set <= at) {
            return;
        }
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at),
            None => self.sleep = Some(Box::pin(sleep_until(at))),
        }
        (self.rings_at, self.is_polled) = (Some(at), false);
    }

    /// Ready once when the time has come. A timer that is not set never rings.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = self.sleep.as_mut().filter(|_| self.rings_at.is_some()) else {
            return Poll::Pending;
        };
        if self.is_polled && !sleep.is_elapsed() {
            return Poll::Pending;
        }
        self.is_polled = true;
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
