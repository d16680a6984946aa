//! The queue of logins: at most so many are under way at a time, to each target and in total.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::login::CredentialScope;

type Targets = HashMap<CredentialScope, Arc<Semaphore>>;

/// Logins that wait for their turn, each target's in the order in which they came. A target with many of them holds only as
/// many places in the common line as it may have logins under way, so that the others' do not wait behind all of them.
pub(crate) struct LoginQueue {
    total: Arc<Semaphore>,
    most_per_target: usize,
    /// The targets with logins that wait or are under way.
    targets: Mutex<Targets>,
}

/// A login's turn. The next login begins when it is dropped.
pub(crate) struct Turn<'a> {
    _total: OwnedSemaphorePermit,
    _of_target: OwnedSemaphorePermit,
    _place: Place<'a>,
}

/// A place among the logins to a target, which is forgotten with the last one.
struct Place<'a> {
    targets: &'a Mutex<Targets>,
    scope: &'a CredentialScope,
    logins: Arc<Semaphore>,
}

impl LoginQueue {
    /// A queue with these limits, of which none is below one.
    pub(crate) fn new(most: usize, most_per_target: usize) -> Self {
        let limit = |most: usize| most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            total: Arc::new(Semaphore::new(limit(most))),
            most_per_target: limit(most_per_target),
            targets: Mutex::default(),
        }
    }

    /// Waits for the turn of a login; `None` never comes, because the queue is not closed.
    ///
    /// # Cancel safety
    /// A future that is dropped gives its place up.
    pub(crate) async fn turn<'a>(&'a self, scope: &'a CredentialScope) -> Option<Turn<'a>> {
        let place = self.place(scope);
        let of_target = Arc::clone(&place.logins).acquire_owned().await.ok()?;
        let total = Arc::clone(&self.total).acquire_owned().await.ok()?;
        Some(Turn { _total: total, _of_target: of_target, _place: place })
    }

    fn place<'a>(&'a self, scope: &'a CredentialScope) -> Place<'a> {
        let mut targets = lock(&self.targets);
        let known = targets.get(scope).map(Arc::clone);
        let logins = known.unwrap_or_else(|| {
            let logins = Arc::new(Semaphore::new(self.most_per_target));
            targets.insert(scope.clone(), Arc::clone(&logins));
            logins
        });
        Place { targets: &self.targets, scope, logins }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut targets = lock(self.targets);
        // The map's and this one: places are only made under the lock.
        if Arc::strong_count(&self.logins) == 2 {
            targets.remove(self.scope);
        }
    }
}

fn lock(targets: &Mutex<Targets>) -> MutexGuard<'_, Targets> {
    targets.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    type Waiting<'a> = Pin<Box<dyn Future<Output = Option<Turn<'a>>> + 'a>>;

    fn scope(name: &str) -> CredentialScope {
        CredentialScope::Target(format!("iqn.2001-04.com.example:{name}").parse().unwrap())
    }

    fn poll<'a>(waiting: &mut Waiting<'a>) -> Option<Turn<'a>> {
        match waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => turn,
            Poll::Pending => None,
        }
    }

    /// The turn of a login that does not wait.
    fn turn<'a>(queue: &'a LoginQueue, scope: &'a CredentialScope) -> Option<Turn<'a>> {
        poll(&mut (Box::pin(queue.turn(scope)) as Waiting<'a>))
    }

    #[test]
    fn as_many_as_allowed_are_under_way_at_a_target_and_in_total() {
        let (queue, [one, two, three]) = (LoginQueue::new(3, 2), ["one", "two", "three"].map(scope));
        let mut turns = vec![turn(&queue, &one).unwrap(), turn(&queue, &one).unwrap()];
        assert!(turn(&queue, &one).is_none(), "a third at one target");
        turns.push(turn(&queue, &two).unwrap());
        assert!(turn(&queue, &three).is_none(), "a fourth in total");
        drop(turns.pop());
        assert!(turn(&queue, &one).is_none() && turn(&queue, &three).is_some());
        drop(turns);
        assert!(turn(&queue, &one).is_some());
        assert!(lock(&queue.targets).is_empty());
        // Limits of zero would stop everything.
        assert!(turn(&LoginQueue::new(0, 0), &one).is_some());
        assert!(turn(&LoginQueue::new(usize::MAX, usize::MAX), &one).is_some());
    }

    /// A target with a crowd of logins does not keep another's waiting behind all of them, and each target's are in order.
    #[test]
    fn turns_are_fair() {
        let (queue, [crowd, other]) = (LoginQueue::new(2, 2), ["crowd", "other"].map(scope));
        let mut under_way = vec![turn(&queue, &crowd).unwrap(), turn(&queue, &crowd).unwrap()];
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(queue.turn(&crowd)) as Waiting<'_>).collect();
        waiting.push(Box::pin(queue.turn(&other)));
        assert!(waiting.iter_mut().all(|waiting| poll(waiting).is_none()));
        // The other target's login is the first in the common line.
        under_way.pop();
        assert!(waiting[..100].iter_mut().all(|waiting| poll(waiting).is_none()));
        let last = poll(&mut waiting[100]).unwrap();
        drop(last);
        let first = poll(&mut waiting[0]).unwrap();
        assert!(waiting[1..100].iter_mut().all(|waiting| poll(waiting).is_none()));
        drop(first);
        assert!(poll(&mut waiting[1]).is_some());
    }

    /// Whoever gives up leaves nothing behind, wherever it waited.
    #[test]
    fn places_are_given_up() {
        let (queue, [one, two]) = (LoginQueue::new(1, 1), ["one", "two"].map(scope));
        let under_way = turn(&queue, &one).unwrap();
        let mut at_target = Box::pin(queue.turn(&one)) as Waiting<'_>;
        let mut in_total = Box::pin(queue.turn(&two)) as Waiting<'_>;
        assert!(poll(&mut at_target).is_none() && poll(&mut in_total).is_none());
        assert_eq!(lock(&queue.targets).len(), 2);
        drop(in_total);
        assert_eq!(lock(&queue.targets).len(), 1);
        drop(under_way);
        drop(at_target);
        assert!(lock(&queue.targets).is_empty());
        assert!(turn(&queue, &two).is_some());
    }
}
