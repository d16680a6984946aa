//! REPORT LUNS (SPC-4, 6.33).

use bytes::Bytes;
use iscsi_pdu::Lun;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// Length of the header before the list in bytes.
const HEADER_LENGTH: u32 = 8;

/// REPORT LUNS: lists the logical units of the target. Any unit answers it, and the REPORT LUNS well known logical unit
/// ([`Lun::REPORT_LUNS`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportLuns {
    /// Which units are listed.
    pub selection: LunSelection,
    /// The number of LUNs that the answer has space for. The target states how many there are.
    pub most: u32,
}

/// Which logical units REPORT LUNS lists (SELECT REPORT).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LunSelection(pub u8);

impl LunSelection {
    /// Those with an address that is not that of a well known logical unit.
    pub const USUAL: Self = Self(0x00);
    /// Well known logical units only.
    pub const WELL_KNOWN: Self = Self(0x01);
    /// Both.
    pub const ALL: Self = Self(0x02);
}

impl Default for ReportLuns {
    /// 256 units that are not well known ones.
    fn default() -> Self {
        Self { selection: LunSelection::USUAL, most: 256 }
    }
}

impl ReportLuns {
    /// The number of single-level LUNs that a target can have.
    pub const MOST_SINGLE_LEVEL: u32 = 16_384;

    const fn allocation_length(self) -> u32 {
        self.most.saturating_mul(8).saturating_add(HEADER_LENGTH)
    }
}

impl Command for ReportLuns {
    type Answer = ReportedLuns;
    const NAME: &'static str = "REPORT LUNS";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let length = self.allocation_length();
        Cdb::new(0xa0).with(2, &[self.selection.0]).with(6, &length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length())
    }

    fn parse(&self, data: Bytes) -> Result<ReportedLuns, CommandError> {
        let Some((&[a, b, c, d, ..], list)) = data.split_first_chunk::<8>() else {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 8", data.len())));
        };
        let total = u32::from_be_bytes([a, b, c, d]) / 8;
        let (luns, _) = list.as_chunks::<8>();
        let most = usize::try_from(total).unwrap_or(usize::MAX);
        Ok(ReportedLuns { luns: luns.iter().take(most).map(|bytes| Lun(*bytes)).collect(), total })
    }
}

/// The logical units of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedLuns {
    /// The LUNs as received (PDU-18).
    pub luns: Vec<Lun>,
    /// Their number by the target's count: greater than that of `luns` when the list was cut off.
    pub total: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: [u8; 24] = [0, 0, 0, 16, 9, 9, 9, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0xc1, 1, 0, 0, 0, 0, 0, 0];

    fn parse(data: &[u8]) -> Result<ReportedLuns, CommandError> {
        ReportLuns::default().parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_has_the_selection_and_space_for_the_list() {
        let command = ReportLuns { selection: LunSelection::ALL, most: 0x0203_0405 };
        assert_eq!(command.cdb()[..12], [0xa0, 0, 2, 0, 0, 0, 0x10, 0x18, 0x20, 0x30, 0, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x1018_2030));
        assert_eq!(ReportLuns::default().transfer(), Transfer::Read(2056));
        let most = ReportLuns { most: u32::MAX, ..ReportLuns::default() };
        assert_eq!(most.transfer(), Transfer::Read(u32::MAX));
    }

    #[test]
    fn luns_of_all_kinds_are_kept() {
        let luns = vec![Lun::from_number(1).unwrap(), Lun::REPORT_LUNS];
        assert_eq!(parse(&DATA), Ok(ReportedLuns { luns, total: 2 }));
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..8 {
            assert!(parse(&DATA[..length]).is_err(), "{length}");
        }
        for length in 8..DATA.len() {
            let found = parse(&DATA[..length]).unwrap();
            assert_eq!((found.luns.len(), found.total), ((length - 8) / 8, 2), "{length}");
        }
    }

    /// The count of the target bounds the list, and allocates nothing.
    #[test]
    fn counts_that_do_not_fit_the_data() {
        for (length, luns) in [(0_u32, 0), (7, 0), (8, 1), (15, 1), (16, 2), (24, 2), (u32::MAX, 2)] {
            let data = [&length.to_be_bytes()[..], &DATA[4..]].concat();
            let found = parse(&data).unwrap();
            assert_eq!((found.luns.len(), found.total), (luns, length / 8), "{length}");
        }
    }
}
