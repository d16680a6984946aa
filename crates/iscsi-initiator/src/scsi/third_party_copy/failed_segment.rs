//! RECEIVE COPY FAILURE DETAILS (LID1) (SPC-4, 6.22).

use bytes::Bytes;
use iscsi_pdu::ScsiStatus;

use super::receive_copy_results::{self, too_short};
use crate::scsi::{Cdb, Command, CommandError, Replay, SenseData, Transfer};

/// Length of the answer with the longest sense data in bytes.
const LENGTH: u32 = 60 + 252;
/// Bytes behind the length and before the status.
const RESERVED: usize = 52;

/// RECEIVE COPY RESULTS with FAILED SEGMENT DETAILS: returns how an EXTENDED COPY has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveFailedSegmentDetails {
    /// The identifier of the copy.
    pub list_id: u8,
}

/// The status with which a copy has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedSegment {
    /// The status of the EXTENDED COPY.
    pub status: ScsiStatus,
    /// Its sense data; `None` if there are none that can be read.
    pub sense: Option<SenseData>,
}

impl Command for ReceiveFailedSegmentDetails {
    /// `None` if the copy has not failed, or the target no longer knows.
    type Answer = Option<FailedSegment>;
    const NAME: &'static str = "RECEIVE COPY RESULTS (FAILED SEGMENT DETAILS)";
    /// The target forgets the details once it has told them.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        receive_copy_results::cdb(0x04, self.list_id, LENGTH)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(LENGTH)
    }

    /// Details that are cut off before the sense data are an error; sense data that are cut off are read as far as they go.
    fn parse(&self, data: Bytes) -> Result<Option<FailedSegment>, CommandError> {
        let content = receive_copy_results::content(Self::NAME, &data)?;
        if data.get(..4) == Some(&[0; 4]) {
            return Ok(None);
        }
        let fields = content.get(RESERVED..).and_then(<[u8]>::split_first_chunk);
        let (&[status, _, high, low], rest) =
            fields.ok_or_else(|| too_short(Self::NAME, &content, RESERVED + 4))?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let sense = SenseData::parse(rest.get(..length).unwrap_or(rest));
        Ok(Some(FailedSegment { status: ScsiStatus(status), sense }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::SenseKey;

    const SENSE: [u8; 18] = [0x70, 0, 0x0a, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x0d, 0x03, 0, 0, 0, 0];

    fn answer(sense_length: u8) -> Vec<u8> {
        [&[0, 0, 0, 74][..], &[0xee; 52], &[0x02, 0xee, 0, sense_length], &SENSE].concat()
    }

    fn parse(data: &[u8]) -> Result<Option<FailedSegment>, CommandError> {
        ReceiveFailedSegmentDetails::default().parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_has_the_list_identifier() {
        let command = ReceiveFailedSegmentDetails { list_id: 0x77 };
        assert_eq!(command.cdb(), Cdb::from([0x84, 4, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x38, 0, 0]));
        assert_eq!(command.transfer(), Transfer::Read(312));
        assert_eq!(Replay::of(&command.cdb()), ReceiveFailedSegmentDetails::REPLAY);
    }

    #[test]
    fn details_at_every_length_of_the_answer() {
        let (whole, key) = (answer(18), SenseKey(0x0a));
        for length in 0..=whole.len() {
            let found = parse(&whole[..length]);
            if length < 60 {
                assert!(found.is_err(), "{length}");
                continue;
            }
            let sense = SenseData::parse(&SENSE[..length - 60]);
            assert_eq!(found, Ok(Some(FailedSegment { status: ScsiStatus::CHECK_CONDITION, sense })));
            assert_eq!(sense.map(|sense| sense.key), (length >= 63).then_some(key));
        }
    }

    #[test]
    fn no_details_and_no_sense_data() {
        assert_eq!(parse(&[0, 0, 0, 0]), Ok(None));
        assert_eq!(parse(&answer(0)).unwrap().unwrap().sense, None);
        assert_eq!(parse(&answer(255)).unwrap().unwrap().sense.map(|sense| sense.asc), Some(0x0d));
    }
}
