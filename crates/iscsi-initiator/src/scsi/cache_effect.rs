//! The effect of a command on a volatile cache of the unit (SBC-3, 4.15).

use std::ops::Range;

use super::Cdb;

/// What a command leaves in a volatile write cache, or takes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheEffect {
    /// Nothing that a loss of the cache would lose.
    None,
    /// Its data may be in the cache when it ends.
    Fills,
    /// All that was in the cache before it is on the medium when it ends.
    Flushes,
}

impl CacheEffect {
    /// FUA: the data are on the medium when the command ends.
    const FUA: u8 = 1 << 3;
    /// IMMED of SYNCHRONIZE CACHE: the data need not be on the medium when the command ends.
    const IMMED: u8 = 1 << 1;

    /// The effect of a command descriptor block.
    #[inline]
    pub(crate) fn of(cdb: &Cdb) -> Self {
        let [operation_code, flags, ..] = *cdb.head_in_place();
        let is_immediate = flags & Self::IMMED != 0;
        match operation_code {
            // WRITE (10), (12), (16), WRITE ATOMIC (16), COMPARE AND WRITE, ORWRITE (16).
            0x2a | 0xaa | 0x8a | 0x9c | 0x89 | 0x8b if flags & Self::FUA == 0 => Self::Fills,
            // WRITE (6), WRITE SAME (10), (16), UNMAP; WRITE AND VERIFY (10), (12), (16), which LIO carries out as a WRITE.
            0x0a | 0x41 | 0x93 | 0x42 | 0x2e | 0xae | 0x8e => Self::Fills,
            // SYNCHRONIZE CACHE (10), (16) of the whole unit: from block 0 on, and without a number of blocks.
            0x35 if !is_immediate && is_zero(cdb, 2..6) && is_zero(cdb, 7..9) => Self::Flushes,
            0x91 if !is_immediate && is_zero(cdb, 2..14) => Self::Flushes,
            _ => Self::None,
        }
    }
}

fn is_zero(cdb: &Cdb, field: Range<usize>) -> bool {
    cdb.get(field).is_some_and(|field| field.iter().all(|byte| *byte == 0))
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
                    0x0a | 0x41 | 0x93 | 0x42 | 0x2e | 0xae | 0x8e => CacheEffect::Fills,
                    0x2a | 0xaa | 0x8a | 0x9c | 0x89 | 0x8b if !is_stable => CacheEffect::Fills,
                    0x35 | 0x91 if flags & 0x02 == 0 => CacheEffect::Flushes,
                    _ => CacheEffect::None,
                };
                assert_eq!(CacheEffect::of(&cdb), expected, "{operation_code:#x} {flags:#x}");
            }
        }
    }
    /// A flush counts only if it is one of the whole unit, and over when it ends.
    #[test]
    fn flushes_of_a_part_and_those_that_have_only_begun_are_none() {
        for (operation_code, range) in [(0x35, [2..6, 7..9]), (0x91, [2..10, 10..14])] {
            for at in 1..16 {
                let cdb = Cdb::new(operation_code).with(at, &[1 << 1]);
                let is_part = at == 1 || range.iter().any(|field| field.contains(&at));
                let expected = if is_part { CacheEffect::None } else { CacheEffect::Flushes };
                assert_eq!(CacheEffect::of(&cdb), expected, "{operation_code:#x}, byte {at}");
            }
        }
    }
}
