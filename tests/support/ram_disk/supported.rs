//! REPORT SUPPORTED OPERATION CODES and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (SPC-4, 6.35 and 6.36).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::cdb::{Cdb, operation};
use super::scsi::Plan;
use super::{Sense, port_group};

/// A command that units support.
pub(super) struct Supported {
    pub(super) operation: u8,
    pub(super) service_action: Option<u8>,
    /// The bits behind the operation code that are looked at; as many bytes as the block has behind it.
    usage: &'static [u8],
}

const fn command(operation: u8, usage: &'static [u8]) -> Supported {
    Supported { operation, service_action: None, usage }
}

const fn action(operation: u8, service_action: u8, usage: &'static [u8]) -> Supported {
    Supported { operation, service_action: Some(service_action), usage }
}

/// The bits of a read or write of 10, 12 and 16 bytes: DPO, FUA and the protection field, address, count.
const BLOCKS_10: &[u8] = &[0xf8, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0];
const BLOCKS_12: &[u8] = &[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0];
const BLOCKS_16: &[u8] =
    &[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0];
/// Those of a verification: DPO, the way to compare, and the protection field, address, count.
const VERIFY_10: &[u8] = &[0xf6, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0];
const VERIFY_12: &[u8] = &[0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0];
const VERIFY_16: &[u8] =
    &[0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0];
const COPY: &[u8] = &[0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0];
const COPY_RESULTS: &[u8] = &[0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0];
const RESERVE_OUT: &[u8] = &[0x1f, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0];
const RESERVE_IN: &[u8] = &[0x1f, 0, 0, 0, 0, 0, 0xff, 0xff, 0];

/// Every command, in the order of the codes.
const COMMANDS: &[Supported] = &[
    command(operation::TEST_UNIT_READY, &[0, 0, 0, 0, 0]),
    command(operation::REQUEST_SENSE, &[0x01, 0, 0, 0xff, 0]),
    command(operation::READ_6, &[0x1f, 0xff, 0xff, 0xff, 0]),
    command(operation::WRITE_6, &[0x1f, 0xff, 0xff, 0xff, 0]),
    command(operation::INQUIRY, &[0x01, 0xff, 0xff, 0xff, 0]),
    command(operation::MODE_SELECT_6, &[0x11, 0, 0, 0xff, 0]),
    command(operation::RESERVE_6, &[0, 0, 0, 0, 0]),
    command(operation::RELEASE_6, &[0, 0, 0, 0, 0]),
    command(operation::MODE_SENSE_6, &[0x08, 0xff, 0xff, 0xff, 0]),
    command(operation::START_STOP_UNIT, &[0x01, 0, 0, 0xf3, 0]),
    command(operation::PREVENT_ALLOW_MEDIUM_REMOVAL, &[0, 0, 0, 0x03, 0]),
    command(operation::READ_CAPACITY_10, &[0, 0, 0, 0, 0, 0, 0, 0, 0]),
    command(operation::READ_10, BLOCKS_10),
    command(operation::WRITE_10, BLOCKS_10),
    command(operation::WRITE_AND_VERIFY_10, VERIFY_10),
    command(operation::VERIFY_10, VERIFY_10),
    command(operation::PRE_FETCH_10, &[0x02, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0]),
    command(operation::SYNCHRONIZE_CACHE_10, &[0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0]),
    command(operation::READ_DEFECT_DATA_10, &[0, 0x1f, 0, 0, 0, 0, 0xff, 0xff, 0]),
    command(operation::WRITE_BUFFER, &[0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]),
    command(operation::READ_BUFFER, &[0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]),
    command(operation::WRITE_SAME_10, BLOCKS_10),
    command(operation::UNMAP, &[0x01, 0, 0, 0, 0, 0, 0xff, 0xff, 0]),
    command(operation::SANITIZE, &[0xff, 0, 0, 0, 0, 0, 0xff, 0xff, 0]),
    command(operation::LOG_SENSE, &[0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0]),
    command(operation::XD_WRITE_READ_10, BLOCKS_10),
    command(operation::MODE_SELECT_10, &[0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0]),
    command(operation::MODE_SENSE_10, &[0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0]),
    action(operation::PERSISTENT_RESERVE_IN, 0x00, RESERVE_IN),
    action(operation::PERSISTENT_RESERVE_IN, 0x01, RESERVE_IN),
    action(operation::PERSISTENT_RESERVE_IN, 0x02, RESERVE_IN),
    action(operation::PERSISTENT_RESERVE_IN, 0x03, RESERVE_IN),
    action(operation::PERSISTENT_RESERVE_OUT, 0x00, RESERVE_OUT),
    action(operation::PERSISTENT_RESERVE_OUT, 0x01, RESERVE_OUT),
    action(operation::PERSISTENT_RESERVE_OUT, 0x02, RESERVE_OUT),
    action(operation::PERSISTENT_RESERVE_OUT, 0x03, RESERVE_OUT),
    action(operation::PERSISTENT_RESERVE_OUT, 0x04, RESERVE_OUT),
    action(operation::PERSISTENT_RESERVE_OUT, 0x05, RESERVE_OUT),
    action(operation::PERSISTENT_RESERVE_OUT, 0x06, RESERVE_OUT),
    action(operation::PERSISTENT_RESERVE_OUT, 0x07, RESERVE_OUT),
    // EXTENDED COPY, POPULATE TOKEN, WRITE USING TOKEN.
    action(operation::THIRD_PARTY_COPY_OUT, 0x00, COPY),
    action(operation::THIRD_PARTY_COPY_OUT, 0x10, COPY),
    action(operation::THIRD_PARTY_COPY_OUT, 0x11, COPY),
    action(operation::RECEIVE_COPY_RESULTS, 0x00, COPY_RESULTS),
    action(operation::RECEIVE_COPY_RESULTS, 0x03, COPY_RESULTS),
    action(operation::RECEIVE_COPY_RESULTS, 0x04, COPY_RESULTS),
    action(operation::RECEIVE_COPY_RESULTS, 0x07, COPY_RESULTS),
    command(operation::READ_16, BLOCKS_16),
    command(
        operation::COMPARE_AND_WRITE,
        &[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0, 0],
    ),
    command(operation::WRITE_16, BLOCKS_16),
    command(operation::OR_WRITE_16, BLOCKS_16),
    command(operation::WRITE_AND_VERIFY_16, VERIFY_16),
    command(operation::VERIFY_16, VERIFY_16),
    command(
        operation::PRE_FETCH_16,
        &[0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    command(
        operation::SYNCHRONIZE_CACHE_16,
        &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    command(
        operation::WRITE_SAME_16,
        &[0xf9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    command(operation::WRITE_ATOMIC_16, BLOCKS_16),
    action(
        operation::SERVICE_ACTION_IN_16,
        0x10,
        &[0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    // GET LBA STATUS.
    action(
        operation::SERVICE_ACTION_IN_16,
        0x12,
        &[0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    command(operation::REPORT_LUNS, &[0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0]),
    action(
        operation::MAINTENANCE_IN,
        port_group::SERVICE_ACTION,
        &[0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    action(
        operation::MAINTENANCE_IN,
        OPERATION_CODES,
        &[0x1f, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    action(operation::MAINTENANCE_IN, TASK_MANAGEMENT, &[0x1f, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0]),
    action(
        operation::MAINTENANCE_OUT,
        port_group::SERVICE_ACTION,
        &[0x1f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0],
    ),
    command(operation::READ_12, BLOCKS_12),
    command(operation::WRITE_12, BLOCKS_12),
    command(operation::WRITE_AND_VERIFY_12, VERIFY_12),
    command(operation::VERIFY_12, VERIFY_12),
    command(operation::READ_DEFECT_DATA_12, &[0x1f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0]),
];

const OPERATION_CODES: u8 = 0x0c;
const TASK_MANAGEMENT: u8 = 0x0d;
/// The flag for timeouts, in byte 2 of either command.
const TIMEOUTS: u8 = 0x80;
/// Seconds after which an initiator may give a command up.
const TIMEOUT: u32 = 30;

/// The commands of a unit that is thin or not.
pub(super) fn commands(is_thin: bool) -> impl Iterator<Item = &'static Supported> + Clone {
    COMMANDS.iter().filter(move |command| is_thin || command.operation != operation::UNMAP)
}

pub(super) fn execute(is_thin: bool, cdb: &Cdb) -> Plan {
    let data = match cdb.service_action() {
        OPERATION_CODES => operation_codes(is_thin, cdb),
        TASK_MANAGEMENT => Some(task_management(cdb.flag(2, TIMEOUTS))),
        _ => None,
    };
    let allocation_length = cdb.allocation_length(6, 4);
    data.map_or(Plan::Check(Sense::INVALID_FIELD), |data| Plan::data(data, allocation_length))
}

fn operation_codes(is_thin: bool, cdb: &Cdb) -> Option<Bytes> {
    /// Reporting options: all commands; one without service action, and one with it.
    const ALL: u8 = 0;
    const WITHOUT_SERVICE_ACTION: u8 = 1;
    const WITH_SERVICE_ACTION: u8 = 2;
    let has_timeouts = cdb.flag(2, TIMEOUTS);
    let (code, wanted) = (cdb.byte(3), cdb.number(4, 2));
    let mut of_code = commands(is_thin).filter(|command| command.operation == code);
    let has_actions = of_code.clone().any(|command| command.service_action.is_some());
    match cdb.byte(2) & 0x07 {
        ALL => Some(all(is_thin, has_timeouts)),
        WITHOUT_SERVICE_ACTION if !has_actions => Some(one(of_code.next(), has_timeouts)),
        WITH_SERVICE_ACTION if has_actions || of_code.clone().next().is_none() => {
            let found = of_code.find(|command| command.service_action.map(u64::from) == Some(wanted));
            Some(one(found, has_timeouts))
        }
        _ => None,
    }
}

fn all(is_thin: bool, has_timeouts: bool) -> Bytes {
    let mut list = BytesMut::new();
    for command in commands(is_thin) {
        let flags = u8::from(has_timeouts) << 1 | u8::from(command.service_action.is_some());
        list.put_slice(&[command.operation, 0, 0, command.service_action.unwrap_or(0), 0, flags]);
        list.put_u16(u16::try_from(1 + command.usage.len()).unwrap_or(u16::MAX));
        put_timeouts(&mut list, has_timeouts);
    }
    let mut data = BytesMut::with_capacity(4 + list.len());
    data.put_u32(u32::try_from(list.len()).unwrap_or(u32::MAX));
    data.put_slice(&list);
    data.freeze()
}

fn one(command: Option<&Supported>, has_timeouts: bool) -> Bytes {
    /// Not supported; supported as the standard says.
    const NONE: u8 = 1;
    const STANDARD: u8 = 3;
    let Some(command) = command else { return Bytes::from_static(&[0, NONE, 0, 0]) };
    let mut data = BytesMut::new();
    data.put_slice(&[0, u8::from(has_timeouts) << 7 | STANDARD]);
    data.put_u16(u16::try_from(1 + command.usage.len()).unwrap_or(u16::MAX));
    data.put_u8(command.operation);
    data.put_slice(command.usage);
    put_timeouts(&mut data, has_timeouts);
    data.freeze()
}

fn put_timeouts(data: &mut BytesMut, has_timeouts: bool) {
    if has_timeouts {
        data.put_slice(&[0, 10, 0, 0]);
        data.put_u32(0);
        data.put_u32(TIMEOUT);
    }
}

/// All functions but CLEAR ACA: there is no such condition.
fn task_management(has_timeouts: bool) -> Bytes {
    const ABORTS_RESET_AND_QUERY: u8 = 0xdc;
    const QUERIES_AND_NEXUS_RESET: u8 = 0x07;
    let mut data = BytesMut::from(&[ABORTS_RESET_AND_QUERY, QUERIES_AND_NEXUS_RESET, 0, 0][..]);
    if has_timeouts {
        // Twelve bytes follow; the timeouts are valid; none of the functions is a short one.
        data = BytesMut::from(&[ABORTS_RESET_AND_QUERY, QUERIES_AND_NEXUS_RESET, 0, 12, 0x01, 0, 0, 0][..]);
        data.put_u32(10 * TIMEOUT);
        data.put_u32(0);
    }
    data.freeze()
}
