//! The blocks that a command reads, or may change (SBC-4).

use super::Cdb;

type Head = [u8; Cdb::HEAD_LENGTH];

/// A range of blocks, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockSpan {
    first: u64,
    last: u64,
}

impl BlockSpan {
    /// The blocks that a command may change: all, if its descriptor block does not name them; `None` for none.
    pub(crate) fn written_by(cdb: &Cdb) -> Option<Self> {
        let head = cdb.head_in_place();
        match head[0] {
            // WRITE (6).
            0x0a => Self::in_6(head),
            // WRITE (10), WRITE AND VERIFY (10).
            0x2a | 0x2e => Self::in_10(head),
            // WRITE (12), WRITE AND VERIFY (12).
            0xaa | 0xae => Self::in_12(head),
            // WRITE (16), WRITE AND VERIFY (16), ORWRITE (16).
            0x8a | 0x8e | 0x8b => Self::in_16(head),
            // WRITE ATOMIC (16): the boundary stands in front of the count.
            0x9c => Self::counted(number::<2, 8>(head), number::<12, 2>(head)),
            // COMPARE AND WRITE.
            0x89 => Self::counted(number::<2, 8>(head), number::<13, 1>(head)),
            // WRITE SAME (10), (16): 0 stands for all blocks up to the end.
            0x41 => Self::in_10(head).or(Self::up_to_end(number::<2, 4>(head))),
            0x93 => Self::in_16(head).or(Self::up_to_end(number::<2, 8>(head))),
            // FORMAT UNIT, UNMAP, SANITIZE, EXTENDED COPY and the token commands.
            0x04 | 0x42 | 0x48 | 0x83 => Self::up_to_end(0),
            _ => None,
        }
    }

    /// The blocks whose contents a command reads; `None` for none.
    pub(crate) fn read_by(cdb: &Cdb) -> Option<Self> {
        let head = cdb.head_in_place();
        match head[0] {
            // READ (6).
            0x08 => Self::in_6(head),
            // READ (10), VERIFY (10).
            0x28 | 0x2f => Self::in_10(head),
            // READ (12), VERIFY (12).
            0xa8 | 0xaf => Self::in_12(head),
            // READ (16), VERIFY (16).
            0x88 | 0x8f => Self::in_16(head),
            _ => None,
        }
    }

    /// Whether the ranges have a block in common.
    pub(crate) const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// 0 stands for 256 blocks.
    fn in_6(head: &Head) -> Option<Self> {
        Self::counted(number::<1, 3>(head) & 0x1f_ffff, (number::<4, 1>(head) + 255) % 256 + 1)
    }

    const fn in_10(head: &Head) -> Option<Self> {
        let [_, _, a, b, c, d, _, high, low, ..] = *head;
        Self::counted(u32::from_be_bytes([a, b, c, d]) as u64, u16::from_be_bytes([high, low]) as u64)
    }

    fn in_12(head: &Head) -> Option<Self> {
        Self::counted(number::<2, 4>(head), number::<6, 4>(head))
    }

    const fn in_16(head: &Head) -> Option<Self> {
        let [_, _, lba @ .., h0, h1, h2, h3, _, _] = *head;
        Self::counted(u64::from_be_bytes(lba), u32::from_be_bytes([h0, h1, h2, h3]) as u64)
    }

    const fn counted(first: u64, blocks: u64) -> Option<Self> {
        match blocks.checked_sub(1) {
            Some(more) => Some(Self { first, last: first.saturating_add(more) }),
            None => None,
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "an arm of the tables")]
    const fn up_to_end(first: u64) -> Option<Self> {
        Some(Self { first, last: u64::MAX })
    }
}

/// A field of a descriptor block.
fn number<const AT: usize, const LENGTH: usize>(head: &Head) -> u64 {
    head.iter().skip(AT).take(LENGTH).fold(0, |number, byte| number * 256 + u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn blocks(first: u64, last: u64) -> BlockSpan {
        BlockSpan { first, last }
    }

    fn written(cdb: &Cdb) -> BlockSpan {
        BlockSpan::written_by(cdb).unwrap()
    }

    fn cdb(bytes: &[u8]) -> Cdb {
        Cdb::from_bytes(bytes).unwrap()
    }

    #[test]
    fn every_form_of_a_write() {
        let of_10 = |operation| cdb(&[operation, 0xff, 1, 2, 3, 4, 0xff, 0, 3, 0xff]);
        for operation in [0x2a, 0x2e, 0x41] {
            assert_eq!(written(&of_10(operation)), blocks(0x0102_0304, 0x0102_0306));
        }
        let of_12 = |operation| cdb(&[operation, 0xff, 1, 2, 3, 4, 0, 1, 0, 2, 0xff, 0xff]);
        for operation in [0xaa, 0xae] {
            assert_eq!(written(&of_12(operation)), blocks(0x0102_0304, 0x0103_0305));
        }
        let of_16 = |operation| cdb(&[operation, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 1, 0, 0xff, 0xff]);
        for operation in [0x8a, 0x8e, 0x8b, 0x93] {
            let expected = blocks(0x0102_0304_0506_0708, 0x0102_0304_0506_0807);
            assert_eq!(written(&of_16(operation)), expected);
        }
        let write_atomic = cdb(&[0x9c, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0xff, 0xff, 1, 2, 0xff, 0]);
        assert_eq!(written(&write_atomic), blocks(8, 0x0109));
        let compare_and_write = cdb(&[0x89, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0xff, 0xff, 0xff, 2, 0xff, 0]);
        assert_eq!(written(&compare_and_write), blocks(8, 9));
        assert_eq!(written(&cdb(&[0x0a, 0xff, 2, 3, 1, 0])), blocks(0x1f_0203, 0x1f_0203));
        assert_eq!(written(&cdb(&[0x0a, 0, 0, 0, 255, 0])), blocks(0, 254));
        assert_eq!(written(&cdb(&[0x0a, 0, 0, 0, 0, 0])), blocks(0, 255));
    }

    #[test]
    fn reads_have_the_forms_of_writes() {
        for (read, write) in
            [(0x08, 0x0a), (0x28, 0x2a), (0x2f, 0x2a), (0xa8, 0xaa), (0xaf, 0xaa), (0x88, 0x8a), (0x8f, 0x8a)]
        {
            let [read, write] = [read, write].map(|code| Cdb::new(code).with(1, &[1; 15]));
            assert_eq!(BlockSpan::read_by(&read), Some(written(&write)));
            assert_eq!((BlockSpan::written_by(&read), BlockSpan::read_by(&write)), (None, None));
        }
        let reading =
            (0..=u8::MAX).filter(|code| BlockSpan::read_by(&Cdb::new(*code).with(1, &[1; 15])).is_some());
        assert_eq!(reading.collect::<Vec<_>>(), [0x08, 0x28, 0x2f, 0x88, 0x8f, 0xa8, 0xaf]);
    }

    /// No blocks, all up to the end, all of the unit, and the end of the address space.
    #[test]
    fn no_blocks_and_all_blocks() {
        for operation in [0x2a, 0x2e, 0x8a, 0x8e, 0x9c, 0x8b, 0xaa, 0xae, 0x89] {
            assert_eq!(BlockSpan::written_by(&Cdb::new(operation).with(5, &[7])), None);
        }
        for (operation, at) in [(0x41, 5), (0x93, 9)] {
            assert_eq!(written(&Cdb::new(operation).with(at, &[7])), blocks(7, u64::MAX));
        }
        for operation in [0x04, 0x42, 0x48, 0x83] {
            assert_eq!(written(&Cdb::new(operation)), blocks(0, u64::MAX));
        }
        let last = Cdb::new(0x8a).with(2, &[0xff; 8]).with(13, &[9]);
        assert_eq!(written(&last), blocks(u64::MAX, u64::MAX));
        let writing =
            (0..=u8::MAX).filter(|code| BlockSpan::written_by(&Cdb::new(*code).with(1, &[1; 15])).is_some());
        let expected =
            [0x04, 0x0a, 0x2a, 0x2e, 0x41, 0x42, 0x48, 0x83, 0x89, 0x8a, 0x8b, 0x8e, 0x93, 0x9c, 0xaa, 0xae];
        assert_eq!(writing.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn ranges_that_touch_do_not_overlap() {
        let [one, two, both] = [blocks(0, 7), blocks(8, 15), blocks(7, 8)];
        assert!(!one.overlaps(two) && !two.overlaps(one));
        for (a, b) in [(one, both), (both, one), (two, both), (both, two), (one, one)] {
            assert!(a.overlaps(b));
        }
    }
}
