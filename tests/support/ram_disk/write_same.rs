//! WRITE SAME (SBC-3, 5.43 and 5.44).

use super::Sense;
use super::cdb::{Cdb, operation};
use super::medium::Extent;
use super::scsi::Plan;
use super::unit::Unit;
use super::write_task::LARGEST_TRANSFER;

const UNMAP: u8 = 1 << 3;
const ANCHOR: u8 = 1 << 4;
/// No data-out buffer, in the form of 16 bytes.
const NDOB: u8 = 1 << 0;

/// The plan of a WRITE SAME. Anchored blocks are not supported.
pub(super) fn plan(unit: &Unit, cdb: &Cdb) -> Plan {
    let has_data = cdb.operation() != operation::WRITE_SAME_16 || !cdb.flag(1, NDOB);
    let unmaps = cdb.flag(1, UNMAP);
    if cdb.flag(1, ANCHOR) || unmaps && !unit.settings().is_thin {
        return Plan::Check(Sense::INVALID_FIELD);
    }
    let length = if has_data { unit.settings().block_size.into() } else { 0 };
    unit.plan_rest(cdb, |extent| match extent.length {
        0..=LONGEST => Plan::WriteSame { extent, length, unmaps },
        _ => Plan::Check(Sense::INVALID_FIELD),
    })
}

/// The most bytes of a command, as the block limits say.
pub(super) const LONGEST: u64 = LARGEST_TRANSFER as u64;

impl Unit {
    /// Writes a block to each block of an extent, or unmaps blocks that are to be zeros. Without data the block is one of zeros.
    pub(super) fn write_same(&mut self, extent: Extent, block: &[u8], unmaps: bool) {
        if block.iter().any(|byte| *byte != 0) {
            let blocks = extent.length.checked_div(block.len() as u64).unwrap_or_default();
            let data = block.repeat(usize::try_from(blocks).unwrap_or_default());
            self.write(extent.offset, &data, false);
        } else {
            self.clear(extent, unmaps);
        }
    }
}
