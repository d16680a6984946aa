//! Callers that wait, and their wakers.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Callers that wait, in the order in which they came.
#[derive(Default)]
pub(super) struct Line {
    waiting: VecDeque<(Ticket, Waker)>,
    next: u64,
}

/// The place of a caller in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

impl Line {
    /// Adds a caller at the end.
    pub(super) fn join(&mut self, waker: &Waker) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiting.push_back((ticket, waker.clone()));
        ticket
    }

    /// Notes the waker of a caller that waits on. Returns the one that it replaces.
    pub(super) fn wait(&mut self, ticket: Ticket, waker: &Waker) -> Option<Waker> {
        let (_, known) = self.waiting.iter_mut().find(|waiting| waiting.0 == ticket)?;
        renew(known, waker)
    }

    /// Removes a caller, and returns its waker.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<Waker> {
        let place = self.waiting.iter().position(|waiting| waiting.0 == ticket)?;
        self.waiting.remove(place).map(|waiting| waiting.1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn is_first(&self, ticket: Ticket) -> bool {
        self.first().is_some_and(|first| first.0 == ticket)
    }

    /// The waker of the first caller.
    pub(super) fn first_waker(&self) -> Option<Waker> {
        self.first().map(|first| first.1.clone())
    }

    /// The wakers of all callers, who stay in the line until they leave it.
    pub(super) fn wakers(&self) -> impl Iterator<Item = Waker> {
        self.waiting.iter().map(|waiting| waiting.1.clone())
    }

    fn first(&self) -> Option<&(Ticket, Waker)> {
        self.waiting.front()
    }
}

/// Replaces a waker by another, unless both wake the same task. Returns the one that was replaced: to drop it can call
/// anything, so the caller drops it when no lock is held.
pub(super) fn renew(known: &mut Waker, waker: &Waker) -> Option<Waker> {
    (!known.will_wake(waker)).then(|| std::mem::replace(known, waker.clone()))
}

/// Wakers to be woken together, after a lock was released.
#[derive(Default)]
pub(super) struct WakeList(VecDeque<Waker>);

impl WakeList {
    pub(super) fn push(&mut self, waker: Waker) {
        self.0.push_back(waker);
    }

    pub(super) fn extend(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        self.0.extend(wakers);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Wakes all, in order. A waker that panics harms neither the other callers nor the session.
    pub(super) fn wake(&mut self) {
        while !self.0.is_empty() {
            let wake = AssertUnwindSafe(|| {
                while let Some(waker) = self.0.pop_front() {
                    waker.wake();
                }
            });
            if catch_unwind(wake).is_err() {
                tracing::error!("the waker of a caller panicked");
            }
        }
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        self.0 = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use super::*;

    /// Notes its number when it is woken, and may panic then.
    struct Numbered {
        number: usize,
        panics: bool,
        woken: Arc<Mutex<Vec<usize>>>,
    }

    impl Wake for Numbered {
        fn wake(self: Arc<Self>) {
            self.woken.lock().unwrap().push(self.number);
            assert!(!self.panics, "a waker that panics");
        }
    }

    fn waker(number: usize, panics: bool, woken: &Arc<Mutex<Vec<usize>>>) -> Waker {
        Arc::new(Numbered { number, panics, woken: Arc::clone(woken) }).into()
    }

    #[test]
    fn all_are_woken_in_order_whoever_panics() {
        let woken = Arc::default();
        let mut list = WakeList::default();
        list.extend((0..5).map(|number| waker(number, number % 2 == 1, &woken)));
        list.wake();
        assert_eq!(*woken.lock().unwrap(), [0, 1, 2, 3, 4]);
        list.wake();
        assert_eq!(woken.lock().unwrap().len(), 5);
    }

    #[test]
    fn callers_keep_their_places() {
        let woken = Arc::default();
        let mut line = Line::default();
        assert!(line.is_empty() && line.first_waker().is_none());
        let tickets: Vec<_> = (0..4).map(|number| line.join(&waker(number, false, &woken))).collect();
        assert!(line.is_first(tickets[0]) && !line.is_first(tickets[1]));
        assert!(line.wait(tickets[1], &waker(11, false, &woken)).is_some());
        assert!(line.leave(tickets[2]).is_some() && line.leave(tickets[2]).is_none());
        assert!(line.leave(tickets[0]).is_some() && line.is_first(tickets[1]));
        line.first_waker().unwrap().wake();
        line.wakers().for_each(Waker::wake);
        assert_eq!(*woken.lock().unwrap(), [11, 11, 3]);
        assert!(line.wait(tickets[0], Waker::noop()).is_none());
        assert!(!line.is_empty());
    }

    /// A waker of the same task is not replaced.
    #[test]
    fn the_same_waker_is_kept() {
        let count = AtomicUsize::new(0);
        let woken = Arc::default();
        let (mut known, other) = (waker(0, false, &woken), waker(1, false, &woken));
        let same = known.clone();
        for (new, is_replaced) in [(&same, false), (&other, true), (&other, false)] {
            count.fetch_add(usize::from(renew(&mut known, new).is_some()), Ordering::Relaxed);
            assert!(known.will_wake(new), "{is_replaced}");
        }
        assert_eq!(count.into_inner(), 1);
    }
}
