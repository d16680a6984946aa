//! REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (SPC-4, 6.36).

use bytes::Bytes;

use crate::scsi::parameter_data::ParameterData;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS: which task management functions the logical unit supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportTaskManagementFunctions {
    /// The timeouts of the functions are returned as well (REPD).
    pub timeouts: bool,
}

/// The task management functions that a logical unit supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskManagementSupport {
    /// ABORT TASK (ATS).
    pub abort_task: bool,
    /// ABORT TASK SET (ATSS).
    pub abort_task_set: bool,
    /// CLEAR ACA (CACAS).
    pub clear_aca: bool,
    /// CLEAR TASK SET (CTSS).
    pub clear_task_set: bool,
    /// LOGICAL UNIT RESET (LURS).
    pub logical_unit_reset: bool,
    /// QUERY TASK (QTS).
    pub query_task: bool,
    /// QUERY ASYNCHRONOUS EVENT (QAES).
    pub query_asynchronous_event: bool,
    /// QUERY TASK SET (QTSS).
    pub query_task_set: bool,
    /// `I_T` NEXUS RESET (ITNRS).
    pub nexus_reset: bool,
    /// How long the functions take, if that was asked for and the unit knows it (TMFTMOV).
    pub timeouts: Option<TaskManagementTimeouts>,
}

/// How long task management functions take, in tenths of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskManagementTimeouts {
    /// The time after which the initiator may give up a function that is not in `short_functions`.
    pub long: u32,
    /// The time of the others.
    pub short: u32,
    /// The functions to which the short time applies, in the two bytes of their flags.
    pub short_functions: u16,
}

impl ReportTaskManagementFunctions {
    const fn length(self) -> u32 {
        if self.timeouts { 16 } else { 4 }
    }
}

impl Command for ReportTaskManagementFunctions {
    type Answer = TaskManagementSupport;
    const NAME: &'static str = "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let options = u8::from(self.timeouts) << 7;
        Cdb::new(0xa3).with(1, &[0x0d, options]).with(6, &self.length().to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.length())
    }

    fn parse(&self, data: Bytes) -> Result<TaskManagementSupport, CommandError> {
        if data.len() < 2 {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 4", data.len())));
        }
        let timeouts = TaskManagementTimeouts::parse(&data);
        let data = ParameterData(&data);
        Ok(TaskManagementSupport {
            abort_task: data.flag(0, 0x80),
            abort_task_set: data.flag(0, 0x40),
            clear_aca: data.flag(0, 0x20),
            clear_task_set: data.flag(0, 0x10),
            logical_unit_reset: data.flag(0, 0x08),
            query_task: data.flag(0, 0x04),
            query_asynchronous_event: data.flag(1, 0x04),
            query_task_set: data.flag(1, 0x02),
            nexus_reset: data.flag(1, 0x01),
            timeouts,
        })
    }
}

impl TaskManagementTimeouts {
    /// `None` if the unit states none, or they are cut off.
    fn parse(bytes: &[u8]) -> Option<Self> {
        const LENGTH: usize = 16;
        const TMFTMOV: u8 = 0x01;
        let data = ParameterData(bytes.first_chunk::<LENGTH>()?);
        data.flag(4, TMFTMOV).then(|| Self {
            long: data.u32(8),
            short: data.u32(12),
            short_functions: data.u16(6),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: [u8; 16] = [0xa8, 0x05, 0, 12, 0x01, 0, 0x12, 0x34, 0, 0, 1, 2, 0, 0, 3, 4];

    fn parse(data: &[u8]) -> Result<TaskManagementSupport, CommandError> {
        ReportTaskManagementFunctions { timeouts: true }.parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn blocks_of_both_forms() {
        let block = |timeouts| ReportTaskManagementFunctions { timeouts }.cdb()[..12].to_vec();
        assert_eq!(block(true), [0xa3, 0x0d, 0x80, 0, 0, 0, 0, 0, 0, 16, 0, 0]);
        assert_eq!(block(false), [0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0]);
        assert_eq!(ReportTaskManagementFunctions { timeouts: true }.transfer(), Transfer::Read(16));
    }

    /// Every second flag, then the others.
    #[test]
    fn functions_and_timeouts() {
        let timeouts = TaskManagementTimeouts { long: 0x0102, short: 0x0304, short_functions: 0x1234 };
        let expected = TaskManagementSupport {
            abort_task: true,
            clear_aca: true,
            logical_unit_reset: true,
            query_asynchronous_event: true,
            nexus_reset: true,
            timeouts: Some(timeouts),
            ..TaskManagementSupport::default()
        };
        assert_eq!(parse(&DATA), Ok(expected));
        let expected = TaskManagementSupport {
            abort_task_set: true,
            clear_task_set: true,
            query_task: true,
            query_task_set: true,
            ..TaskManagementSupport::default()
        };
        assert_eq!(parse(&[0x54, 0x02, 0, 0]), Ok(expected));
    }

    #[test]
    fn timeouts_that_are_not_valid_are_none() {
        let data = [&DATA[..4], &[0xfe], &DATA[5..]].concat();
        assert_eq!(parse(&data).unwrap().timeouts, None);
    }

    #[test]
    fn data_cut_off_at_every_length() {
        for length in 0..DATA.len() {
            let found = parse(&DATA[..length]);
            assert_eq!(found.is_ok(), length >= 2, "{length}");
            assert!(found.is_ok_and(|support| support.timeouts.is_none()) == (length >= 2), "{length}");
        }
    }
}
