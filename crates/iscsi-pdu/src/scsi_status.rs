//! SCSI status codes (RFC 7143, 11.4.2; SAM-5 5.3).

use core::fmt;

/// Status of a SCSI command. Unknown values are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScsiStatus(pub u8);

impl ScsiStatus {
    /// Done.
    pub const GOOD: Self = Self(0x00);
    /// Sense data tells what happened.
    pub const CHECK_CONDITION: Self = Self(0x02);
    /// Done, and the condition asked for was met.
    pub const CONDITION_MET: Self = Self(0x04);
    /// The logical unit cannot take the command now.
    pub const BUSY: Self = Self(0x08);
    /// Good status of a command within a linked series (obsolete in SAM-4).
    pub const INTERMEDIATE: Self = Self(0x10);
    /// The same, with the condition met (obsolete in SAM-4).
    pub const INTERMEDIATE_CONDITION_MET: Self = Self(0x14);
    /// Another initiator holds a reservation.
    pub const RESERVATION_CONFLICT: Self = Self(0x18);
    /// The task set has no room.
    pub const TASK_SET_FULL: Self = Self(0x28);
    /// An auto contingent allegiance condition is in force.
    pub const ACA_ACTIVE: Self = Self(0x30);
    /// Another initiator's action aborted the task.
    pub const TASK_ABORTED: Self = Self(0x40);

    /// May this status stand in a Data-In PDU (11.7.3)?
    #[must_use]
    pub const fn is_allowed_in_data_in(self) -> bool {
        matches!(
            self,
            Self::GOOD | Self::CONDITION_MET | Self::INTERMEDIATE | Self::INTERMEDIATE_CONDITION_MET
        )
    }

    /// The name of the status in SAM, if it is assigned.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::GOOD => "GOOD",
            Self::CHECK_CONDITION => "CHECK CONDITION",
            Self::CONDITION_MET => "CONDITION MET",
            Self::BUSY => "BUSY",
            Self::INTERMEDIATE => "INTERMEDIATE",
            Self::INTERMEDIATE_CONDITION_MET => "INTERMEDIATE-CONDITION MET",
            Self::RESERVATION_CONFLICT => "RESERVATION CONFLICT",
            Self::TASK_SET_FULL => "TASK SET FULL",
            Self::ACA_ACTIVE => "ACA ACTIVE",
            Self::TASK_ABORTED => "TASK ABORTED",
            _ => return None,
        })
    }
}

impl fmt::Display for ScsiStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "status 0x{:02x}", self.0),
        }
    }
}

impl fmt::Debug for ScsiStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ScsiStatus(0x{:02x})", self.0)
    }
}
