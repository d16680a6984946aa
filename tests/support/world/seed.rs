//! Choices of a simulation, all derived from one number.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::time::Duration;

use fastrand::Rng;

/// A source of repeatable choices. Clones make the same choices from then on.
#[derive(Clone, Debug)]
pub struct Seed {
    number: u64,
    rng: Rng,
}

impl Seed {
    /// The choices of this number.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self { number, rng: Rng::with_seed(number) }
    }

    /// The number that gives the same choices again.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The choices for one part of a simulation. They depend only on the number and the name of the part, so that more
    /// choices in one part leave those of the others as they are.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        // FNV-1a: a hash that does not change between releases of Rust.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let bytes = self.number.to_be_bytes().into_iter().chain(name.bytes());
        Self::new(bytes.fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// A number of the range.
    ///
    /// # Panics
    /// The range is empty.
    pub fn integer(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.rng.u64(range)
    }

    /// A length of the range.
    ///
    /// # Panics
    /// The range is empty.
    pub fn length(&mut self, range: RangeInclusive<usize>) -> usize {
        self.rng.usize(range)
    }

    /// A duration of the range, in nanoseconds.
    ///
    /// # Panics
    /// The range is empty.
    pub fn duration(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let nanoseconds = |bound: &Duration| u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.integer(nanoseconds(range.start())..=nanoseconds(range.end())))
    }

    /// True once in `times` choices on average; `times` is at least 1.
    ///
    /// # Panics
    /// `times` is 0.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.integer(1..=times) == 1
    }

    /// The bits of a byte that are damaged, at least one.
    pub fn damage(&mut self) -> NonZero<u8> {
        NonZero::new(self.rng.u8(1..=u8::MAX)).unwrap_or(NonZero::<u8>::MIN)
    }

    /// Brings the items into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.rng.shuffle(items);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Seed;

    fn choices(mut seed: Seed) -> Vec<u64> {
        (0..8).map(|_| seed.integer(0..=u64::MAX)).collect()
    }

    #[test]
    fn one_number_gives_the_same_choices() {
        assert_eq!(choices(Seed::new(7)), choices(Seed::new(7)));
        assert_ne!(choices(Seed::new(7)), choices(Seed::new(8)));
        assert_eq!(Seed::new(7).number(), 7);
    }

    #[test]
    fn choices_of_a_part_depend_on_its_name_and_the_number_only() {
        let mut used = Seed::new(7);
        let part = choices(used.part("pipe"));
        used.integer(0..=9);
        assert_eq!(choices(used.part("pipe")), part);
        assert_ne!(choices(used.part("workload")), part);
        assert_ne!(choices(Seed::new(8).part("pipe")), part);
        assert_ne!(choices(Seed::new(7)), part);
    }

    /// Fixed values: a seed from the output of an old run still means the same run.
    #[test]
    fn choices_stay_the_same_from_build_to_build() {
        assert_eq!(Seed::new(7).part("pipe").number(), 6_963_811_966_878_936_188);
        assert_eq!(choices(Seed::new(7))[..2], [14_266_376_187_910_451_857, 4_104_141_878_723_513_376]);
    }

    #[test]
    fn choices_are_within_their_ranges_and_reach_both_ends() {
        let mut seed = Seed::new(1);
        let lengths: Vec<_> = (0..200).map(|_| seed.length(3..=5)).collect();
        assert_eq!((lengths.iter().min(), lengths.iter().max()), (Some(&3), Some(&5)));
        let nanosecond = Duration::from_nanos(1);
        let durations: Vec<_> = (0..200).map(|_| seed.duration(&(nanosecond..=3 * nanosecond))).collect();
        assert_eq!(durations.iter().min(), Some(&nanosecond));
        assert_eq!(durations.iter().max(), Some(&(3 * nanosecond)));
        assert!((0..200).all(|_| seed.damage().get() > 0));
        assert!((0..200).all(|_| seed.one_in(1)));
        let hits = (0..400).filter(|_| seed.one_in(4)).count();
        assert!((50..150).contains(&hits), "{hits}");
    }

    #[test]
    fn a_shuffle_keeps_the_items() {
        let mut items: Vec<u32> = (0..20).collect();
        Seed::new(3).shuffle(&mut items);
        assert_ne!(items, (0..20).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
    }
}
