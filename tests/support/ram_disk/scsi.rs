//! Dispatch of a CDB to its operation.

use bytes::Bytes;
use iscsi_pdu::Lun;

use super::cdb::{Cdb, operation};
use super::disk::{Disk, Extent};
use super::portal::ServedTarget;
use super::{Sense, capacity, inquiry, mode_sense, read_write, report_luns};

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// GOOD status, after these bytes of parameter data.
    Data(Bytes),
    /// GOOD status, after these bytes of the medium.
    Read(Extent),
    /// GOOD status, once these bytes of the medium are written.
    Write(Extent),
    /// CHECK CONDITION.
    Check(Sense),
}

impl Outcome {
    /// GOOD status and no data.
    pub(super) const GOOD: Self = Self::Data(Bytes::new());

    /// Parameter data, cut off at the allocation length.
    pub(super) fn data(mut data: Bytes, allocation_length: usize) -> Self {
        data.truncate(allocation_length);
        Self::Data(data)
    }
}

/// True if a pending unit attention condition stays pending with this command (SAM-5, 5.14).
pub(super) const fn passes_unit_attention(operation: u8) -> bool {
    matches!(operation, operation::INQUIRY | operation::REPORT_LUNS)
}

/// Decides on a command; nothing has been read or written yet.
pub(super) fn execute(target: &ServedTarget, lun: Lun, cdb: &Cdb) -> Outcome {
    match (cdb.operation(), target.unit(lun)) {
        (operation::INQUIRY, _) => inquiry::execute(target, lun, cdb),
        (operation::REPORT_LUNS, _) => report_luns::execute(target, cdb),
        (operation::REQUEST_SENSE, None) => request_sense(Sense::UNIT_NOT_SUPPORTED, cdb),
        (_, None) => Outcome::Check(Sense::UNIT_NOT_SUPPORTED),
        (_, Some(disk)) => execute_on_disk(disk, cdb),
    }
}

fn execute_on_disk(disk: &Disk, cdb: &Cdb) -> Outcome {
    match cdb.operation() {
        operation::TEST_UNIT_READY => Outcome::GOOD,
        operation::REQUEST_SENSE => request_sense(Sense::NONE, cdb),
        operation::READ_CAPACITY_10 => capacity::read_capacity_10(disk),
        operation::SERVICE_ACTION_IN_16 => capacity::service_action_in_16(disk, cdb),
        operation::MODE_SENSE_6 | operation::MODE_SENSE_10 => mode_sense::execute(cdb),
        operation::READ_6 | operation::READ_10 | operation::READ_12 | operation::READ_16 => {
            read_write::read(disk, cdb)
        }
        operation::WRITE_6 | operation::WRITE_10 | operation::WRITE_12 | operation::WRITE_16 => {
            read_write::write(disk, cdb)
        }
        operation::SYNCHRONIZE_CACHE_10 | operation::SYNCHRONIZE_CACHE_16 => {
            read_write::synchronize_cache(disk, cdb)
        }
        _ => Outcome::Check(Sense::INVALID_OPERATION),
    }
}

/// REQUEST SENSE (SPC-4, 6.39) with this sense as its data.
pub(super) fn request_sense(sense: Sense, cdb: &Cdb) -> Outcome {
    let data = if cdb.flag(1, 0x01) { sense.to_descriptor() } else { sense.to_fixed() };
    Outcome::data(data, cdb.allocation_length(4, 1))
}
