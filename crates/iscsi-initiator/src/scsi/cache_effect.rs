//! The effect of a command on a volatile cache of the unit (SBC-3, 4.15).

use super::Cdb;

/// What a command leaves in a volatile write cache, or takes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheEffect {
    /// Nothing that a loss of the cache would lose.
    None,
    /// Its data may be in the cache when it ends.
    Fills,
    /// What was in the cache before it is on the medium when it ends.
    Flushes,
}

impl CacheEffect {
    /// FUA: the data are on the medium when the command ends.
    const FUA: u8 = 1 << 3;

    /// The effect of a command descriptor block.
    pub(crate) fn of(cdb: &Cdb) -> Self {
        let [operation_code, flags, ..] = cdb.head();
        match operation_code {
            // WRITE (10), (12), (16), WRITE ATOMIC (16), COMPARE AND WRITE, ORWRITE (16).
            0x2a | 0xaa | 0x8a | 0x9c | 0x89 | 0x8b if flags & Self::FUA == 0 => Self::Fills,
            // WRITE (6), WRITE SAME (10), (16), UNMAP.
            0x0a | 0x41 | 0x93 | 0x42 => Self::Fills,
            // SYNCHRONIZE CACHE (10), (16).
            0x35 | 0x91 => Self::Flushes,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_operation_codes() {
        for operation_code in 0..=u8::MAX {
            for (flags, is_stable) in [(0, false), (0xf7, false), (0x08, true), (0xff, true)] {
                let cdb = Cdb::new(operation_code).with(1, &[flags]);
                let expected = match operation_code {
                    0x0a | 0x41 | 0x93 | 0x42 => CacheEffect::Fills,
                    0x2a | 0xaa | 0x8a | 0x9c | 0x89 | 0x8b if !is_stable => CacheEffect::Fills,
                    0x35 | 0x91 => CacheEffect::Flushes,
                    _ => CacheEffect::None,
                };
                assert_eq!(CacheEffect::of(&cdb), expected, "{operation_code:#x} {flags:#x}");
            }
        }
    }
}
