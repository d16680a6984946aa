//! Numbers that look random, for patterns, addresses and moments, never for secrets.

use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::failure::Failure;

/// Draws a seed from the operating system.
pub(super) fn draw_seed() -> Result<u64, Failure> {
    let drawn = SysRng.try_next_u64().map_err(std::io::Error::other);
    drawn.map_err(Failure::local("draw a random number"))
}

/// A generator (`SplitMix64`). The same seed gives the same numbers.
#[derive(Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, or 0 if that is 0.
    #[allow(clippy::cast_possible_truncation, reason = "the upper half of a product is below both factors")]
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        ((self.next() as u128 * end as u128) >> 64) as u64
    }

    /// Returns a number above 0 and not above 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn fraction(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_spread_over_their_range() {
        let mut random = Random(7);
        let drawn: Vec<f64> = (0..10_000).map(|_| random.fraction()).collect();
        assert!(drawn.iter().all(|fraction| *fraction > 0.0 && *fraction <= 1.0));
        for tenth in 0..10 {
            let low = f64::from(tenth) / 10.0;
            let inside = drawn.iter().filter(|fraction| (low..low + 0.1).contains(*fraction)).count();
            assert!((900..1100).contains(&inside), "{inside} from {low}");
        }
    }
}
