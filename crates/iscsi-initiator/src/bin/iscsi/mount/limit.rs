//! A limit of the requests that are in flight, by their number and by their bytes.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes of one unit of the limit.
const UNIT: u64 = 4096;
/// The units of all requests: 64 MiB.
const UNITS: u32 = 16_384;
/// The least units of a request, so that at most 1024 requests are in flight.
const LEAST: u32 = 16;

/// The requests in flight. Clones share the limit.
#[derive(Clone)]
pub(super) struct Limit(Arc<Semaphore>);

/// The place of a request, which it holds until it is answered.
pub(super) struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Limit {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(UNITS as usize)))
    }

    /// Takes a place for a request that moves so many bytes. Blocks the thread while there is none: further requests stay in
    /// the kernel, whose queue is bounded by the programs that wait. Returns `None` after [`drain`](Self::drain).
    pub(super) fn enter(&self, runtime: &Handle, bytes: u64) -> Option<Place> {
        let units = units(bytes);
        if let Ok(permit) = Arc::clone(&self.0).try_acquire_many_owned(units) {
            return Some(Place(permit));
        }
        runtime.block_on(Arc::clone(&self.0).acquire_many_owned(units)).ok().map(Place)
    }

    /// Waits until all requests that hold a place are answered, and lets no more in.
    ///
    /// # Cancel safety
    /// When the future is dropped, requests are let in again.
    pub(super) async fn drain(&self) {
        let all = self.0.acquire_many(UNITS).await;
        self.0.close();
        drop(all);
    }
}

/// The units of a request, at most all of them.
fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(UNITS).clamp(LEAST, UNITS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[test]
    fn a_request_has_from_16_to_all_units() {
        let cases =
            [(0, 16), (65_536, 16), (65_537, 17), (1 << 20, 256), (64 << 20, UNITS), (u64::MAX, UNITS)];
        for (bytes, expected) in cases {
            assert_eq!(units(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn the_1025th_request_and_the_65th_mebibyte_wait() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for (bytes, most) in [(0, 1024), (1 << 20, 64)] {
            let limit = Limit::new();
            let places: Vec<_> = (0..most).map(|_| limit.enter(runtime.handle(), bytes).unwrap()).collect();
            assert_eq!(limit.0.available_permits(), 0);
            let waiting = std::thread::spawn({
                let (limit, runtime) = (limit.clone(), runtime.handle().clone());
                move || limit.enter(&runtime, bytes).is_some()
            });
            std::thread::sleep(Duration::from_millis(20));
            assert!(!waiting.is_finished());
            drop(places);
            assert!(waiting.join().unwrap());
        }
    }

    #[tokio::test]
    async fn draining_waits_for_every_place_and_lets_nobody_in() {
        let limit = Limit::new();
        let place = limit.enter(&Handle::current(), 1).unwrap();
        assert!(timeout(Duration::from_millis(20), limit.drain()).await.is_err());
        let drained = tokio::spawn({
            let limit = limit.clone();
            async move { limit.drain().await }
        });
        drop(place);
        drained.await.unwrap();
        let runtime = Handle::current();
        let entered = tokio::task::spawn_blocking(move || limit.enter(&runtime, 1).is_some());
        assert!(!entered.await.unwrap());
    }
}
