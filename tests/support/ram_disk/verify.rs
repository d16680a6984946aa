//! Comparison of data with the medium: VERIFY (SBC-3, 5.29 to 5.31) and COMPARE AND WRITE (SBC-3, 5.2).

use super::Sense;
use super::cdb::Cdb;
use super::medium::Extent;
use super::scsi::{Plan, Rejection};
use super::unit::Unit;
use super::write_task::LARGEST_TRANSFER;

/// The plan of a VERIFY.
pub(super) fn plan(unit: &Unit, cdb: &Cdb) -> Plan {
    let byte_check = cdb.byte(1) >> 1 & 0x03;
    let block = u64::from(unit.settings().block_size);
    unit.plan_transfer(cdb, |extent| match byte_check {
        0 => Plan::GOOD,
        1 => Plan::Verify { extent, length: extent.length },
        3 if extent.length <= LARGEST_TRANSFER.into() => Plan::Verify { extent, length: block },
        _ => Plan::Check(Sense::INVALID_FIELD),
    })
}

/// The plan of a COMPARE AND WRITE.
pub(super) fn plan_compare_and_write(unit: &Unit, cdb: &Cdb) -> Plan {
    let is_stable = cdb.forces_unit_access();
    unit.plan_transfer(cdb, |extent| Plan::CompareAndWrite { extent, is_stable })
}

impl Unit {
    /// Compares an extent with data, which are repeated over it.
    pub(super) fn verify(&self, extent: Extent, data: &[u8]) -> Result<(), Rejection> {
        let found = self.medium().read(extent);
        let difference =
            found.iter().zip(data.iter().cycle()).position(|(found, expected)| found != expected);
        let Some(at) = difference else { return Ok(()) };
        let offset = at.checked_rem(data.len()).unwrap_or_default();
        Err(Rejection::Miscompare { offset: u32::try_from(offset).unwrap_or(u32::MAX) })
    }

    /// Writes the second half of the data if the medium has the first half. No other command comes in between.
    pub(super) fn compare_and_write(
        &mut self,
        extent: Extent,
        data: &[u8],
        is_stable: bool,
    ) -> Result<(), Rejection> {
        let (expected, data) = data.split_at(data.len() / 2);
        self.verify(extent, expected)?;
        self.write(extent.offset, data, is_stable);
        Ok(())
    }

    /// ORWRITE (SBC-3, 5.5): sets the bits of the data.
    pub(super) fn or_write(&mut self, extent: Extent, data: &[u8], is_stable: bool) {
        let found = self.medium().read(extent);
        let united: Vec<u8> = found.iter().zip(data).map(|(found, set)| found | set).collect();
        self.write(extent.offset, &united, is_stable);
    }
}
