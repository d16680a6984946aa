//! The reasons to give a nexus up although another login would succeed.

use std::fmt;

use iscsi_pdu::Lun;

use super::identity::UnitDifference;
use crate::error::Error;

/// Why a nexus was given up: to go on could damage data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The logical unit is another one than before.
    OtherUnit(Lun, UnitDifference),
    /// Another initiator has reserved the logical unit meanwhile.
    ReservationConflict(Lun),
    /// Another initiator logs in with the same name and ISID.
    TakenOver,
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::from(*self).fmt(formatter)
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::OtherUnit(lun, difference) => Self::OtherUnit { lun, property: difference.name() },
            Stop::ReservationConflict(lun) => Self::ReservationConflict { lun },
            Stop::TakenOver => Self::TakenOver,
        }
    }
}
