//! Parameter list of EXTENDED COPY (LID1) (SPC-4, 6.4.3).

use super::INVALID;
use crate::ram_disk::Sense;
use crate::ram_disk::scsi::Rejection;

/// Most descriptors of a list.
pub(super) const MOST_UNITS: usize = 16;
pub(super) const MOST_SEGMENTS: usize = 64;

/// A parameter list.
pub(super) struct CopyList {
    pub(super) list_id: u8,
    /// The outcome is kept for RECEIVE COPY RESULTS.
    pub(super) is_kept: bool,
    pub(super) units: Vec<[u8; 32]>,
    pub(super) segments: Vec<Segment>,
}

/// A copy of blocks to blocks (type 02h).
pub(super) struct Segment {
    pub(super) counts_destination: bool,
    pub(super) source: u16,
    pub(super) destination: u16,
    pub(super) blocks: u16,
    pub(super) source_lba: u64,
    pub(super) destination_lba: u64,
}

impl CopyList {
    pub(super) fn parse(data: &[u8]) -> Result<Self, Rejection> {
        let too_short = Rejection::Check(Sense::PARAMETER_LIST_LENGTH);
        let (header, rest) = data.split_first_chunk::<16>().ok_or(too_short)?;
        let &[list_id, usage, high, low, _, _, _, _, s1, s2, s3, s4, inline @ ..] = header;
        let units = usize::from(u16::from_be_bytes([high, low]));
        let segments = usize::try_from(u32::from_be_bytes([s1, s2, s3, s4])).map_err(|_| INVALID)?;
        let (units, rest) = rest.split_at_checked(units).ok_or(too_short)?;
        let (segments, rest) = rest.split_at_checked(segments).ok_or(too_short)?;
        // No segment has a use for inline data.
        if u32::from_be_bytes(inline) != 0 || !rest.is_empty() {
            return Err(INVALID);
        }
        let is_kept = match usage & 0x18 {
            0x00 => true,
            0x10 => false,
            0x18 if list_id == 0 => false,
            _ => return Err(INVALID),
        };
        Ok(Self { list_id, is_kept, units: parse_units(units)?, segments: parse_segments(segments)? })
    }
}

fn parse_units(list: &[u8]) -> Result<Vec<[u8; 32]>, Rejection> {
    match list.as_chunks() {
        (units, []) if units.len() <= MOST_UNITS => Ok(units.to_vec()),
        (_, []) => Err(Rejection::Check(Sense::TOO_MANY_CSCD_DESCRIPTORS)),
        _ => Err(INVALID),
    }
}

fn parse_segments(mut list: &[u8]) -> Result<Vec<Segment>, Rejection> {
    let mut segments = Vec::new();
    while !list.is_empty() {
        let Some((&[0x02, flags, 0, 24], rest)) = list.split_first_chunk() else {
            return Err(Rejection::Check(Sense::UNSUPPORTED_SEGMENT_TYPE));
        };
        let (fields, behind) = rest.split_first_chunk::<24>().ok_or(INVALID)?;
        if segments.len() >= MOST_SEGMENTS {
            return Err(Rejection::Check(Sense::TOO_MANY_SEGMENTS));
        }
        segments.push(Segment::parse(flags, fields)?);
        list = behind;
    }
    Ok(segments)
}

impl Segment {
    fn parse(flags: u8, fields: &[u8; 24]) -> Result<Self, Rejection> {
        const DC: u8 = 0x02;
        const CAT: u8 = 0x01;
        let [s1, s2, d1, d2, _, _, b1, b2, lbas @ ..] = *fields;
        let (source_lba, destination_lba) = lbas.split_first_chunk().ok_or(INVALID)?;
        let destination_lba = destination_lba.first_chunk().ok_or(INVALID)?;
        if flags & CAT != 0 {
            return Err(INVALID);
        }
        Ok(Self {
            counts_destination: flags & DC != 0,
            source: u16::from_be_bytes([s1, s2]),
            destination: u16::from_be_bytes([d1, d2]),
            blocks: u16::from_be_bytes([b1, b2]),
            source_lba: u64::from_be_bytes(*source_lba),
            destination_lba: u64::from_be_bytes(*destination_lba),
        })
    }
}
