//! Pauses between attempts to log in again.

use std::time::Duration;

/// Pauses that double from one attempt to the next, up to a longest one. Each is shortened at random by up to half, the first
/// one by up to all of it, so that sessions that were lost together do not come back together. The random part is a function
/// of the seed.
#[derive(Clone, Debug)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    seed: u64,
    /// The pauses since the last reset.
    count: u32,
}

impl Backoff {
    /// Pauses from `shortest` to `longest`.
    #[must_use]
    pub const fn new(shortest: Duration, longest: Duration, seed: u64) -> Self {
        Self { shortest, longest, seed, count: 0 }
    }

    /// The next pause.
    pub fn next_pause(&mut self) -> Duration {
        let doubled = 1_u32
            .checked_shl(self.count)
            .map_or(Duration::MAX, |factor| self.shortest.saturating_mul(factor));
        let full = doubled.min(self.longest);
        let fixed = if self.count == 0 { Duration::ZERO } else { full / 2 };
        self.count = self.count.saturating_add(1);
        fixed + full.saturating_sub(fixed).mul_f64(self.next_fraction())
    }

    /// Begins anew with the shortest pause.
    pub const fn reset(&mut self) {
        self.count = 0;
    }

    /// A fraction below 1, by the generator `SplitMix64` (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number
    /// generators", 2014).
    fn next_fraction(&mut self) -> f64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(30);

    fn pauses(seed: u64) -> Vec<Duration> {
        let mut backoff = Backoff::new(SHORTEST, LONGEST, seed);
        (0..40).map(|_| backoff.next_pause()).collect()
    }

    /// Every pause lies in its range, and those of many seeds fill it.
    #[test]
    fn pauses_double_up_to_the_longest() {
        let runs: Vec<_> = (0..1000).map(pauses).collect();
        for place in 0..40 {
            let full = SHORTEST.saturating_mul(1 << place.min(10)).min(LONGEST);
            let fixed = if place == 0 { Duration::ZERO } else { full / 2 };
            let of_place = runs.iter().map(|pauses| pauses[place]);
            let (first, last) = (of_place.clone().min().unwrap(), of_place.max().unwrap());
            let margin = full.saturating_sub(fixed) / 100;
            assert!((fixed..fixed + margin).contains(&first), "{place}: {first:?}");
            assert!((full.saturating_sub(margin)..full).contains(&last), "{place}: {last:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_pauses_and_another_one_others() {
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
    }

    /// The first numbers of the published generator for the seed 0.
    #[test]
    fn the_generator_of_the_random_part() {
        let mut backoff = Backoff::new(SHORTEST, LONGEST, 0);
        for number in [
            0xe220_a839_7b1d_cdaf_u64,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f,
            0xf88b_b8a8_724c_81ec,
            0x1b39_896a_51a8_749b,
        ] {
            let high = u32::try_from(number >> 32).unwrap();
            let fraction = f64::from(high) / 4_294_967_296.0;
            assert_eq!(backoff.next_fraction().to_bits(), fraction.to_bits(), "{number:#x}");
        }
    }

    #[test]
    fn a_reset_begins_with_the_shortest_pause() {
        let mut backoff = Backoff::new(SHORTEST, LONGEST, 1);
        (0..10).for_each(|_| _ = backoff.next_pause());
        backoff.reset();
        assert!(backoff.next_pause() < SHORTEST);
    }

    /// Limits of all sizes are sums that do not overflow.
    #[test]
    fn pauses_without_end() {
        let mut backoff = Backoff::new(Duration::MAX, Duration::MAX, 1);
        (0..100).for_each(|_| _ = backoff.next_pause());
        let mut none = Backoff::new(Duration::ZERO, Duration::ZERO, 1);
        assert!((0..100).all(|_| none.next_pause() == Duration::ZERO));
    }
}
