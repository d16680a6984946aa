//! The rule for a command that may have been carried out already, when its session is lost.

use super::Cdb;

/// What may be done with a command that the target may have carried out, when the session that sent it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It is sent again: twice is as good as once.
    Repeat,
    /// It is sent again if no other initiator changes the unit: what another one wrote in between would be undone.
    IfSole,
    /// It is not sent again: twice is something else than once, or nothing is known about it.
    Never,
}

impl Replay {
    /// The rule for a command descriptor block. A constant of each operation code, and of the service action where commands
    /// share a code; unknown ones are never sent again.
    ///
    /// ```
    /// use iscsi_initiator::scsi::{Command as _, ReadCapacity16, Replay};
    /// assert_eq!(Replay::of(&ReadCapacity16.cdb()), Replay::Repeat);
    /// ```
    #[must_use]
    #[allow(clippy::match_same_arms, reason = "a table, with a row for each family of commands")]
    pub fn of(cdb: &Cdb) -> Self {
        let [operation_code, service_action, ..] = cdb.head();
        match (operation_code, service_action & 0x1f) {
            // TEST UNIT READY, REQUEST SENSE, INQUIRY, REPORT LUNS, MODE SENSE (6), (10), LOG SENSE, READ CAPACITY (10).
            (0x00 | 0x03 | 0x12 | 0xa0 | 0x1a | 0x5a | 0x4d | 0x25, _) => Self::Repeat,
            // PREVENT ALLOW MEDIUM REMOVAL, which holds for one nexus.
            (0x1e, _) => Self::Repeat,
            // READ CAPACITY (16), GET LBA STATUS.
            (0x9e, 0x10 | 0x12) => Self::Repeat,
            // REPORT TARGET PORT GROUPS, REPORT SUPPORTED OPERATION CODES, ... TASK MANAGEMENT FUNCTIONS.
            (0xa3, 0x0a | 0x0c | 0x0d) => Self::Repeat,
            // READ (6), (10), (12), (16); VERIFY (10), (12), (16); PRE-FETCH (10), (16).
            (0x08 | 0x28 | 0xa8 | 0x88 | 0x2f | 0xaf | 0x8f | 0x34 | 0x90, _) => Self::Repeat,
            // SYNCHRONIZE CACHE (10), (16); READ DEFECT DATA (10), (12); PERSISTENT RESERVE IN.
            (0x35 | 0x91 | 0x37 | 0xb7 | 0x5e, _) => Self::Repeat,
            // RESERVE (6), RELEASE (6).
            (0x16 | 0x17, _) => Self::Repeat,
            // RECEIVE COPY RESULTS with OPERATING PARAMETERS.
            (0x84, 0x03) => Self::Repeat,
            // WRITE (6), (10), (12), (16), WRITE ATOMIC (16); WRITE AND VERIFY (10), (12), (16).
            (0x0a | 0x2a | 0xaa | 0x8a | 0x9c | 0x2e | 0xae | 0x8e, _) => Self::IfSole,
            // MODE SELECT (6), (10).
            (0x15 | 0x55, _) => Self::IfSole,
            // WRITE SAME (10), (16); UNMAP; ORWRITE (16).
            (0x41 | 0x93 | 0x42 | 0x8b, _) => Self::IfSole,
            _ => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{RawCommand, Transfer};

    fn rule(operation_code: u8, service_action: u8) -> Replay {
        RawCommand::new("", operation_code, Transfer::None).with(1, &[service_action]).replay
    }

    /// Each operation code with its rule; the flags beside a service action change nothing.
    #[test]
    fn rules_of_operation_codes() {
        let repeated = [
            0x00, 0x03, 0x08, 0x12, 0x16, 0x17, 0x1a, 0x1e, 0x25, 0x28, 0x2f, 0x34, 0x35, 0x37, 0x4d, 0x5a,
            0x5e, 0x88, 0x8f, 0x90, 0x91, 0xa0, 0xa8, 0xaf, 0xb7,
        ];
        let if_sole = [0x0a, 0x15, 0x2a, 0x2e, 0x41, 0x42, 0x55, 0x8a, 0x8b, 0x8e, 0x93, 0x9c, 0xaa, 0xae];
        for operation_code in 0..=u8::MAX {
            let expected = match operation_code {
                code if repeated.contains(&code) => Replay::Repeat,
                code if if_sole.contains(&code) => Replay::IfSole,
                _ => Replay::Never,
            };
            assert_eq!(rule(operation_code, 0), expected, "{operation_code:#x}");
            assert_eq!(rule(operation_code, 0xe0), expected, "{operation_code:#x}");
        }
    }

    /// Commands that share an operation code are told apart: WRITE LONG is not READ CAPACITY, SET TARGET PORT GROUPS is not
    /// REPORT.
    #[test]
    fn rules_of_service_actions() {
        let repeated = [(0x9e, 0x10), (0x9e, 0x12), (0xa3, 0x0a), (0xa3, 0x0c), (0xa3, 0x0d), (0x84, 0x03)];
        for operation_code in [0x9e, 0x9f, 0xa3, 0xa4, 0x83, 0x84, 0x5f] {
            for service_action in 0..=0x1f {
                let is_repeated = repeated.contains(&(operation_code, service_action));
                let expected = if is_repeated { Replay::Repeat } else { Replay::Never };
                assert_eq!(
                    rule(operation_code, service_action),
                    expected,
                    "{operation_code:#x} {service_action:#x}"
                );
            }
        }
    }
}
