//! Memory for the data of requests: a limit for all connections, and buffers that are used again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::BytesMut;

/// The most bytes of requests that are under way in all connections together.
const MOST_UNDER_WAY: usize = 256 << 20;
/// The most bytes that are kept in free buffers.
const MOST_FREE: usize = 32 << 20;
/// The most free buffers.
const MOST_BUFFERS: usize = 512;

/// The memory for the data of requests. Clones share it.
///
/// A connection without any request under way may exceed the limit with its next one, so that slow clients do not stop the
/// others.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared {
    under_way: AtomicUsize,
    waiting: Mutex<Vec<Waker>>,
    free: Mutex<Free>,
}

#[derive(Default)]
struct Free {
    buffers: Vec<BytesMut>,
    bytes: usize,
}

impl Memory {
    /// Counts bytes of a request that begins, if the limit permits, or `is_first`: the connection has no other request.
    fn try_charge(&self, bytes: usize, is_first: bool) -> bool {
        let under_way = self.0.under_way.load(Ordering::Relaxed);
        let fits = is_first || under_way.saturating_add(bytes) <= MOST_UNDER_WAY;
        if fits {
            self.0.under_way.fetch_add(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Counts bytes as [`try_charge`](Self::try_charge), or has a task woken when bytes are given back.
    pub(super) fn charge_or_wait(&self, bytes: usize, is_first: bool, waker: &Waker) -> bool {
        if self.try_charge(bytes, is_first) {
            return true;
        }
        self.wait(waker);
        // They may have been given back meanwhile.
        self.try_charge(bytes, is_first)
    }

    fn wait(&self, waker: &Waker) {
        let mut waiting = lock(&self.0.waiting);
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    /// Gives back the bytes of a request that has ended.
    pub(super) fn release(&self, bytes: usize) {
        let before = self.0.under_way.fetch_sub(bytes, Ordering::Relaxed);
        // Nothing waits as long as the largest request fits.
        if before > MOST_UNDER_WAY / 2 {
            std::mem::take(&mut *lock(&self.0.waiting)).into_iter().for_each(Waker::wake);
        }
    }

    /// A buffer of this length, with any content.
    pub(super) fn take(&self, length: usize) -> BytesMut {
        let mut free = lock(&self.0.free);
        if let Some(place) = free.buffers.iter().rposition(|buffer| buffer.len() == length) {
            free.bytes -= length;
            return free.buffers.swap_remove(place);
        }
        drop(free);
        let mut buffer = BytesMut::zeroed(length);
        // Makes it a shared buffer, which turns into `Bytes` and back without an allocation.
        drop(buffer.split_off(length));
        buffer
    }

    /// Takes a buffer back.
    pub(super) fn give_back(&self, buffer: BytesMut) {
        let mut free = lock(&self.0.free);
        if free.bytes + buffer.len() > MOST_FREE || free.buffers.len() >= MOST_BUFFERS {
            // The sizes in use may have changed.
            let old = std::mem::take(&mut *free);
            drop(free);
            drop(old);
        } else {
            free.bytes += buffer.len();
            free.buffers.push(buffer);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    /// A task that counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn requests_beyond_the_limit_wait_unless_they_are_the_first_of_a_connection() {
        let memory = Memory::default();
        assert!(memory.try_charge(MOST_UNDER_WAY, false));
        assert!(!memory.try_charge(1, false));
        assert!(memory.try_charge(1, true));
        memory.release(1);
        assert!(!memory.try_charge(1, false));
        memory.release(1);
        assert!(memory.try_charge(1, false));
        assert!(!memory.try_charge(usize::MAX, false));
    }

    #[test]
    fn a_request_that_has_to_wait_is_charged_once_when_its_turn_comes() {
        let (memory, task) = (Memory::default(), Arc::new(Task::default()));
        let waker = Waker::from(Arc::clone(&task));
        assert!(memory.charge_or_wait(MOST_UNDER_WAY, false, &waker));
        assert!(!memory.charge_or_wait(1, false, &waker));
        memory.release(1);
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
        assert!(memory.charge_or_wait(1, false, &waker));
        assert_eq!(memory.0.under_way.load(Ordering::Relaxed), MOST_UNDER_WAY);
    }

    #[test]
    fn buffers_come_back_up_to_a_bound() {
        let memory = Memory::default();
        let buffer = memory.take(4096);
        let place = buffer.as_ptr();
        memory.give_back(buffer);
        assert_ne!(memory.take(4095).as_ptr(), place);
        assert_eq!(memory.take(4096).as_ptr(), place);
        for _ in 0..MOST_BUFFERS {
            memory.give_back(BytesMut::zeroed(1));
        }
        assert_eq!(lock(&memory.0.free).bytes, MOST_BUFFERS);
        memory.give_back(BytesMut::zeroed(1));
        assert_eq!(lock(&memory.0.free).bytes, 0);
        memory.give_back(BytesMut::zeroed(MOST_FREE));
        assert_eq!(lock(&memory.0.free).bytes, MOST_FREE);
        memory.give_back(BytesMut::zeroed(1));
        assert_eq!(lock(&memory.0.free).bytes, 0);
    }

    #[test]
    fn a_task_that_waits_is_woken_once_when_bytes_are_given_back() {
        let (memory, task) = (Memory::default(), Arc::new(Task::default()));
        let waker = Waker::from(Arc::clone(&task));
        assert!(memory.try_charge(MOST_UNDER_WAY, false));
        for _ in 0..2 {
            memory.wait(&waker);
        }
        for _ in 0..2 {
            memory.release(MOST_UNDER_WAY / 4);
            assert_eq!(task.0.load(Ordering::Relaxed), 1);
        }
        // Half of the memory is free, so a task that waits now has no reason to.
        memory.wait(&waker);
        memory.release(1);
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
    }
}
