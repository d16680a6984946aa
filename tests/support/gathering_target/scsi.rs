//! SCSI commands: reads and writes, and the questions that initiators ask before.

use std::ops::Range;

use super::BLOCK_SIZE;

/// A command for the disk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Bytes of the disk to read.
    Read(Range<usize>),
    /// Bytes of the disk to write.
    Write(Range<usize>),
    /// A question, with its answer.
    Question(Vec<u8>),
    /// A command that is not for this disk.
    Illegal,
}

/// Sense data for a command that is not supported: ILLEGAL REQUEST, INVALID FIELD IN CDB.
pub(super) const ILLEGAL_REQUEST: [u8; 18] = [0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0, 0, 0, 0, 0];

const READ_10: u8 = 0x28;
const READ_16: u8 = 0x88;
const WRITE_10: u8 = 0x2a;
const WRITE_16: u8 = 0x8a;
const TEST_UNIT_READY: u8 = 0x00;
const INQUIRY: u8 = 0x12;
const MODE_SENSE_6: u8 = 0x1a;
const READ_CAPACITY_10: u8 = 0x25;
const SYNCHRONIZE_CACHE_10: u8 = 0x35;
const SYNCHRONIZE_CACHE_16: u8 = 0x91;
const SERVICE_ACTION_IN_16: u8 = 0x9e;
const REPORT_LUNS: u8 = 0xa0;

/// The answer to REPORT LUNS: one unit, number 0.
const ONE_UNIT: [u8; 16] = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Decodes a CDB for a disk of `size` bytes.
pub(super) fn decode(cdb: &[u8; 16], size: usize) -> Request {
    let (range, is_read) = match cdb[0] {
        READ_10 | WRITE_10 => (bytes_of(number(&cdb[2..6]), number(&cdb[7..9]), size), cdb[0] == READ_10),
        READ_16 | WRITE_16 => (bytes_of(number(&cdb[2..10]), number(&cdb[10..14]), size), cdb[0] == READ_16),
        _ => return question(cdb, size),
    };
    match range {
        Some(range) if is_read => Request::Read(range),
        Some(range) => Request::Write(range),
        None => Request::Illegal,
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn bytes_of(lba: u64, blocks: u64, size: usize) -> Option<Range<usize>> {
    let start = usize::try_from(lba).ok()?.checked_mul(BLOCK_SIZE)?;
    let end = start.checked_add(usize::try_from(blocks).ok()?.checked_mul(BLOCK_SIZE)?)?;
    (end <= size && start < end).then_some(start..end)
}

fn question(cdb: &[u8; 16], size: usize) -> Request {
    let last = (size / BLOCK_SIZE - 1) as u64;
    let answer = match (cdb[0], cdb[1], cdb[2]) {
        (TEST_UNIT_READY | SYNCHRONIZE_CACHE_10 | SYNCHRONIZE_CACHE_16, ..) => Vec::new(),
        (INQUIRY, 0, _) => inquiry(),
        // The list of the pages of vital product data has one entry: itself.
        (INQUIRY, 1, 0) => vec![0, 0, 0, 1, 0],
        (READ_CAPACITY_10, ..) => capacity(&u32::try_from(last).unwrap_or(u32::MAX).to_be_bytes(), 8),
        (SERVICE_ACTION_IN_16, 0x10, _) => capacity(&last.to_be_bytes(), 32),
        // A header without block descriptors and pages.
        (MODE_SENSE_6, ..) => vec![3, 0, 0, 0],
        (REPORT_LUNS, ..) => ONE_UNIT.to_vec(),
        _ => return Request::Illegal,
    };
    Request::Question(answer)
}

/// Standard data of a disk: SPC-4, response data format 2, command queuing.
fn inquiry() -> Vec<u8> {
    let mut data = vec![0, 0, 6, 2, 31, 0, 0, 2];
    data.extend_from_slice(b"EXAMPLE GATHERING TARGET1   ");
    data
}

fn capacity(last: &[u8], length: usize) -> Vec<u8> {
    let mut data = last.to_vec();
    data.extend_from_slice(&u32::try_from(BLOCK_SIZE).expect("a block is short").to_be_bytes());
    data.resize(length, 0);
    data
}
