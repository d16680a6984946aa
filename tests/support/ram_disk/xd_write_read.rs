//! XDWRITEREAD (10) (SBC-3, 5.46): a write that returns the exclusive or of the old and the new data, in one bidirectional
//! command.

use bytes::Bytes;

use super::Sense;
use super::cdb::Cdb;
use super::medium::Extent;
use super::scsi::Plan;
use super::unit::Unit;

/// The data are not written.
const DISABLE_WRITE: u8 = 1 << 2;
/// Protection information is part of the exclusive or.
const XORPINFO: u8 = 1 << 0;

/// The plan of an XDWRITEREAD. One that does not write is not supported.
pub(super) fn plan(unit: &Unit, cdb: &Cdb) -> Plan {
    if cdb.flag(1, DISABLE_WRITE | XORPINFO) {
        return Plan::Check(Sense::INVALID_FIELD);
    }
    let is_stable = cdb.forces_unit_access();
    unit.plan_transfer(cdb, |extent| Plan::WriteAndXor { extent, is_stable })
}

impl Unit {
    /// Writes data to the beginning of an extent, and returns the exclusive or of them and of what was there.
    pub(super) fn write_and_xor(&mut self, extent: Extent, data: &[u8], is_stable: bool) -> Bytes {
        let length = extent.length.min(u64::try_from(data.len()).unwrap_or(u64::MAX));
        let before = self.medium().read(Extent { length, ..extent });
        self.write(extent.offset, data, is_stable);
        before.iter().zip(data).map(|(old, new)| old ^ new).collect()
    }
}
