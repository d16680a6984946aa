//! ROD tokens: POPULATE TOKEN and WRITE USING TOKEN (SBC-3, 5.7 and 5.46; SPC-4, 5.17.6).

use bytes::Bytes;
use iscsi_pdu::Lun;

use super::outcome::Outcome;
use super::{CONFLICT, INVALID, MOST_MOVED, MOST_TOKENS, POPULATE_TOKEN, WRITE_USING_TOKEN, parse_ranges};
use crate::ram_disk::Sense;
use crate::ram_disk::cdb::{Cdb, operation};
use crate::ram_disk::medium::{Extent, Medium};
use crate::ram_disk::reservation::InitiatorPort;
use crate::ram_disk::scsi::{Rejection, Units};

/// Type of a token of data as they were when it was made, and of the one of zeros.
const POINT_IN_TIME: u32 = 0x0080_0000;
const ANY_TYPE: u32 = 0x0080_ffff;
const ZEROS: [u8; 8] = [0xff, 0xff, 0, 1, 0, 0, 0x01, 0xf8];

/// The data that a token stands for.
#[derive(Clone)]
pub(super) struct Token {
    bytes: [u8; 512],
    medium: Medium,
    extents: Vec<Extent>,
    block_size: u32,
}

impl Token {
    /// As many bytes as this of the data, from a block on; `None` beyond their end.
    fn read(&self, block: u64, length: u64) -> Option<Bytes> {
        let mut skipped = block.checked_mul(self.block_size.into())?;
        let mut data = Vec::new();
        for extent in &self.extents {
            let from = skipped.min(extent.length);
            skipped -= from;
            let wanted = (extent.length - from).min(length - u64::try_from(data.len()).ok()?);
            let part = Extent { offset: extent.offset.checked_add(from)?, length: wanted };
            data.extend_from_slice(&self.medium.read(part));
        }
        (u64::try_from(data.len()).ok()? == length).then(|| data.into())
    }
}

/// Fields of the list of WRITE USING TOKEN.
struct WriteList<'a> {
    deletes_token: bool,
    offset: u64,
    token: &'a [u8; 512],
    ranges: &'a [u8],
}

impl<'a> WriteList<'a> {
    fn parse(list: &'a [u8]) -> Option<Self> {
        const DEL_TKN: u8 = 0x02;
        let (&[_, _, flags, _, _, _, _, _, ref offset @ ..], rest) = list.split_first_chunk::<16>()?;
        let (token, rest) = rest.split_first_chunk()?;
        let ranges = rest.get(6..)?;
        Some(Self { deletes_token: flags & DEL_TKN != 0, offset: u64::from_be_bytes(*offset), token, ranges })
    }
}

/// Checks the length in front of a list, which counts what follows it.
fn check_length(list: &[u8]) -> Result<(), Rejection> {
    let length = list.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)) + 2);
    if length == Some(list.len()) { Ok(()) } else { Err(INVALID) }
}

fn list_id(cdb: &Cdb) -> u32 {
    u32::try_from(cdb.number(6, 4)).unwrap_or(u32::MAX)
}

impl Units {
    pub(super) fn populate_token(
        &mut self,
        lun: Lun,
        cdb: &Cdb,
        port: &InitiatorPort,
        list: &[u8],
    ) -> Result<(), Rejection> {
        const RTV: u8 = 0x02;
        check_length(list)?;
        let unit = self.get(lun).ok_or(Rejection::Check(Sense::UNIT_NOT_SUPPORTED))?;
        if unit.reservations.conflicts(port, operation::READ_16) {
            return Err(CONFLICT);
        }
        let &[_, _, flags, _, _, _, _, _, ref rod_type @ ..] = list.first_chunk::<12>().ok_or(INVALID)?;
        if flags & RTV != 0 && ![POINT_IN_TIME, ANY_TYPE].contains(&u32::from_be_bytes(*rod_type)) {
            return Err(INVALID);
        }
        let extents = parse_ranges(unit, list.get(14..).unwrap_or_default())?;
        let length = extents.iter().map(|extent| extent.length).fold(0, u64::saturating_add);
        let (medium, block_size) = (unit.medium().clone(), unit.settings().block_size);
        let fingerprint = unit.fingerprint(&self.target, lun);
        let number = self.copies.tokens_made.wrapping_add(1);
        self.copies.tokens_made = number;
        if self.copies.tokens.len() >= MOST_TOKENS {
            self.copies.tokens.pop_front();
        }
        let bytes = token_bytes(number, fingerprint);
        self.copies.tokens.push_back(Token { bytes, medium, extents, block_size });
        let mut outcome = Outcome::new(port, POPULATE_TOKEN, list_id(cdb));
        outcome.count(length);
        outcome.token = Some(bytes);
        self.copies.keep(outcome);
        Ok(())
    }

    pub(super) fn write_using_token(
        &mut self,
        lun: Lun,
        cdb: &Cdb,
        port: &InitiatorPort,
        list: &[u8],
    ) -> Result<(), Rejection> {
        check_length(list)?;
        let list = WriteList::parse(list).ok_or(INVALID)?;
        let mut outcome = Outcome::new(port, WRITE_USING_TOKEN, list_id(cdb));
        let written = self.write_ranges(lun, port, &list);
        outcome.rejection = written.err();
        if let Ok(bytes) = written {
            outcome.count(bytes);
        }
        self.copies.keep(outcome);
        if list.deletes_token {
            self.copies.tokens.retain(|token| token.bytes != *list.token);
        }
        written.map(drop)
    }

    /// Writes the data of a token, and returns their bytes. All is checked before anything is written.
    fn write_ranges(
        &mut self,
        lun: Lun,
        port: &InitiatorPort,
        list: &WriteList<'_>,
    ) -> Result<u64, Rejection> {
        let unit = self.get(lun).ok_or(Rejection::Check(Sense::UNIT_NOT_SUPPORTED))?;
        if unit.reservations.conflicts(port, operation::WRITE_16) {
            return Err(CONFLICT);
        }
        let extents = parse_ranges(unit, list.ranges)?;
        let bytes = extents.iter().map(|extent| extent.length).fold(0, u64::saturating_add);
        if bytes > MOST_MOVED {
            return Err(INVALID);
        }
        let data = match self.copies.tokens.iter().find(|token| token.bytes == *list.token) {
            Some(token) if token.block_size == unit.settings().block_size => token.read(list.offset, bytes),
            None if list.token.starts_with(&ZEROS) => {
                usize::try_from(bytes).ok().map(|bytes| vec![0; bytes].into())
            }
            _ => return Err(Rejection::Check(Sense::TOKEN_UNKNOWN)),
        };
        let mut data = data.ok_or(INVALID)?;
        let unit = self.get_mut(lun).ok_or(Rejection::Check(Sense::UNIT_NOT_SUPPORTED))?;
        for extent in extents {
            let length = usize::try_from(extent.length).unwrap_or(usize::MAX).min(data.len());
            unit.write(extent.offset, &data.split_to(length), false);
        }
        Ok(bytes)
    }
}

/// A token: its type, the length of the rest, its number, and the unit that it was made by.
fn token_bytes(number: u64, fingerprint: u64) -> [u8; 512] {
    let fields = [
        &POINT_IN_TIME.to_be_bytes()[..],
        &[0, 0, 0x01, 0xf8],
        &number.to_be_bytes(),
        &fingerprint.to_be_bytes(),
    ];
    let mut token = [0; 512];
    token.iter_mut().zip(fields.concat()).for_each(|(place, byte)| *place = byte);
    token
}
