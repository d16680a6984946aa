//! REPORT SUPPORTED OPERATION CODES for all commands (SPC-4, 6.35).

use bytes::Bytes;

use super::command_timeouts::CommandTimeouts;
use crate::scsi::parameter_data::ParameterData;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// The length of a descriptor without timeouts.
const DESCRIPTOR_LENGTH: usize = 8;

/// REPORT SUPPORTED OPERATION CODES for all commands that the logical unit supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportAllOperationCodes {
    /// The timeouts of the commands are returned as well (RCTD).
    pub timeouts: bool,
    /// The most bytes that the target may send.
    pub allocation_length: u32,
}

impl Default for ReportAllOperationCodes {
    /// Without timeouts; 8192 bytes, which is enough for 1000 commands.
    fn default() -> Self {
        Self { timeouts: false, allocation_length: 8192 }
    }
}

/// A command that the logical unit supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SupportedCommand {
    /// Its operation code.
    pub operation_code: u8,
    /// Its service action, if the command has one (SERVACTV).
    pub service_action: Option<u16>,
    /// The length of its command descriptor block in bytes.
    pub cdb_length: u16,
    /// Its timeouts, if they were asked for and the unit knows them.
    pub timeouts: Option<CommandTimeouts>,
}

impl Command for ReportAllOperationCodes {
    /// In the order of the target; a command whose descriptor is cut off ends the list.
    type Answer = Vec<SupportedCommand>;
    const NAME: &'static str = "REPORT SUPPORTED OPERATION CODES";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let options = u8::from(self.timeouts) << 7;
        Cdb::new(0xa3).with(1, &[0x0c, options]).with(6, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length)
    }

    fn parse(&self, data: Bytes) -> Result<Vec<SupportedCommand>, CommandError> {
        let Some((length, rest)) = data.split_first_chunk() else {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 4", data.len())));
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (mut rest, mut commands) = (rest.get(..length).unwrap_or(rest), Vec::new());
        while let Some((command, behind)) = SupportedCommand::split_from(rest) {
            commands.push(command);
            rest = behind;
        }
        Ok(commands)
    }
}

impl SupportedCommand {
    fn split_from(bytes: &[u8]) -> Option<(Self, &[u8])> {
        const SERVACTV: u8 = 0x01;
        const CTDP: u8 = 0x02;
        let (descriptor, rest) = bytes.split_first_chunk::<DESCRIPTOR_LENGTH>()?;
        let data = ParameterData(descriptor);
        let (timeouts, rest) = if data.flag(5, CTDP) {
            let (timeouts, rest) = CommandTimeouts::split_from(rest)?;
            (Some(timeouts), rest)
        } else {
            (None, rest)
        };
        let command = Self {
            operation_code: data.byte(0),
            service_action: data.flag(5, SERVACTV).then_some(data.u16(2)),
            cdb_length: data.u16(6),
            timeouts,
        };
        Some((command, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: [u8; 32] = [
        0, 0, 0, 28, // length
        0x9e, 9, 0x00, 0x10, 9, 0x03, 0, 16, 0, 10, 0, 0x12, 0, 0, 0, 30, 0, 0, 0, 60, // with timeouts
        0x28, 0, 0, 0, 0, 0, 0, 10, // without
    ];

    fn parse(data: &[u8]) -> Result<Vec<SupportedCommand>, CommandError> {
        ReportAllOperationCodes::default().parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn a_block_with_all_fields() {
        let command = ReportAllOperationCodes { timeouts: true, allocation_length: 0x1234_5678 };
        assert_eq!(command.cdb()[..12], [0xa3, 0x0c, 0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x1234_5678));
    }

    #[test]
    fn commands_with_and_without_service_action_and_timeouts() {
        let [first, second] = parse(&DATA).unwrap().try_into().unwrap();
        assert_eq!((first.operation_code, first.service_action, first.cdb_length), (0x9e, Some(0x10), 16));
        let timeouts = first.timeouts.unwrap();
        assert_eq!((timeouts.specific, timeouts.nominal_seconds), (0x12, 30));
        assert_eq!(timeouts.recommended_seconds, 60);
        let expected =
            SupportedCommand { operation_code: 0x28, service_action: None, cdb_length: 10, timeouts: None };
        assert_eq!(second, expected);
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..DATA.len() {
            let expected = match length {
                0..4 => None,
                4..24 => Some(0),
                _ => Some(1),
            };
            assert_eq!(parse(&DATA[..length]).ok().map(|list| list.len()), expected, "{length}");
        }
    }

    #[test]
    fn the_length_in_the_header_bounds_the_list() {
        for (length, expected) in [(0_u32, 0), (19, 0), (20, 1), (27, 1), (28, 2), (29, 2), (u32::MAX, 2)] {
            let data = [&length.to_be_bytes(), &DATA[4..]].concat();
            assert_eq!(parse(&data).unwrap().len(), expected, "{length}");
        }
    }
}
