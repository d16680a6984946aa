//! SANITIZE (SBC-3, 5.24), which is complete at once; and READ DEFECT DATA (SBC-3, 5.17 and 5.18) of a medium without defects.

use super::Sense;
use super::cdb::{Cdb, operation};
use super::scsi::{Plan, Rejection};
use super::unit::Unit;

/// The most bytes of a unit that a pattern is written to, which takes memory for all of them.
const LARGEST_UNIT: u64 = 64 << 20;
/// The bytes that are written at a time.
const PIECE: usize = 1 << 20;

/// What a SANITIZE does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sanitization {
    /// Writes the pattern of a parameter list of this length.
    Overwrite { length: u64 },
    /// Leaves zeros.
    Erase,
}

pub(super) fn plan(cdb: &Cdb) -> Plan {
    const OVERWRITE: u8 = 0x01;
    const BLOCK_ERASE: u8 = 0x02;
    const CRYPTOGRAPHIC_ERASE: u8 = 0x03;
    const EXIT_FAILURE_MODE: u8 = 0x1f;
    // A unit without zones has none to reset (ZNR).
    if cdb.flag(1, 0x40) || cdb.number(2, 5) != 0 {
        return Plan::Check(Sense::INVALID_FIELD);
    }
    match (cdb.service_action(), cdb.number(7, 2)) {
        (OVERWRITE, 0..=4) => Plan::Check(Sense::PARAMETER_LIST_LENGTH),
        (OVERWRITE, length) => Plan::Sanitize(Sanitization::Overwrite { length }),
        (BLOCK_ERASE | CRYPTOGRAPHIC_ERASE, 0) => Plan::Sanitize(Sanitization::Erase),
        // No operation fails.
        (EXIT_FAILURE_MODE, 0) => Plan::GOOD,
        _ => Plan::Check(Sense::INVALID_FIELD),
    }
}

/// An empty list in the format that was asked for, of the lists that were asked for.
pub(super) fn defect_data(cdb: &Cdb) -> Plan {
    const LISTS_AND_FORMAT: u8 = 0x1f;
    if cdb.operation() == operation::READ_DEFECT_DATA_10 {
        let data = vec![0, cdb.byte(2) & LISTS_AND_FORMAT, 0, 0];
        return Plan::data(data.into(), cdb.allocation_length(7, 2));
    }
    let data = vec![0, cdb.byte(1) & LISTS_AND_FORMAT, 0, 0, 0, 0, 0, 0];
    Plan::data(data.into(), cdb.allocation_length(6, 4))
}

impl Unit {
    pub(super) fn sanitize(&mut self, how: Sanitization, list: &[u8]) -> Result<(), Rejection> {
        match how {
            Sanitization::Overwrite { .. } => self.overwrite(list),
            Sanitization::Erase => {
                self.wipe();
                Ok(())
            }
        }
    }

    /// Leaves what the last pass writes: the pattern, inverted if every other pass is and their number is even.
    fn overwrite(&mut self, list: &[u8]) -> Result<(), Rejection> {
        let invalid = Rejection::Check(Sense::INVALID_FIELD_IN_LIST);
        let (&[flags, _, high, low], pattern) = list.split_first_chunk().ok_or(invalid)?;
        let (count, block) = (flags & 0x1f, self.settings().block_size as usize);
        let bytes = self.settings().blocks.saturating_mul(block as u64);
        let is_possible = usize::from(u16::from_be_bytes([high, low])) == pattern.len()
            && (1..=block).contains(&pattern.len())
            && count > 0
            && bytes <= LARGEST_UNIT;
        if !is_possible {
            return Err(invalid);
        }
        let mask = if flags & 0x80 != 0 && count % 2 == 0 { 0xff } else { 0 };
        let block: Vec<u8> = pattern.iter().cycle().take(block).map(|byte| byte ^ mask).collect();
        self.wipe();
        self.fill(&block, bytes);
        Ok(())
    }

    /// Writes the same block to all of them.
    fn fill(&mut self, block: &[u8], bytes: u64) {
        let piece = block.repeat((PIECE / block.len().max(1)).max(1));
        let mut offset = 0;
        while offset < bytes {
            let rest = usize::try_from(bytes - offset).unwrap_or(usize::MAX).min(piece.len());
            self.write(offset, piece.get(..rest).unwrap_or_default(), true);
            offset += piece.len() as u64;
        }
    }
}
