//! RECEIVE COPY OPERATING PARAMETERS (SPC-4, 6.23).

use bytes::Bytes;

use super::receive_copy_results::{self, too_short};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// Length of the answer with the longest list in bytes.
const LENGTH: u32 = 44 + 255;
/// Bytes of the answer behind its length and before the list.
const FIXED: usize = 40;

/// RECEIVE COPY RESULTS with OPERATING PARAMETERS: returns the limits of EXTENDED COPY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveCopyOperatingParameters;

/// The limits of EXTENDED COPY. 0 stands for no limit, or for nothing, as the standard says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyOperatingParameters {
    /// The target takes [`ListIdUsage::None`](crate::scsi::ListIdUsage::None) (SNLID).
    pub supports_no_list_id: bool,
    /// The most CSCD descriptors of a copy.
    pub max_units: u16,
    /// The most segments of a copy.
    pub max_segments: u16,
    /// The most bytes of CSCD and segment descriptors together.
    pub max_descriptors_length: u32,
    /// The most bytes of a segment.
    pub max_segment_length: u32,
    /// The most bytes of inline data.
    pub max_inline_data_length: u32,
    /// The most bytes that the target holds for the initiator.
    pub held_data_limit: u32,
    /// The most bytes of one transfer to or from a tape.
    pub max_stream_transfer: u32,
    /// The most copies at a time, of all kinds.
    pub total_concurrent_copies: u16,
    /// The most copies with a list identifier of one byte at a time.
    pub max_concurrent_copies: u8,
    /// The binary logarithm of the granularity of segments, in bytes.
    pub segment_granularity_log2: u8,
    /// The binary logarithm of the granularity of inline data, in bytes.
    pub inline_data_granularity_log2: u8,
    /// The binary logarithm of the granularity of held data, in bytes.
    pub held_data_granularity_log2: u8,
    /// The types of segment and CSCD descriptors that the target takes, such as 02h and E4h.
    pub descriptor_types: Vec<u8>,
}

impl CopyOperatingParameters {
    /// Returns whether the target takes descriptors of a type.
    #[must_use]
    pub fn takes(&self, descriptor_type: u8) -> bool {
        self.descriptor_types.contains(&descriptor_type)
    }

    fn parse(fixed: &[u8; FIXED], types: &[u8]) -> Option<Self> {
        let byte = |at: usize| fixed.get(at).copied();
        let short = |at: usize| fixed.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
        let long = |at: usize| fixed.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        Some(Self {
            supports_no_list_id: byte(0)? & 0x01 != 0,
            max_units: short(4)?,
            max_segments: short(6)?,
            max_descriptors_length: long(8)?,
            max_segment_length: long(12)?,
            max_inline_data_length: long(16)?,
            held_data_limit: long(20)?,
            max_stream_transfer: long(24)?,
            total_concurrent_copies: short(30)?,
            max_concurrent_copies: byte(32)?,
            segment_granularity_log2: byte(33)?,
            inline_data_granularity_log2: byte(34)?,
            held_data_granularity_log2: byte(35)?,
            descriptor_types: types.get(..byte(39)?.into()).unwrap_or(types).to_vec(),
        })
    }
}

impl Command for ReceiveCopyOperatingParameters {
    type Answer = CopyOperatingParameters;
    const NAME: &'static str = "RECEIVE COPY RESULTS (OPERATING PARAMETERS)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        receive_copy_results::cdb(0x03, 0, LENGTH)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(LENGTH)
    }

    /// Fewer than 44 bytes are an error; a list of types that is cut off is shorter.
    fn parse(&self, data: Bytes) -> Result<CopyOperatingParameters, CommandError> {
        let content = receive_copy_results::content(Self::NAME, &data)?;
        let parts = content.split_first_chunk::<FIXED>();
        let parameters = parts.and_then(|(fixed, types)| CopyOperatingParameters::parse(fixed, types));
        parameters.ok_or_else(|| too_short(Self::NAME, &content, FIXED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: [u8; 47] = [
        0, 0, 0, 43, 1, 0xee, 0xee, 0xee, 0x01, 0x02, 0x03, 0x04, 0x11, 0x12, 0x13,
        0x14, // to the descriptors' length
        0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x33, 0x34, 0x41, 0x42, 0x43, 0x44, 0x51, 0x52, 0x53,
        0x54, // to tapes
        0xee, 0xee, 0x61, 0x62, 0x63, 9, 10, 11, 0xee, 0xee, 0xee, 3, // to the length of the list
        0x02, 0x0b, 0xe4,
    ];

    fn parse(data: &[u8]) -> Result<CopyOperatingParameters, CommandError> {
        ReceiveCopyOperatingParameters.parse(Bytes::copy_from_slice(data))
    }

    fn parameters(descriptor_types: &[u8]) -> CopyOperatingParameters {
        CopyOperatingParameters {
            supports_no_list_id: true,
            max_units: 0x0102,
            max_segments: 0x0304,
            max_descriptors_length: 0x1112_1314,
            max_segment_length: 0x2122_2324,
            max_inline_data_length: 0x3132_3334,
            held_data_limit: 0x4142_4344,
            max_stream_transfer: 0x5152_5354,
            total_concurrent_copies: 0x6162,
            max_concurrent_copies: 0x63,
            segment_granularity_log2: 9,
            inline_data_granularity_log2: 10,
            held_data_granularity_log2: 11,
            descriptor_types: descriptor_types.to_vec(),
        }
    }

    #[test]
    fn the_block_has_space_for_the_longest_list() {
        let command = ReceiveCopyOperatingParameters;
        assert_eq!(command.cdb(), Cdb::from([0x84, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2b, 0, 0]));
        assert_eq!(command.transfer(), Transfer::Read(299));
        assert_eq!(Replay::of(&command.cdb()), ReceiveCopyOperatingParameters::REPLAY);
    }

    #[test]
    fn parameters_at_every_length_of_the_answer() {
        for length in 0..=ANSWER.len() {
            let found = parse(&ANSWER[..length]);
            match ANSWER.get(44..length) {
                Some(types) => assert_eq!(found, Ok(parameters(types)), "{length}"),
                None => assert!(found.is_err(), "{length}"),
            }
        }
        let all = parse(&ANSWER).unwrap();
        assert_eq!((all.takes(0xe4), all.takes(0x02), all.takes(0x03)), (true, true, false));
    }

    #[test]
    fn bytes_behind_the_list_are_no_types() {
        let mut data = [&ANSWER[..], &[7, 7]].concat();
        assert_eq!(parse(&data), Ok(parameters(&[0x02, 0x0b, 0xe4])));
        data[43] = 1;
        assert_eq!(parse(&data), Ok(parameters(&[0x02])));
    }
}
