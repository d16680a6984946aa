//! REPORT SUPPORTED OPERATION CODES for one command (SPC-4, 6.35.3).

use bytes::Bytes;

use super::command_timeouts::CommandTimeouts;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// REPORT SUPPORTED OPERATION CODES for one command: whether the logical unit supports it, and which of its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportOperationCode {
    /// The operation code.
    pub operation_code: u8,
    /// The service action, which has to be there exactly if the command has one.
    pub service_action: Option<u16>,
    /// The timeouts of the command are returned as well (RCTD).
    pub timeouts: bool,
}

/// What a logical unit supports of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationCodeReport {
    /// Whether it supports the command.
    pub support: CommandSupport,
    /// A mask of the bits of the command descriptor block that the unit looks at, with the operation code in the first byte (CDB
    /// USAGE DATA). Empty if the unit does not support the command; shorter if the answer was cut off.
    pub usage: Vec<u8>,
    /// The timeouts of the command, if they were asked for, the unit knows them, and they were not cut off.
    pub timeouts: Option<CommandTimeouts>,
}

/// Whether a command is supported (SUPPORT).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CommandSupport(pub u8);

impl CommandSupport {
    /// The unit cannot say at present.
    pub const UNKNOWN: Self = Self(0);
    /// It is not supported.
    pub const NONE: Self = Self(1);
    /// It is supported as the standard says.
    pub const STANDARD: Self = Self(3);
    /// It is supported in the way of the vendor.
    pub const VENDOR: Self = Self(5);
}

impl ReportOperationCode {
    /// Space for a header, the longest block, and timeouts.
    const LENGTH: u32 = 4 + 260 + 12;
}

impl Command for ReportOperationCode {
    type Answer = OperationCodeReport;
    const NAME: &'static str = "REPORT SUPPORTED OPERATION CODES";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        const ONE_WITHOUT_SERVICE_ACTION: u8 = 1;
        const ONE_WITH_SERVICE_ACTION: u8 = 2;
        let option = match self.service_action {
            None => ONE_WITHOUT_SERVICE_ACTION,
            Some(_) => ONE_WITH_SERVICE_ACTION,
        };
        let options = u8::from(self.timeouts) << 7 | option;
        Cdb::new(0xa3)
            .with(1, &[0x0c, options, self.operation_code])
            .with(4, &self.service_action.unwrap_or(0).to_be_bytes())
            .with(6, &Self::LENGTH.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(Self::LENGTH)
    }

    fn parse(&self, data: Bytes) -> Result<OperationCodeReport, CommandError> {
        const CTDP: u8 = 0x80;
        let Some((&[_, flags, high, low], rest)) = data.split_first_chunk::<4>() else {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 4", data.len())));
        };
        let length = u16::from_be_bytes([high, low]).into();
        let (usage, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let timeouts = CommandTimeouts::split_from(behind).filter(|_| flags & CTDP != 0);
        Ok(OperationCodeReport {
            support: CommandSupport(flags & 0x07),
            usage: usage.to_vec(),
            timeouts: timeouts.map(|(timeouts, _)| timeouts),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: [u8; 22] = [9, 0x83, 0, 6, 0x12, 1, 0xff, 0xff, 0xff, 0, 0, 10, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2];

    fn parse(data: &[u8]) -> Result<OperationCodeReport, CommandError> {
        ReportOperationCode::default().parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn blocks_with_and_without_service_action() {
        let command =
            ReportOperationCode { operation_code: 0x9e, service_action: Some(0x1234), timeouts: true };
        assert_eq!(command.cdb()[..12], [0xa3, 0x0c, 0x82, 0x9e, 0x12, 0x34, 0, 0, 1, 0x14, 0, 0]);
        assert_eq!(command.transfer(), Transfer::Read(276));
        let command = ReportOperationCode { operation_code: 0x12, ..ReportOperationCode::default() };
        assert_eq!(command.cdb()[..6], [0xa3, 0x0c, 0x01, 0x12, 0, 0]);
    }

    #[test]
    fn support_with_usage_and_timeouts() {
        let found = parse(&DATA).unwrap();
        assert_eq!((found.support, &found.usage[..]), (CommandSupport::STANDARD, &DATA[4..10]));
        let timeouts = found.timeouts.unwrap();
        let seconds = (timeouts.nominal_seconds, timeouts.recommended_seconds);
        assert_eq!((timeouts.specific, seconds), (3, (1, 2)));
        let without = [&[9, 0x03], &DATA[2..]].concat();
        assert_eq!(parse(&without).unwrap().timeouts, None);
        let unsupported = parse(&[0, 1, 0, 0]).unwrap();
        assert_eq!((unsupported.support, unsupported.usage.len()), (CommandSupport::NONE, 0));
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..DATA.len() {
            let found = parse(&DATA[..length]).ok();
            let usage = found.as_ref().map(|report| report.usage.len());
            assert_eq!(usage, (length >= 4).then(|| (length - 4).min(6)), "{length}");
            assert!(found.is_none_or(|report| report.timeouts.is_none()), "{length}");
        }
    }
}
