//! LOG SENSE (SPC-4, 6.8): the list of pages, and a temperature that is not measured.

use bytes::{BufMut as _, BytesMut};

use super::Sense;
use super::cdb::Cdb;
use super::scsi::Plan;

const SUPPORTED_PAGES: u8 = 0x00;
const TEMPERATURE: u8 = 0x0d;
const PAGES: [u8; 2] = [SUPPORTED_PAGES, TEMPERATURE];
/// The subpage code for all subpages.
const ALL: u8 = 0xff;

pub(super) fn execute(cdb: &Cdb) -> Plan {
    /// Page control: cumulative values, and those by default.
    const CUMULATIVE: [u8; 2] = [1, 3];
    let (code, subpage) = (cdb.byte(2) & 0x3f, cdb.byte(3));
    let is_valid = CUMULATIVE.contains(&(cdb.byte(2) >> 6)) && !cdb.flag(1, 0x01);
    let content = match (code, subpage) {
        _ if !is_valid => None,
        (SUPPORTED_PAGES, 0) => Some(PAGES.to_vec()),
        // Each page, and this list itself.
        (SUPPORTED_PAGES, ALL) => Some(vec![SUPPORTED_PAGES, 0, SUPPORTED_PAGES, ALL, TEMPERATURE, 0]),
        (TEMPERATURE, 0) => temperature(cdb.number(5, 2)),
        _ => None,
    };
    let Some(content) = content else { return Plan::Check(Sense::INVALID_FIELD) };
    let has_subpage = if subpage == 0 { 0 } else { 0x40 };
    let mut page = BytesMut::with_capacity(4 + content.len());
    page.put_slice(&[code | has_subpage, subpage]);
    page.put_u16(u16::try_from(content.len()).unwrap_or(u16::MAX));
    page.put_slice(&content);
    Plan::data(page.freeze(), cdb.allocation_length(7, 2))
}

/// The parameters from a code on; `None` if there are none.
fn temperature(first: u64) -> Option<Vec<u8>> {
    /// A binary list; not measured.
    const FORMAT: u8 = 0x03;
    const UNKNOWN: u8 = 0xff;
    let parameters = (0..=1_u8).filter(|code| u64::from(*code) >= first);
    let content: Vec<u8> = parameters.flat_map(|code| [0, code, FORMAT, 2, 0, UNKNOWN]).collect();
    (!content.is_empty()).then_some(content)
}
