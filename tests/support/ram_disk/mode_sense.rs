//! MODE SENSE (6) and (10) (SPC-4, 6.13 and 6.14): caching and control page, of which software write protection is changeable.

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
/// WP: the medium is write-protected.
const WP: u8 = 0x80;
/// Page control: current values; a mask of the changeable bits; default values; saved values.
pub(super) const CURRENT_VALUES: u8 = 0;
pub(super) const CHANGEABLE_VALUES: u8 = 1;
const DEFAULT_VALUES: u8 = 2;
const SAVED_VALUES: u8 = 3;
/// Write-back cache enabled (SBC-3, 6.4.5).
const WCE: u8 = 0x04;
/// Software write protection, in byte 4 of the control page (SPC-4, 7.5.8).
pub(super) const SWP: u8 = 0x08;

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
    let pages: Vec<u8> = codes.iter().filter_map(|code| page(unit, *code, control)).flatten().collect();
    let flags = DPOFUA | if unit.is_protected { WP } else { 0 };
    if cdb.operation() == operation::MODE_SENSE_6 {
        Plan::data(with_short_header(flags, &pages), cdb.allocation_length(4, 1))
    } else {
        Plan::data(with_long_header(flags, &pages), cdb.allocation_length(7, 2))
    }
}

/// A page of zeros, but for the write-back cache and the write protection; `None` for an unknown code.
pub(super) fn page(unit: &Unit, code: u8, control: u8) -> Option<Vec<u8>> {
    let has_cache = unit.settings().write_cache && control != CHANGEABLE_VALUES;
    let is_protected = match control {
        DEFAULT_VALUES => false,
        CHANGEABLE_VALUES => true,
        _ => unit.is_protected,
    };
    let (length, cache, protection) = match code {
        CACHING => (18, if has_cache { WCE } else { 0 }, 0),
        CONTROL => (10, 0, if is_protected { SWP } else { 0 }),
        _ => return None,
    };
    let mut page = vec![code, length, cache, 0, protection];
    page.resize(2 + usize::from(length), 0);
    Some(page)
}

fn with_short_header(flags: u8, pages: &[u8]) -> Bytes {
    let mut data = BytesMut::with_capacity(4 + pages.len());
    data.put_slice(&[u8::try_from(3 + pages.len()).unwrap_or(u8::MAX), 0, flags, 0]);
    data.put_slice(pages);
    data.freeze()
}

fn with_long_header(flags: u8, pages: &[u8]) -> Bytes {
    let mut data = BytesMut::with_capacity(8 + pages.len());
    data.put_u16(u16::try_from(6 + pages.len()).unwrap_or(u16::MAX));
    data.put_slice(&[0, flags, 0, 0, 0, 0]);
    data.put_slice(pages);
    data.freeze()
}
