//! Thin provisioning (SBC-3, 4.7): UNMAP, GET LBA STATUS and the logical block provisioning page.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::Sense;
use super::cdb::Cdb;
use super::medium::Extent;
use super::scsi::{Plan, Rejection};
use super::unit::Unit;

/// The most ranges of an UNMAP, as the block limits say.
pub(super) const MOST_RANGES: u32 = 256;
/// The most ranges in the answer to a GET LBA STATUS.
const MOST_STATUSES: usize = 1024;
const HEADER_LENGTH: usize = 8;
const DESCRIPTOR_LENGTH: usize = 16;

/// The plan of an UNMAP (SBC-3, 5.28). Anchored blocks are not supported.
pub(super) fn plan_unmap(unit: &Unit, cdb: &Cdb) -> Plan {
    const ANCHOR: u8 = 1 << 0;
    if !unit.settings().is_thin {
        return Plan::Check(Sense::INVALID_OPERATION);
    }
    match cdb.number(7, 2) {
        _ if cdb.flag(1, ANCHOR) => Plan::Check(Sense::INVALID_FIELD),
        0 => Plan::GOOD,
        1..8 => Plan::Check(Sense::PARAMETER_LIST_LENGTH),
        length => Plan::Unmap { length },
    }
}

/// GET LBA STATUS (SBC-4), with all report types.
pub(super) fn get_lba_status(unit: &Unit, cdb: &Cdb) -> Plan {
    let (lba, allocation_length) = (cdb.number(2, 8), cdb.allocation_length(10, 4));
    let Some(report) = ReportType::of(cdb.byte(14)) else { return Plan::Check(Sense::INVALID_FIELD) };
    if lba >= unit.settings().blocks {
        return Plan::Check(Sense::LBA_OUT_OF_RANGE);
    }
    let space = allocation_length.saturating_sub(HEADER_LENGTH) / DESCRIPTOR_LENGTH;
    let space = space.min(MOST_STATUSES);
    let mut runs = unit.runs_from(lba).filter(|run| report.lists(run));
    let mut list = BytesMut::new();
    runs.by_ref().take(space).for_each(|run| run.put(&mut list));
    // The list ends by the allocation length, or with the unit; the report type is taken into account.
    let condition: u8 = if runs.next().is_some() { 1 } else { 3 };
    let mut data = BytesMut::with_capacity(HEADER_LENGTH + list.len());
    data.put_u32(u32::try_from(list.len() + 4).unwrap_or(u32::MAX));
    data.put_u32((condition << 1 | 1).into());
    data.put_slice(&list);
    Plan::data(data.freeze(), allocation_length)
}

/// The logical block provisioning page (SBC-3, 6.5.4): UNMAP, both forms of WRITE SAME, zeros are read; thin.
pub(super) fn page() -> Bytes {
    Bytes::from_static(&[0, 0b1110_0100, 0x02, 0])
}

/// Consecutive blocks of which all or none are mapped.
struct Run {
    lba: u64,
    blocks: u32,
    is_mapped: bool,
}

impl Run {
    /// Its status: mapped or unknown, as SBC-3 has it, or deallocated.
    fn put(&self, list: &mut BytesMut) {
        list.put_u64(self.lba);
        list.put_u32(self.blocks);
        list.put_slice(&[u8::from(!self.is_mapped), 0, 0, 0]);
    }
}

/// The runs that are asked for.
#[derive(Clone, Copy)]
enum ReportType {
    All,
    Mapped,
    Deallocated,
    None,
}

impl ReportType {
    fn of(code: u8) -> Option<Self> {
        Some(match code {
            0x00 => Self::All,
            0x02 => Self::Mapped,
            // Those of which something is known are deallocated.
            0x01 | 0x03 => Self::Deallocated,
            // No block is anchored or unreadable.
            0x04 | 0x10 => Self::None,
            _ => return None,
        })
    }

    const fn lists(self, run: &Run) -> bool {
        match self {
            Self::All => true,
            Self::Mapped => run.is_mapped,
            Self::Deallocated => !run.is_mapped,
            Self::None => false,
        }
    }
}

impl Unit {
    fn runs_from(&self, lba: u64) -> impl Iterator<Item = Run> {
        let (blocks, mut next) = (self.settings().blocks, lba);
        std::iter::from_fn(move || {
            let rest = blocks.checked_sub(next).filter(|rest| *rest > 0)?;
            let (is_mapped, length) = if self.settings().is_thin { self.run_at(next) } else { (true, rest) };
            let run =
                Run { lba: next, blocks: u32::try_from(length.min(rest)).unwrap_or(u32::MAX), is_mapped };
            next += u64::from(run.blocks);
            Some(run)
        })
    }

    /// Unmaps the ranges of a parameter list: all of them, or none if one is beyond the unit.
    pub(super) fn unmap(&mut self, list: &[u8]) -> Result<(), Rejection> {
        let invalid = Rejection::Check(Sense::INVALID_FIELD_IN_LIST);
        let (&[_, _, high, low, ..], rest) = list.split_first_chunk::<HEADER_LENGTH>().ok_or(invalid)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (descriptors, _) = rest.get(..length).ok_or(invalid)?.as_chunks::<DESCRIPTOR_LENGTH>();
        if descriptors.len() > MOST_RANGES as usize {
            return Err(invalid);
        }
        let extents = descriptors.iter().map(|descriptor| self.extent_of(descriptor));
        let extents: Option<Vec<_>> = extents.collect();
        let extents = extents.ok_or(Rejection::Check(Sense::LBA_OUT_OF_RANGE))?;
        for extent in extents {
            self.clear(extent, true);
        }
        Ok(())
    }

    fn extent_of(&self, descriptor: &[u8; DESCRIPTOR_LENGTH]) -> Option<Extent> {
        let (lba, rest) = descriptor.split_first_chunk()?;
        let blocks = u32::from_be_bytes(*rest.first_chunk()?);
        self.extent(u64::from_be_bytes(*lba), blocks.into())
    }
}
