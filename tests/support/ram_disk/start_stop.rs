//! START STOP UNIT and PREVENT ALLOW MEDIUM REMOVAL (SBC-3, 5.25 and 5.10) of a unit whose medium cannot be removed.

use super::Sense;
use super::cdb::{Cdb, operation};
use super::scsi::Plan;

/// Whether a stopped unit refuses a command: it carries out what needs no medium.
pub(super) const fn is_refused(operation: u8) -> bool {
    !matches!(
        operation,
        operation::REQUEST_SENSE
            | operation::START_STOP_UNIT
            | operation::PREVENT_ALLOW_MEDIUM_REMOVAL
            | operation::MODE_SELECT_6
            | operation::MODE_SELECT_10
            | operation::MODE_SENSE_6
            | operation::MODE_SENSE_10
            | operation::LOG_SENSE
            | operation::READ_BUFFER
            | operation::WRITE_BUFFER
            | operation::MAINTENANCE_IN
            | operation::PERSISTENT_RESERVE_IN
            | operation::PERSISTENT_RESERVE_OUT
    )
}

pub(super) fn plan(cdb: &Cdb) -> Plan {
    const START: u8 = 0x01;
    const LOAD_OR_EJECT: u8 = 0x02;
    /// Power conditions: the bit START holds; active; the unit controls it.
    const START_VALID: u8 = 0x0;
    const ACTIVE: u8 = 0x1;
    const LU_CONTROL: u8 = 0x7;
    match cdb.byte(4) >> 4 {
        START_VALID if !cdb.flag(4, LOAD_OR_EJECT) => Plan::Start { is_started: cdb.flag(4, START) },
        ACTIVE => Plan::Start { is_started: true },
        LU_CONTROL => Plan::GOOD,
        _ => Plan::Check(Sense::INVALID_FIELD),
    }
}

pub(super) fn prevent_removal(cdb: &Cdb) -> Plan {
    /// Nothing is prevented, or the removal of a medium.
    const VALUES: [u8; 2] = [0, 1];
    if VALUES.contains(&cdb.byte(4)) { Plan::GOOD } else { Plan::Check(Sense::INVALID_FIELD) }
}
