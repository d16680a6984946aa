//! RECEIVE ROD TOKEN INFORMATION (SPC-4, 6.28; SBC-3, 5.20).

use bytes::{Buf as _, Bytes};

use super::receive_copy_results::too_short;
use super::{RodToken, TransferCount, receive_copy_results};
use crate::scsi::{Cdb, Command, CommandError, Replay, SenseData, Transfer};

/// Bytes of the answer behind its length and before the sense data.
const FIXED: usize = 28;

/// RECEIVE ROD TOKEN INFORMATION: tells how far POPULATE TOKEN or WRITE USING TOKEN is, and returns the tokens made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveRodTokenInformation {
    /// The identifier of the operation.
    pub list_id: u32,
    /// The most bytes that the unit sends: 36, the sense data, and 514 for each token.
    pub allocation_length: u32,
}

impl ReceiveRodTokenInformation {
    /// Returns the command for an operation, with space for sense data and one token.
    #[must_use]
    pub const fn new(list_id: u32) -> Self {
        Self { list_id, allocation_length: 1024 }
    }
}

/// The state of an operation (SPC-4, table 258). Unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CopyOperationStatus(pub u8);

impl CopyOperationStatus {
    /// It has ended without an error.
    pub const COMPLETED: Self = Self(0x01);
    /// It has ended with an error.
    pub const FAILED: Self = Self(0x02);
    /// It has ended without an error, and has used a part of the token only.
    pub const COMPLETED_WITH_PARTIAL_TOKEN: Self = Self(0x03);
    /// It has ended without an error, but perhaps has not moved everything.
    pub const COMPLETED_WITH_RESIDUAL: Self = Self(0x04);
    /// It was aborted.
    pub const ABORTED: Self = Self(0x60);
    /// It is in progress, in the foreground: its command has not ended.
    pub const IN_PROGRESS_FOREGROUND: Self = Self(0x11);
    /// It is in progress, in the background: its command has ended.
    pub const IN_PROGRESS_BACKGROUND: Self = Self(0x12);

    /// Returns whether it is in progress.
    #[must_use]
    pub const fn is_in_progress(self) -> bool {
        matches!(self.0, 0x10..=0x12)
    }
}

/// The result of a POPULATE TOKEN or WRITE USING TOKEN, or how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RodTokenInformation {
    /// The service action of the command that began the operation: 0x10 POPULATE TOKEN, 0x11 WRITE USING TOKEN.
    pub service_action: u8,
    /// The state of the operation.
    pub status: CopyOperationStatus,
    /// The target has thrown data away that the initiator could have received (HDD).
    pub held_data_discarded: bool,
    /// The number of operations in progress or done.
    pub operation_counter: u16,
    /// Milliseconds after which to ask again; `u32::MAX` if the target does not know, and once the operation has ended.
    pub update_delay: u32,
    /// The SCSI status with which the operation has ended.
    pub completion_status: u8,
    /// Its sense data; `None` if there are none that can be read.
    pub sense: Option<SenseData>,
    /// The amount moved so far.
    pub transferred: TransferCount,
    /// The number of segments that are done.
    pub segments: u16,
    /// The tokens made; those that have come complete.
    pub tokens: Vec<RodToken>,
}

impl Command for ReceiveRodTokenInformation {
    type Answer = RodTokenInformation;
    const NAME: &'static str = "RECEIVE ROD TOKEN INFORMATION";
    /// The target may forget an operation once it has told of its end.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let cdb = Cdb::new(0x84).with(1, &[0x07]).with(2, &self.list_id.to_be_bytes());
        cdb.with(10, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length)
    }

    /// Fewer than 32 bytes are an error; sense data and tokens that are cut off are left out.
    fn parse(&self, data: Bytes) -> Result<RodTokenInformation, CommandError> {
        let content = receive_copy_results::content(Self::NAME, &data)?;
        let information = RodTokenInformation::parse(&content);
        information.ok_or_else(|| too_short(Self::NAME, &content, FIXED))
    }
}

impl RodTokenInformation {
    fn parse(content: &Bytes) -> Option<Self> {
        let (fixed, rest) = content.split_first_chunk::<FIXED>()?;
        let &[action, status, counter_high, counter_low, ref rest_of_fixed @ ..] = fixed;
        let (delay, fields) = rest_of_fixed.split_first_chunk()?;
        let (&[completion_status, sense_field, sense_length, unit], fields) = fields.split_first_chunk()?;
        let (count, fields) = fields.split_first_chunk()?;
        let sense = rest.get(..sense_length.min(sense_field).into()).and_then(SenseData::parse);
        let tokens = rest.get(sense_field.into()..).map(|rest| content.slice_ref(rest));
        Some(Self {
            service_action: action & 0x1f,
            status: CopyOperationStatus(status & 0x7f),
            held_data_discarded: status & 0x80 != 0,
            operation_counter: u16::from_be_bytes([counter_high, counter_low]),
            update_delay: u32::from_be_bytes(*delay),
            completion_status,
            sense,
            transferred: TransferCount { count: u64::from_be_bytes(*count), unit },
            segments: fields.first_chunk().map(|segments| u16::from_be_bytes(*segments))?,
            tokens: tokens.map(parse_tokens).unwrap_or_default(),
        })
    }
}

/// Parses descriptors behind the length of their list: an identifier of two bytes and a token.
fn parse_tokens(mut list: Bytes) -> Vec<RodToken> {
    const DESCRIPTOR: usize = 2 + RodToken::LENGTH;
    let Ok(length) = list.try_get_u32() else { return Vec::new() };
    list.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    let tokens = list.chunks_exact(DESCRIPTOR).filter_map(|descriptor| descriptor.get(2..));
    tokens.filter_map(|token| RodToken::from_answer(list.slice_ref(token))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENSE: [u8; 20] = [0x70, 0, 0x0a, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x0d, 0x03, 0, 0, 0, 0, 0xee, 0xee];

    /// An answer with sense data of 18 bytes in a field of 20, and one token.
    fn answer() -> Vec<u8> {
        let fixed = [
            0xf0, 0x81, 0x12, 0x34, 0x21, 0x22, 0x23, 0x24, 0x02, 20, 18, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0x31,
            0x32, 0, 0, 0, 0, 0, 0,
        ];
        let tokens = [&[0, 0, 2, 2, 0xee, 0xee][..], &[0xab; 512]].concat();
        let content = [&fixed[..], &SENSE, &tokens].concat();
        [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], &content].concat()
    }

    fn information() -> RodTokenInformation {
        RodTokenInformation {
            service_action: 0x10,
            status: CopyOperationStatus::COMPLETED,
            held_data_discarded: true,
            operation_counter: 0x1234,
            update_delay: 0x2122_2324,
            completion_status: 0x02,
            sense: SenseData::parse(&SENSE),
            transferred: TransferCount { count: 0x0102_0304_0506_0708, unit: 1 },
            segments: 0x3132,
            tokens: vec![RodToken::new(&[0xab; 512])],
        }
    }

    fn parse(data: &[u8]) -> Result<RodTokenInformation, CommandError> {
        ReceiveRodTokenInformation::new(1).parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_has_a_list_identifier_of_four_bytes() {
        let command = ReceiveRodTokenInformation { list_id: 0x2122_2324, allocation_length: 0x3132_3334 };
        let cdb = [0x84, 7, 0x21, 0x22, 0x23, 0x24, 0, 0, 0, 0, 0x31, 0x32, 0x33, 0x34, 0, 0];
        assert_eq!(command.cdb(), Cdb::from(cdb));
        assert_eq!(command.transfer(), Transfer::Read(0x3132_3334));
        assert_eq!(Replay::of(&command.cdb()), ReceiveRodTokenInformation::REPLAY);
    }

    #[test]
    fn an_operation_at_every_length_of_the_answer() {
        let whole = answer();
        assert_eq!(parse(&whole), Ok(information()));
        for length in 0..whole.len() {
            let found = parse(&whole[..length]);
            if length < 32 {
                assert!(found.is_err(), "{length}");
                continue;
            }
            let sense = information().sense.filter(|_| length >= 32 + 18);
            assert_eq!(
                found,
                Ok(RodTokenInformation { sense, tokens: Vec::new(), ..information() }),
                "{length}"
            );
        }
    }

    #[test]
    fn tokens_are_counted_by_the_data_and_not_by_their_length() {
        let list = |length: u32, bytes: usize| [&length.to_be_bytes()[..], &vec![7; bytes]].concat().into();
        for (length, bytes, expected) in
            [(0, 514, 0), (513, 514, 0), (514, 514, 1), (u32::MAX, 514, 1), (1028, 1028, 2), (1028, 1027, 1)]
        {
            assert_eq!(parse_tokens(list(length, bytes)).len(), expected, "{length} {bytes}");
        }
        assert_eq!(parse_tokens(Bytes::from_static(&[0, 0, 2])), []);
    }

    #[test]
    fn states_in_progress() {
        let in_progress: Vec<u8> =
            (0..=u8::MAX).filter(|code| CopyOperationStatus(*code).is_in_progress()).collect();
        assert_eq!(in_progress, [0x10, 0x11, 0x12]);
    }
}
