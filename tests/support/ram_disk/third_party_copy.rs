//! Copies between the units of one target (SPC-4, 6.4 and 6.18 to 6.28; SBC-3, 5.7 and 5.46).

mod copy_list;
mod outcome;
mod rod_token;

use std::collections::VecDeque;

use iscsi_pdu::{Lun, ScsiStatus};

use super::Sense;
use super::cdb::{Cdb, operation};
use super::medium::Extent;
use super::reservation::InitiatorPort;
use super::scsi::{Plan, Rejection, Units};
use super::unit::Unit;
use copy_list::{CopyList, Segment};
use outcome::Outcome;
use rod_token::Token;

const EXTENDED_COPY: u8 = 0x00;
const POPULATE_TOKEN: u8 = 0x10;
const WRITE_USING_TOKEN: u8 = 0x11;
/// Outcomes and tokens kept of a target.
const MOST_OUTCOMES: usize = 16;
const MOST_TOKENS: usize = 16;
/// Most bytes of a parameter list, and of a segment or of a write by token.
const MOST_LIST: u64 = 16 << 10;
const MOST_MOVED: u64 = 16 << 20;

const INVALID: Rejection = Rejection::Check(Sense::INVALID_FIELD_IN_LIST);
const ABORTED: Rejection = Rejection::Check(Sense::COPY_ABORTED);
const CONFLICT: Rejection = Rejection::Status(ScsiStatus::RESERVATION_CONFLICT);

/// The outcomes of copies that initiators may ask for, and the tokens made.
#[derive(Clone, Default)]
pub(super) struct Copies {
    outcomes: VecDeque<Outcome>,
    tokens: VecDeque<Token>,
    tokens_made: u64,
}

/// The plan of EXTENDED COPY, POPULATE TOKEN or WRITE USING TOKEN.
pub(super) fn plan(cdb: &Cdb) -> Plan {
    let length = cdb.number(10, 4);
    match cdb.service_action() {
        // Nothing is copied, and that is no error.
        EXTENDED_COPY if length == 0 => Plan::GOOD,
        EXTENDED_COPY | POPULATE_TOKEN | WRITE_USING_TOKEN if (16..=MOST_LIST).contains(&length) => {
            Plan::Copy { length }
        }
        EXTENDED_COPY | POPULATE_TOKEN | WRITE_USING_TOKEN => Plan::Check(Sense::PARAMETER_LIST_LENGTH),
        _ => Plan::Check(Sense::INVALID_FIELD),
    }
}

impl Units {
    /// Carries out the command that a parameter list came with.
    pub(super) fn copy(
        &mut self,
        lun: Lun,
        cdb: &Cdb,
        port: &InitiatorPort,
        list: &[u8],
    ) -> Result<(), Rejection> {
        match cdb.service_action() {
            POPULATE_TOKEN => self.populate_token(lun, cdb, port, list),
            WRITE_USING_TOKEN => self.write_using_token(lun, cdb, port, list),
            _ => self.extended_copy(port, list),
        }
    }

    /// EXTENDED COPY, segment by segment: those before one that fails are copied.
    fn extended_copy(&mut self, port: &InitiatorPort, list: &[u8]) -> Result<(), Rejection> {
        let list = CopyList::parse(list)?;
        let units = list.units.iter().map(|unit| self.find(unit)).collect::<Result<Vec<_>, _>>()?;
        let mut outcome = Outcome::new(port, EXTENDED_COPY, list.list_id.into());
        let copied = list.segments.iter().try_for_each(|segment| {
            let bytes = self.copy_segment(port, &units, segment)?;
            outcome.count(bytes);
            Ok(())
        });
        outcome.rejection = copied.err();
        if list.is_kept {
            self.copies.keep(outcome);
        }
        copied
    }

    /// The unit with the designator of an identification descriptor, and blocks of its size.
    fn find(&self, descriptor: &[u8; 32]) -> Result<Lun, Rejection> {
        let [0xe4, _, _, _, header @ ..] = descriptor else {
            return Err(Rejection::Check(Sense::UNSUPPORTED_CSCD_TYPE));
        };
        let designator = header.get(..4 + usize::from(header[3])).filter(|designator| designator.len() <= 24);
        let [.., _, high, middle, low] = descriptor;
        let block_size = u32::from_be_bytes([0, *high, *middle, *low]);
        let designator = designator.ok_or(INVALID)?;
        let found = self.list.iter().find(|(lun, unit)| unit.has_designator(&self.target, *lun, designator));
        let (lun, unit) = found.ok_or(Rejection::Check(Sense::COPY_TARGET_NOT_REACHABLE))?;
        if unit.settings().block_size == block_size { Ok(*lun) } else { Err(INVALID) }
    }

    /// Copies a segment, and returns its bytes.
    fn copy_segment(
        &mut self,
        port: &InitiatorPort,
        units: &[Lun],
        segment: &Segment,
    ) -> Result<u64, Rejection> {
        let unit = |at: u16| units.get(usize::from(at)).and_then(|lun| self.get(*lun)).ok_or(ABORTED);
        let (from, to) = (unit(segment.source)?, unit(segment.destination)?);
        if from.reservations.conflicts(port, operation::READ_16)
            || to.reservations.conflicts(port, operation::WRITE_16)
        {
            return Err(CONFLICT);
        }
        let counted = if segment.counts_destination { to } else { from };
        let bytes = u64::from(segment.blocks) * u64::from(counted.settings().block_size);
        let extent = |unit: &Unit, lba| {
            let size = u64::from(unit.settings().block_size);
            let extent =
                (bytes.is_multiple_of(size) && bytes <= MOST_MOVED).then(|| unit.extent(lba, bytes / size));
            extent.ok_or(INVALID)?.ok_or(ABORTED)
        };
        let (from_extent, to_extent) =
            (extent(from, segment.source_lba)?, extent(to, segment.destination_lba)?);
        let data = from.medium().read(from_extent);
        let destination = units.get(usize::from(segment.destination)).copied();
        if let Some(to) = destination.and_then(|lun| self.get_mut(lun)) {
            to.write(to_extent.offset, &data, false);
        }
        Ok(bytes)
    }
}

/// Extents of range descriptors (SBC-3, 5.7.3) behind the length of their list.
fn parse_ranges(unit: &Unit, list: &[u8]) -> Result<Vec<Extent>, Rejection> {
    let (length, ranges) = list.split_first_chunk().ok_or(INVALID)?;
    if usize::from(u16::from_be_bytes(*length)) != ranges.len()
        || !ranges.len().is_multiple_of(16)
        || ranges.is_empty()
    {
        return Err(INVALID);
    }
    let extent = |range: &[u8; 16]| {
        let [lba @ .., c1, c2, c3, c4, _, _, _, _] = range;
        let extent = unit.extent(u64::from_be_bytes(*lba), u32::from_be_bytes([*c1, *c2, *c3, *c4]).into());
        extent.ok_or(Rejection::Check(Sense::LBA_OUT_OF_RANGE))
    };
    ranges.as_chunks().0.iter().map(extent).collect()
}
