//! Unit attentions: the events that a logical unit reports by failing the next command, which it does not carry out (SPC-4,
//! annex F).

use crate::scsi::SenseData;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttentionKind {
    /// Power on, or a reset: the content of a volatile cache may be lost.
    PowerOnOrReset,
    /// The session is new to the unit.
    NexusLoss,
    /// The size of the medium has changed.
    CapacityChanged,
    /// The target's list of logical units has changed.
    LunsChanged,
    /// Mode or log parameters have changed, write protection for one.
    ParametersChanged,
    /// Another initiator has preempted or released a reservation or a registration.
    ReservationsPreempted,
    /// A threshold is reached: the space of a thin unit, or a prediction of failure.
    Threshold,
    /// The medium, or the device behind the LUN, may be another one.
    MediumChanged,
    /// Commands were cleared by an event or by another initiator.
    CommandsCleared,
    /// The path to the unit has another state.
    AccessStateChanged,
    /// Any other event.
    Other,
}

/// The consequence of an event for the command that reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consequence {
    /// The command is sent again.
    Absorb,
    /// What is known of the unit is read anew, and the command is sent again.
    ReadAnew,
    /// The command fails with the event: the caller has to know.
    Report,
}

/// A row of the table: codes from `first` to `last`.
type Row = (u8, u8, u8, AttentionKind);

/// The events by ASC and the range of ASCQ; the first row that fits counts.
const TABLE: [Row; 16] = [
    (0x28, 0x00, 0xff, AttentionKind::MediumChanged),
    (0x29, 0x00, 0x04, AttentionKind::PowerOnOrReset),
    (0x29, 0x07, 0x07, AttentionKind::NexusLoss),
    (0x2a, 0x00, 0x02, AttentionKind::ParametersChanged),
    (0x2a, 0x03, 0x05, AttentionKind::ReservationsPreempted),
    (0x2a, 0x06, 0x07, AttentionKind::AccessStateChanged),
    (0x2a, 0x09, 0x09, AttentionKind::CapacityChanged),
    (0x2f, 0x00, 0xff, AttentionKind::CommandsCleared),
    (0x38, 0x00, 0xff, AttentionKind::Threshold),
    (0x3f, 0x03, 0x03, AttentionKind::ParametersChanged),
    (0x3f, 0x05, 0x05, AttentionKind::MediumChanged),
    (0x3f, 0x0e, 0x0e, AttentionKind::LunsChanged),
    (0x47, 0x7f, 0x7f, AttentionKind::CommandsCleared),
    (0x5d, 0x00, 0xff, AttentionKind::Threshold),
    (0x0b, 0x00, 0xff, AttentionKind::Threshold),
    (0x5a, 0x00, 0xff, AttentionKind::MediumChanged),
];

impl AttentionKind {
    /// The kind of the event that these sense data report.
    #[must_use]
    pub fn of(sense: SenseData) -> Self {
        let fits = |row: &&Row| row.0 == sense.asc && (row.1..=row.2).contains(&sense.ascq);
        TABLE.iter().find(fits).map_or(Self::Other, |row| row.3)
    }

    /// What follows from the event for a command that reads or writes, or asks for something.
    #[must_use]
    pub const fn consequence(self) -> Consequence {
        match self {
            Self::PowerOnOrReset
            | Self::NexusLoss
            | Self::LunsChanged
            | Self::Threshold
            | Self::CommandsCleared
            | Self::AccessStateChanged
            | Self::Other => Consequence::Absorb,
            Self::CapacityChanged | Self::ParametersChanged => Consequence::ReadAnew,
            Self::ReservationsPreempted | Self::MediumChanged => Consequence::Report,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::SenseKey;

    fn kind(asc: u8, ascq: u8) -> AttentionKind {
        AttentionKind::of(SenseData::new(SenseKey::UNIT_ATTENTION, asc, ascq))
    }

    /// What the session makes of a reset is what is made of it here.
    #[test]
    fn resets_are_those_that_lose_a_cache() {
        for (asc, ascq) in (0..=u8::MAX).flat_map(|asc| (0..=u8::MAX).map(move |ascq| (asc, ascq))) {
            let sense = SenseData::new(SenseKey::UNIT_ATTENTION, asc, ascq);
            let is_reset = kind(asc, ascq) == AttentionKind::PowerOnOrReset;
            assert_eq!(sense.reports_reset(), is_reset, "{asc:02x}/{ascq:02x}");
        }
        let other = SenseData::new(SenseKey::NOT_READY, 0x29, 0);
        assert!(!other.reports_reset());
    }

    /// Both ends of each range, and the codes beside them.
    #[test]
    fn events_by_their_codes() {
        use AttentionKind as Kind;
        for (asc, ascq, expected) in [
            (0x28, 0x00, Kind::MediumChanged),
            (0x28, 0xff, Kind::MediumChanged),
            (0x29, 0x00, Kind::PowerOnOrReset),
            (0x29, 0x04, Kind::PowerOnOrReset),
            (0x29, 0x05, Kind::Other),
            (0x29, 0x06, Kind::Other),
            (0x29, 0x07, Kind::NexusLoss),
            (0x29, 0x08, Kind::Other),
            (0x2a, 0x00, Kind::ParametersChanged),
            (0x2a, 0x02, Kind::ParametersChanged),
            (0x2a, 0x03, Kind::ReservationsPreempted),
            (0x2a, 0x05, Kind::ReservationsPreempted),
            (0x2a, 0x06, Kind::AccessStateChanged),
            (0x2a, 0x07, Kind::AccessStateChanged),
            (0x2a, 0x08, Kind::Other),
            (0x2a, 0x09, Kind::CapacityChanged),
            (0x2a, 0x0a, Kind::Other),
            (0x2f, 0x00, Kind::CommandsCleared),
            (0x2f, 0xff, Kind::CommandsCleared),
            (0x38, 0x00, Kind::Threshold),
            (0x38, 0xff, Kind::Threshold),
            (0x3f, 0x02, Kind::Other),
            (0x3f, 0x03, Kind::ParametersChanged),
            (0x3f, 0x04, Kind::Other),
            (0x3f, 0x05, Kind::MediumChanged),
            (0x3f, 0x0d, Kind::Other),
            (0x3f, 0x0e, Kind::LunsChanged),
            (0x3f, 0x0f, Kind::Other),
            (0x47, 0x7e, Kind::Other),
            (0x47, 0x7f, Kind::CommandsCleared),
            (0x47, 0x80, Kind::Other),
            (0x5a, 0x00, Kind::MediumChanged),
            (0x5a, 0xff, Kind::MediumChanged),
            (0x5d, 0x00, Kind::Threshold),
            (0x5d, 0xff, Kind::Threshold),
            (0x0b, 0x00, Kind::Threshold),
            (0x0b, 0xff, Kind::Threshold),
            (0x00, 0x00, Kind::Other),
        ] {
            assert_eq!(kind(asc, ascq), expected, "{asc:02x}/{ascq:02x}");
        }
    }

    #[test]
    fn what_concerns_the_caller_is_reported() {
        let reported = [AttentionKind::ReservationsPreempted, AttentionKind::MediumChanged];
        assert!(reported.iter().all(|kind| kind.consequence() == Consequence::Report));
        let read_anew = [AttentionKind::CapacityChanged, AttentionKind::ParametersChanged];
        assert!(read_anew.iter().all(|kind| kind.consequence() == Consequence::ReadAnew));
        let absorbed = [
            AttentionKind::PowerOnOrReset,
            AttentionKind::NexusLoss,
            AttentionKind::LunsChanged,
            AttentionKind::Threshold,
            AttentionKind::CommandsCleared,
            AttentionKind::AccessStateChanged,
            AttentionKind::Other,
        ];
        assert!(absorbed.iter().all(|kind| kind.consequence() == Consequence::Absorb));
    }
}
