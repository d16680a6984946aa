//! State of the blocks of a range: mapped, or read as zeros.

use std::ops::Range;

use super::BlockDevice;
use super::partial_blocks::refuses_command;
use crate::error::Error;
use crate::scsi::{GetLbaStatus, LbaRange, ProvisioningStatus};

/// The most ranges that the unit is asked for at once: the answer has 16 KiB.
const MOST_RANGES: u32 = 1024;

/// The state of consecutive bytes, as [`BlockDevice::block_status`] reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockStatus {
    /// The first byte.
    pub offset: u64,
    /// The number of bytes, at least one.
    pub length: u64,
    /// Whether there is a place on the medium for them, as far as the unit says.
    pub is_mapped: bool,
    /// Whether they are known to read as zeros without reading them.
    pub reads_zeros: bool,
}

impl BlockDevice {
    /// Returns which parts of a range are mapped: consecutive parts that begin at `offset`. A long list ends before the range does;
    /// the next call goes on there. A unit that does not tell has one part, which is mapped.
    ///
    /// ```no_run
    /// # async fn example(disk: iscsi_initiator::BlockDevice) -> Result<(), iscsi_initiator::Error> {
    /// let end = disk.capacity().bytes();
    /// let (mut offset, mut used) = (0, 0);
    /// while offset < end {
    ///     for part in disk.block_status(offset, end - offset).await? {
    ///         used += if part.is_mapped { part.length } else { 0 };
    ///         offset += part.length;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] beyond the device, otherwise those of the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub async fn block_status(&self, offset: u64, length: u64) -> Result<Vec<BlockStatus>, Error> {
        self.check_range(offset, length)?;
        let range = offset..offset + length;
        if range.is_empty() || !self.shared.properties.is_provisioned() {
            return Ok(parts(&range, self.block_size(), &[], false));
        }
        let question =
            GetLbaStatus { lba: offset / self.block_size(), ranges: MOST_RANGES, ..Default::default() };
        let stated = match self.session.send(self.lun, &question).await {
            Ok(status) => status.ranges,
            Err(Error::Command { sense: Some(sense), .. }) if refuses_command(&sense) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(parts(&range, self.block_size(), &stated, self.shared.properties.reads_zeros()))
    }
}

/// The parts of a range by what a unit states of its blocks. What it does not state counts as mapped.
fn parts(range: &Range<u64>, block_size: u64, stated: &[LbaRange], reads_zeros: bool) -> Vec<BlockStatus> {
    let (mut parts, mut next) = (Vec::<BlockStatus>::new(), range.start);
    for LbaRange { lba, blocks, status, .. } in stated {
        let start = lba.saturating_mul(block_size);
        let end = lba.saturating_add((*blocks).into()).saturating_mul(block_size).min(range.end);
        // Only ranges that continue the list count.
        if start > next || end <= next {
            break;
        }
        let is_mapped = !matches!(*status, ProvisioningStatus::DEALLOCATED | ProvisioningStatus::ANCHORED);
        let reads_zeros = !is_mapped && reads_zeros;
        let part = BlockStatus { offset: next, length: end - next, is_mapped, reads_zeros };
        join(&mut parts, part);
        next = end;
    }
    if parts.is_empty() && !range.is_empty() {
        let length = range.end - range.start;
        parts.push(BlockStatus { offset: range.start, length, is_mapped: true, reads_zeros: false });
    }
    parts
}

/// Puts a part behind the others, and joins it with one of the same state.
fn join(parts: &mut Vec<BlockStatus>, part: BlockStatus) {
    match parts.last_mut() {
        Some(last) if (last.is_mapped, last.reads_zeros) == (part.is_mapped, part.reads_zeros) => {
            last.length += part.length;
        }
        _ => parts.push(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::Command as _;

    /// Ranges as a unit sends them.
    fn stated(ranges: &[(u64, u32, u8)]) -> Vec<LbaRange> {
        let mut answer = vec![0; 8];
        for (lba, blocks, status) in ranges {
            answer.extend(lba.to_be_bytes());
            answer.extend(blocks.to_be_bytes());
            answer.extend([*status, 0, 0, 0]);
        }
        let length = u32::try_from(answer.len() - 4).unwrap();
        answer[..4].copy_from_slice(&length.to_be_bytes());
        GetLbaStatus { ranges: 64, ..GetLbaStatus::default() }.parse(answer.into()).unwrap().ranges
    }

    /// Offset and length, `m` for mapped, `0` for zeros, `-` for anything.
    fn of(range: Range<u64>, ranges: &[(u64, u32, u8)], reads_zeros: bool) -> Vec<(u64, u64, char)> {
        let sign = |part: &BlockStatus| match (part.is_mapped, part.reads_zeros) {
            (true, false) => 'm',
            (false, true) => '0',
            (false, false) => '-',
            (true, true) => '?',
        };
        let parts = parts(&range, 512, &stated(ranges), reads_zeros);
        parts.iter().map(|part| (part.offset, part.length, sign(part))).collect()
    }

    #[test]
    fn parts_are_those_of_the_range() {
        let ranges = [(0, 2, 0), (2, 2, 1), (4, 4, 2), (8, 8, 3)];
        assert_eq!(of(0..8192, &ranges, true), [(0, 1024, 'm'), (1024, 3072, '0'), (4096, 4096, 'm')]);
        assert_eq!(of(0..8192, &ranges, false), [(0, 1024, 'm'), (1024, 3072, '-'), (4096, 4096, 'm')]);
        assert_eq!(of(100..1025, &ranges, true), [(100, 924, 'm'), (1024, 1, '0')]);
        assert_eq!(of(0..1024, &ranges, true), [(0, 1024, 'm')]);
        assert_eq!(of(0..0, &ranges, true), []);
    }

    /// Of units that answer with something else, the rest of the range is asked again, or counts as mapped.
    #[test]
    fn what_is_not_stated_is_not_taken_for_unmapped() {
        assert_eq!(of(0..8192, &[], true), [(0, 8192, 'm')]);
        // A gap, a range before the others, an empty one.
        assert_eq!(of(0..8192, &[(0, 2, 1), (3, 2, 1)], true), [(0, 1024, '0')]);
        assert_eq!(of(0..8192, &[(1, 2, 1)], true), [(0, 8192, 'm')]);
        assert_eq!(of(1024..8192, &[(0, 2, 1), (2, 2, 1)], true), [(1024, 7168, 'm')]);
        assert_eq!(of(0..8192, &[(0, 0, 1)], true), [(0, 8192, 'm')]);
        // A range that began earlier, and one beyond everything.
        assert_eq!(of(1024..8192, &[(0, 3, 1)], true), [(1024, 512, '0')]);
        assert_eq!(of(0..8192, &[(0, u32::MAX, 1), (u64::MAX, 9, 1)], true), [(0, 8192, '0')]);
        // Unknown states.
        assert_eq!(of(0..1024, &[(0, 2, 4)], true), [(0, 1024, 'm')]);
        assert_eq!(of(0..1024, &[(0, 2, 15)], true), [(0, 1024, 'm')]);
    }
}
