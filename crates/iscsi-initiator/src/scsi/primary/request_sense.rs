//! REQUEST SENSE (SPC-4, 6.39).

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, SenseData, Transfer};

/// REQUEST SENSE: asks for the state of the logical unit, such as a unit attention or the progress of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestSense {
    /// The unit shall answer in descriptor format (DESC), which has space for addresses of eight bytes.
    pub descriptor_format: bool,
    /// The most bytes that the target may send.
    pub allocation_length: u8,
}

impl Default for RequestSense {
    /// Fixed format, which every unit has; 252 bytes.
    fn default() -> Self {
        Self { descriptor_format: false, allocation_length: 252 }
    }
}

impl Command for RequestSense {
    /// Key NO SENSE if there is nothing to report.
    type Answer = SenseData;
    const NAME: &'static str = "REQUEST SENSE";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x03).with(1, &[self.descriptor_format.into()]).with(4, &[self.allocation_length])
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    /// Takes either format, whatever was asked for.
    fn parse(&self, data: Bytes) -> Result<SenseData, CommandError> {
        SenseData::parse(&data).ok_or_else(|| {
            let reason = match data.first() {
                Some(code) if !(0x70..=0x73).contains(&(code & 0x7f)) => {
                    format!("response code 0x{:02x} is that of no sense data", code & 0x7f)
                }
                _ => format!("cut off after {} bytes", data.len()),
            };
            CommandError::invalid(Self::NAME, reason)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{SenseKey, SenseKeySpecific};

    const FIXED: [u8; 18] = [0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x04, 0x04, 0, 0x80, 0x80, 0];

    fn parse(data: &[u8]) -> Result<SenseData, CommandError> {
        RequestSense::default().parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_has_the_format_and_the_length() {
        let command = RequestSense { descriptor_format: true, allocation_length: 0x12 };
        assert_eq!(command.cdb()[..6], [0x03, 0x01, 0, 0, 0x12, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x12));
        assert_eq!(RequestSense::default().cdb()[..6], [0x03, 0, 0, 0, 252, 0]);
    }

    #[test]
    fn the_progress_of_a_format() {
        let sense = parse(&FIXED).unwrap();
        assert_eq!((sense.key, sense.asc, sense.ascq), (SenseKey::NOT_READY, 0x04, 0x04));
        assert_eq!(sense.details.key_specific, Some(SenseKeySpecific::Progress(0x8000)));
        assert_eq!(parse(&[0x72, 0, 0, 0]), Ok(SenseData::new(SenseKey::NO_SENSE, 0, 0)));
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..FIXED.len() {
            let found = parse(&FIXED[..length]);
            assert_eq!(found.is_ok(), length >= 3, "{length}");
            let is_whole = found.is_ok_and(|sense| sense.details.key_specific.is_some());
            assert!(!is_whole, "{length}");
        }
    }

    #[test]
    fn other_data_are_no_sense_data() {
        let error = parse(&[0x7f; 18]).unwrap_err();
        assert_eq!(
            error,
            CommandError::invalid("REQUEST SENSE", "response code 0x7f is that of no sense data")
        );
        assert_eq!(parse(&[0x70, 0]), Err(CommandError::invalid("REQUEST SENSE", "cut off after 2 bytes")));
    }
}
