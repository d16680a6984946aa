//! MODE SENSE (6) and (10) (SPC-4, 6.13 and 6.14): caching and control page, nothing changeable.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::Sense;
use super::cdb::{Cdb, operation};
use super::scsi::Outcome;

/// `DPOFUA`: the bits DPO and FUA of reads and writes are known (SBC-3, 6.4.1).
const DPOFUA: u8 = 0x10;
const CACHING: u8 = 0x08;
const CONTROL: u8 = 0x0a;
const ALL_PAGES: u8 = 0x3f;
/// Page control: saved values.
const SAVED_VALUES: u8 = 3;

pub(super) fn execute(cdb: &Cdb) -> Outcome {
    if cdb.byte(2) >> 6 == SAVED_VALUES {
        return Outcome::Check(Sense::SAVING_NOT_SUPPORTED);
    }
    // No page here has subpages; FFh asks for all there are.
    let codes: &[u8] = match (cdb.byte(2) & 0x3f, cdb.byte(3)) {
        (CACHING, 0x00 | 0xff) => &[CACHING],
        (CONTROL, 0x00 | 0xff) => &[CONTROL],
        (ALL_PAGES, 0x00 | 0xff) => &[CACHING, CONTROL],
        _ => return Outcome::Check(Sense::INVALID_FIELD),
    };
    let pages: Vec<u8> = codes.iter().copied().flat_map(page).collect();
    if cdb.operation() == operation::MODE_SENSE_6 {
        Outcome::data(with_short_header(&pages), cdb.allocation_length(4, 1))
    } else {
        Outcome::data(with_long_header(&pages), cdb.allocation_length(7, 2))
    }
}

/// A page of zeros, whatever values are asked for: no write-back cache, no changeable bit.
fn page(code: u8) -> Vec<u8> {
    let length: u8 = if code == CACHING { 18 } else { 10 };
    let mut page = vec![code, length];
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
