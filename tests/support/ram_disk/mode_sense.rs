//! MODE SENSE (6) and (10) (SPC-4, 6.13 and 6.14): caching and control page, nothing changeable.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::Sense;
use super::cdb::{Cdb, operation};
use super::scsi::Plan;
use super::unit::Unit;

/// `DPOFUA`: the bits DPO and FUA of reads and writes are known (SBC-3, 6.4.1).
const DPOFUA: u8 = 0x10;
const CACHING: u8 = 0x08;
const CONTROL: u8 = 0x0a;
const ALL_PAGES: u8 = 0x3f;
/// Page control: a mask of the changeable bits; saved values.
const CHANGEABLE_VALUES: u8 = 1;
const SAVED_VALUES: u8 = 3;
/// Write-back cache enabled (SBC-3, 6.4.5).
const WCE: u8 = 0x04;

pub(super) fn execute(unit: &Unit, cdb: &Cdb) -> Plan {
    let control = cdb.byte(2) >> 6;
    if control == SAVED_VALUES {
        return Plan::Check(Sense::SAVING_NOT_SUPPORTED);
    }
    // No page here has subpages; FFh asks for all there are.
    let codes: &[u8] = match (cdb.byte(2) & 0x3f, cdb.byte(3)) {
        (CACHING, 0x00 | 0xff) => &[CACHING],
        (CONTROL, 0x00 | 0xff) => &[CONTROL],
        (ALL_PAGES, 0x00 | 0xff) => &[CACHING, CONTROL],
        _ => return Plan::Check(Sense::INVALID_FIELD),
    };
    let has_cache = unit.settings().write_cache && control != CHANGEABLE_VALUES;
    let pages: Vec<u8> = codes.iter().flat_map(|code| page(*code, has_cache)).collect();
    if cdb.operation() == operation::MODE_SENSE_6 {
        Plan::data(with_short_header(&pages), cdb.allocation_length(4, 1))
    } else {
        Plan::data(with_long_header(&pages), cdb.allocation_length(7, 2))
    }
}

/// A page of zeros, but for the write-back cache.
fn page(code: u8, has_cache: bool) -> Vec<u8> {
    let length: u8 = if code == CACHING { 18 } else { 10 };
    let flags = if code == CACHING && has_cache { WCE } else { 0 };
    let mut page = vec![code, length, flags];
    page.resize(2 + usize::from(length), 0);
    page
}

fn with_short_header(pages: &[u8]) -> Bytes {
    let mut data = BytesMut::with_capacity(4 + pages.len());
    data.put_slice(&[u8::try_from(3 + pages.len()).unwrap_or(u8::MAX), 0, DPOFUA, 0]);
    data.put_slice(pages);
    data.freeze()
}

fn with_long_header(pages: &[u8]) -> Bytes {
    let mut data = BytesMut::with_capacity(8 + pages.len());
    data.put_u16(u16::try_from(6 + pages.len()).unwrap_or(u16::MAX));
    data.put_slice(&[0, DPOFUA, 0, 0, 0, 0]);
    data.put_slice(pages);
    data.freeze()
}
