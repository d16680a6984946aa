//! RECEIVE COPY STATUS (LID1) (SPC-4, 6.24).

use bytes::Bytes;

use super::{TransferCount, receive_copy_results};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// Length of the answer in bytes.
const LENGTH: u32 = 12;

/// RECEIVE COPY RESULTS with COPY STATUS: tells how far an EXTENDED COPY is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveCopyStatus {
    /// The identifier of the copy.
    pub list_id: u8,
}

/// The state of a copy (SPC-4, table 235). Unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CopyState(pub u8);

impl CopyState {
    /// It is in progress.
    pub const IN_PROGRESS: Self = Self(0x00);
    /// It has ended without an error.
    pub const COMPLETED: Self = Self(0x01);
    /// It has ended with an error.
    pub const FAILED: Self = Self(0x02);
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyStatus {
    /// Its state.
    pub state: CopyState,
    /// The target has thrown data away that the initiator could have received (HDD).
    pub held_data_discarded: bool,
    /// The number of segments that are done.
    pub segments: u16,
    /// The amount written so far.
    pub transferred: TransferCount,
}

impl Command for ReceiveCopyStatus {
    type Answer = CopyStatus;
    const NAME: &'static str = "RECEIVE COPY RESULTS (COPY STATUS)";
    /// The target may forget a copy once it has told of its end.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        receive_copy_results::cdb(0x00, self.list_id, LENGTH)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(LENGTH)
    }

    /// An answer of fewer than 12 bytes is an error.
    fn parse(&self, data: Bytes) -> Result<CopyStatus, CommandError> {
        let content = receive_copy_results::content(Self::NAME, &data)?;
        let Some((&[status, segments_high, segments_low, unit], rest)) = content.split_first_chunk() else {
            return Err(receive_copy_results::too_short(Self::NAME, &content, 8));
        };
        let count =
            rest.first_chunk().ok_or_else(|| receive_copy_results::too_short(Self::NAME, &content, 8))?;
        Ok(CopyStatus {
            state: CopyState(status & 0x7f),
            held_data_discarded: status & 0x80 != 0,
            segments: u16::from_be_bytes([segments_high, segments_low]),
            transferred: TransferCount { count: u32::from_be_bytes(*count).into(), unit },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: [u8; 12] = [0, 0, 0, 8, 0x82, 0x12, 0x34, 1, 0x21, 0x22, 0x23, 0x24];

    fn parse(data: &[u8]) -> Result<CopyStatus, CommandError> {
        ReceiveCopyStatus::default().parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_has_the_list_identifier() {
        let command = ReceiveCopyStatus { list_id: 0x77 };
        assert_eq!(command.cdb(), Cdb::from([0x84, 0, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0]));
        assert_eq!(command.transfer(), Transfer::Read(12));
        assert_eq!(Replay::of(&command.cdb()), ReceiveCopyStatus::REPLAY);
    }

    #[test]
    fn a_status_at_every_length_of_the_answer() {
        let expected = CopyStatus {
            state: CopyState::FAILED,
            held_data_discarded: true,
            segments: 0x1234,
            transferred: TransferCount { count: 0x2122_2324, unit: 1 },
        };
        assert_eq!(parse(&ANSWER), Ok(expected));
        assert_eq!(parse(&[&ANSWER[..], &[9]].concat()), Ok(expected));
        for length in 0..ANSWER.len() {
            assert!(parse(&ANSWER[..length]).is_err(), "{length}");
        }
        assert!(parse(&[&[0, 0, 0, 7], &ANSWER[4..]].concat()).is_err());
    }
}
