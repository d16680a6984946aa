//! SCSI commands by their blocks: their names, and which of them only read (SPC-4, SBC-4, ZBC).
//!
//! The tables are those of block devices: other devices have other commands under some of the operation codes. A command that
//! is in neither table may do anything.

use iscsi_initiator::scsi::Cdb;

/// A command that its block tells: its operation code, bits of byte 1 with their values, and its name.
type Row = (u8, u8, u8, &'static str);

/// All values of byte 1.
const ANY: u8 = 0x00;
/// The service action in byte 1.
const SERVICE_ACTION: u8 = 0x1f;
/// The mode of READ BUFFER in byte 1.
const MODE: u8 = 0x1f;
/// SP of LOG SENSE, which saves the log parameters.
const SAVE: u8 = 0x01;

/// Commands that change neither data nor the state of the unit.
const READS: &[Row] = &[
    (0x00, ANY, 0, "TEST UNIT READY"),
    (0x03, ANY, 0, "REQUEST SENSE"),
    (0x08, ANY, 0, "READ (6)"),
    (0x12, ANY, 0, "INQUIRY"),
    (0x1a, ANY, 0, "MODE SENSE (6)"),
    (0x1c, ANY, 0, "RECEIVE DIAGNOSTIC RESULTS"),
    (0x25, ANY, 0, "READ CAPACITY (10)"),
    (0x28, ANY, 0, "READ (10)"),
    (0x2f, ANY, 0, "VERIFY (10)"),
    (0x34, ANY, 0, "PRE-FETCH (10)"),
    (0x37, ANY, 0, "READ DEFECT DATA (10)"),
    // The modes for data, descriptor, echo buffer and its descriptor; others make or release copies of error history.
    (0x3c, MODE, 0x02, "READ BUFFER (10)"),
    (0x3c, MODE, 0x03, "READ BUFFER (10)"),
    (0x3c, MODE, 0x0a, "READ BUFFER (10)"),
    (0x3c, MODE, 0x0b, "READ BUFFER (10)"),
    (0x3e, ANY, 0, "READ LONG (10)"),
    (0x4d, SAVE, 0, "LOG SENSE"),
    (0x5a, ANY, 0, "MODE SENSE (10)"),
    (0x5e, ANY, 0, "PERSISTENT RESERVE IN"),
    (0x84, SERVICE_ACTION, 0x03, "RECEIVE COPY RESULTS (OPERATING PARAMETERS)"),
    (0x88, ANY, 0, "READ (16)"),
    (0x8f, ANY, 0, "VERIFY (16)"),
    (0x90, ANY, 0, "PRE-FETCH (16)"),
    (0x95, SERVICE_ACTION, 0x00, "REPORT ZONES"),
    (0x9e, SERVICE_ACTION, 0x10, "READ CAPACITY (16)"),
    (0x9e, SERVICE_ACTION, 0x11, "READ LONG (16)"),
    (0x9e, SERVICE_ACTION, 0x12, "GET LBA STATUS"),
    (0x9e, SERVICE_ACTION, 0x13, "REPORT REFERRALS"),
    (0x9e, SERVICE_ACTION, 0x16, "GET STREAM STATUS"),
    (0x9e, SERVICE_ACTION, 0x17, "GET PHYSICAL ELEMENT STATUS"),
    (0xa0, ANY, 0, "REPORT LUNS"),
    (0xa3, SERVICE_ACTION, 0x05, "REPORT IDENTIFYING INFORMATION"),
    (0xa3, SERVICE_ACTION, 0x0a, "REPORT TARGET PORT GROUPS"),
    (0xa3, SERVICE_ACTION, 0x0b, "REPORT ALIASES"),
    (0xa3, SERVICE_ACTION, 0x0c, "REPORT SUPPORTED OPERATION CODES"),
    (0xa3, SERVICE_ACTION, 0x0d, "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS"),
    (0xa3, SERVICE_ACTION, 0x0e, "REPORT PRIORITY"),
    (0xa3, SERVICE_ACTION, 0x0f, "REPORT TIMESTAMP"),
    (0xa8, ANY, 0, "READ (12)"),
    (0xab, SERVICE_ACTION, 0x01, "READ MEDIA SERIAL NUMBER"),
    (0xaf, ANY, 0, "VERIFY (12)"),
    (0xb7, ANY, 0, "READ DEFECT DATA (12)"),
];

/// Names of commands that change something.
const CHANGES: &[Row] = &[
    (0x04, ANY, 0, "FORMAT UNIT"),
    (0x07, ANY, 0, "REASSIGN BLOCKS"),
    (0x0a, ANY, 0, "WRITE (6)"),
    (0x15, ANY, 0, "MODE SELECT (6)"),
    (0x16, ANY, 0, "RESERVE (6)"),
    (0x17, ANY, 0, "RELEASE (6)"),
    (0x1b, ANY, 0, "START STOP UNIT"),
    (0x1d, ANY, 0, "SEND DIAGNOSTIC"),
    (0x1e, ANY, 0, "PREVENT ALLOW MEDIUM REMOVAL"),
    (0x2a, ANY, 0, "WRITE (10)"),
    (0x2e, ANY, 0, "WRITE AND VERIFY (10)"),
    (0x35, ANY, 0, "SYNCHRONIZE CACHE (10)"),
    (0x3b, ANY, 0, "WRITE BUFFER"),
    (0x3c, ANY, 0, "READ BUFFER (10)"),
    (0x3f, ANY, 0, "WRITE LONG (10)"),
    (0x41, ANY, 0, "WRITE SAME (10)"),
    (0x42, ANY, 0, "UNMAP"),
    (0x48, ANY, 0, "SANITIZE"),
    (0x4c, ANY, 0, "LOG SELECT"),
    (0x4d, ANY, 0, "LOG SENSE"),
    (0x50, ANY, 0, "XDWRITE (10)"),
    (0x51, ANY, 0, "XPWRITE (10)"),
    (0x52, ANY, 0, "XDREAD (10)"),
    (0x53, ANY, 0, "XDWRITEREAD (10)"),
    (0x55, ANY, 0, "MODE SELECT (10)"),
    (0x5f, ANY, 0, "PERSISTENT RESERVE OUT"),
    (0x83, SERVICE_ACTION, 0x00, "EXTENDED COPY"),
    (0x83, SERVICE_ACTION, 0x10, "POPULATE TOKEN"),
    (0x83, SERVICE_ACTION, 0x11, "WRITE USING TOKEN"),
    (0x85, ANY, 0, "ATA PASS-THROUGH (16)"),
    (0x89, ANY, 0, "COMPARE AND WRITE"),
    (0x8a, ANY, 0, "WRITE (16)"),
    (0x8b, ANY, 0, "ORWRITE (16)"),
    (0x8e, ANY, 0, "WRITE AND VERIFY (16)"),
    (0x91, ANY, 0, "SYNCHRONIZE CACHE (16)"),
    (0x93, ANY, 0, "WRITE SAME (16)"),
    (0x9c, ANY, 0, "WRITE ATOMIC (16)"),
    (0xa1, ANY, 0, "ATA PASS-THROUGH (12)"),
    (0xa4, SERVICE_ACTION, 0x0a, "SET TARGET PORT GROUPS"),
    (0xaa, ANY, 0, "WRITE (12)"),
    (0xae, ANY, 0, "WRITE AND VERIFY (12)"),
];

/// The operation code of blocks of variable length.
const VARIABLE_LENGTH: u8 = 0x7f;
/// Commands with such blocks that only read, by their service action.
const LONG_READS: [(u16, &str); 2] = [(0x0009, "READ (32)"), (0x000a, "VERIFY (32)")];

/// The name of every other command.
const UNKNOWN: &str = "SCSI command";

/// A command as far as its block tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownCommand {
    pub(super) name: &'static str,
    /// Whether it is known to change neither data nor the state of the unit.
    pub(super) only_reads: bool,
}

impl KnownCommand {
    pub(super) fn of(cdb: &Cdb) -> Self {
        match (find(READS, cdb).or_else(|| find_long(cdb)), find(CHANGES, cdb)) {
            (Some(name), _) => Self { name, only_reads: true },
            (None, Some(name)) => Self { name, only_reads: false },
            (None, None) => Self { name: UNKNOWN, only_reads: false },
        }
    }
}

fn find(rows: &[Row], cdb: &Cdb) -> Option<&'static str> {
    let [operation_code, second, ..] = cdb.head();
    let fits = |row: &&Row| row.0 == operation_code && second & row.1 == row.2;
    rows.iter().find(fits).map(|row| row.3)
}

/// Finds a command whose service action is in bytes 8 and 9.
fn find_long(cdb: &Cdb) -> Option<&'static str> {
    let [operation_code, _, _, _, _, _, _, _, high, low, ..] = cdb.head();
    let action = u16::from_be_bytes([high, low]);
    let row = LONG_READS.iter().find(|row| operation_code == VARIABLE_LENGTH && row.0 == action);
    row.map(|row| row.1)
}

#[cfg(test)]
mod tests;
