//! LOG SENSE (SPC-4, 6.8).

use bytes::Bytes;

use super::log_page::LogPage;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// LOG SENSE: reads a log page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSense {
    /// The code of the page, 0 to 0x3f; 0 for the list of pages.
    pub page: u8,
    /// The code of the subpage, 0 for none; 0xff for all of them.
    pub subpage: u8,
    /// Which values are returned.
    pub values: LogValues,
    /// The unit saves the parameters that can be saved (SP).
    pub save_parameters: bool,
    /// The code of the first parameter that is returned; parameters are in the order of their codes.
    pub first_parameter: u16,
    /// The most bytes that the target may send.
    pub allocation_length: u16,
}

/// Which values of log parameters are returned (PC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogValues(pub u8);

impl LogValues {
    /// Thresholds.
    pub const THRESHOLD: Self = Self(0);
    /// What was counted.
    pub const CUMULATIVE: Self = Self(1);
    /// Thresholds that the unit has by default.
    pub const DEFAULT_THRESHOLD: Self = Self(2);
    /// Counts that the unit has by default.
    pub const DEFAULT_CUMULATIVE: Self = Self(3);
}

impl Default for LogSense {
    /// The list of pages; 4096 bytes. With the code of another page, what was counted.
    fn default() -> Self {
        Self {
            page: 0,
            subpage: 0,
            values: LogValues::CUMULATIVE,
            save_parameters: false,
            first_parameter: 0,
            allocation_length: 4096,
        }
    }
}

impl Command for LogSense {
    type Answer = LogPage;
    const NAME: &'static str = "LOG SENSE";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let page = self.values.0 << 6 | self.page & 0x3f;
        Cdb::new(0x4d)
            .with(1, &[self.save_parameters.into(), page, self.subpage])
            .with(5, &self.first_parameter.to_be_bytes())
            .with(7, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    fn parse(&self, data: Bytes) -> Result<LogPage, CommandError> {
        LogPage::parse(&data).ok_or_else(|| {
            CommandError::invalid(Self::NAME, format!("cut off in its header: {} bytes of 4", data.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_with_all_fields() {
        let command = LogSense {
            page: 0x0d,
            subpage: 0x02,
            values: LogValues::DEFAULT_CUMULATIVE,
            save_parameters: true,
            first_parameter: 0x1234,
            allocation_length: 0x5678,
        };
        assert_eq!(command.cdb()[..10], [0x4d, 0x01, 0xcd, 0x02, 0, 0x12, 0x34, 0x56, 0x78, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x5678));
        assert_eq!(LogSense::default().cdb()[..10], [0x4d, 0, 0x40, 0, 0, 0, 0, 0x10, 0, 0]);
        let other = LogSense { page: 0xff, values: LogValues::THRESHOLD, ..LogSense::default() };
        assert_eq!(other.cdb()[2], 0x3f, "the code of a page has six bits");
    }

    #[test]
    fn an_answer_cut_off_in_its_header_is_an_error() {
        for length in 0..4 {
            assert!(LogSense::default().parse(vec![0; length].into()).is_err(), "{length}");
        }
        assert!(LogSense::default().parse(vec![0; 4].into()).is_ok());
    }
}
