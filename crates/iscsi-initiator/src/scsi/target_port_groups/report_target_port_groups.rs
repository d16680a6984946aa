//! REPORT TARGET PORT GROUPS (SPC-4, 6.37).

use bytes::Bytes;

use super::{AccessState, AccessStates};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// REPORT TARGET PORT GROUPS: lists the groups of ports with their access states.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{Lun, scsi::{AccessState, ReportTargetPortGroups}};
/// let report = session.send(Lun::ZERO, &ReportTargetPortGroups::default()).await?;
/// let optimized = report.groups.iter().filter(|group| group.state == AccessState::ACTIVE_OPTIMIZED);
/// println!("fast ports: {:?}", optimized.flat_map(|group| &group.ports).collect::<Vec<_>>());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportTargetPortGroups {
    /// Asks for the extended header, with the time that a transition takes. Older targets refuse it, or ignore it.
    pub extended: bool,
    /// The most bytes that the target sends: 4 or, extended, 8, for each group 8, and for each port 4. The default is 8192.
    pub allocation_length: u32,
}

impl Default for ReportTargetPortGroups {
    fn default() -> Self {
        Self { extended: false, allocation_length: 8192 }
    }
}

/// The groups of ports that reach a logical unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetPortGroups {
    /// The most seconds that a transition the target begins by itself takes; 0 if the target does not tell. Only an extended
    /// header has it.
    pub implicit_transition_seconds: u8,
    /// The groups in the target's order; those that have come complete.
    pub groups: Vec<TargetPortGroup>,
    /// Whether these are all: `false` if the answer was cut off.
    pub is_complete: bool,
}

/// A group of ports with its access state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetPortGroup {
    /// The identifier of the group.
    pub id: u16,
    /// The state.
    pub state: AccessState,
    /// The target prefers this group (PREF).
    pub is_preferred: bool,
    /// The states that the group can have.
    pub supported_states: AccessStates,
    /// The reason of the state: 0 none, 1 SET TARGET PORT GROUPS, 2 the target itself.
    pub status: u8,
    /// A code of the vendor.
    pub vendor_specific: u8,
    /// The relative identifiers of the ports.
    pub ports: Vec<u16>,
}

impl Command for ReportTargetPortGroups {
    type Answer = TargetPortGroups;
    const NAME: &'static str = "REPORT TARGET PORT GROUPS";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        let format = if self.extended { 0x20 } else { 0x00 };
        Cdb::new(0xa3).with(1, &[format | 0x0a]).with(6, &self.allocation_length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length)
    }

    /// A group that is cut off ends the list. The answer itself tells whether its header is extended.
    fn parse(&self, data: Bytes) -> Result<TargetPortGroups, CommandError> {
        let too_short =
            |least| CommandError::invalid(Self::NAME, format!("{} bytes instead of {least}", data.len()));
        let (length, rest) = data.split_first_chunk().ok_or_else(|| too_short(4))?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let is_cut_off = length > rest.len();
        let rest = rest.get(..length).unwrap_or(rest);
        let (implicit_transition_seconds, mut list) = match *rest {
            [format, seconds, _, _, ref list @ ..] if format & 0x70 == 0x10 => (seconds, list),
            [format, ..] if format & 0x70 == 0x10 => return Err(too_short(8)),
            _ => (0, rest),
        };
        let groups = std::iter::from_fn(|| TargetPortGroup::take(&mut list)).collect();
        let is_complete = !is_cut_off && list.is_empty();
        Ok(TargetPortGroups { implicit_transition_seconds, groups, is_complete })
    }
}

impl TargetPortGroup {
    /// Takes the next descriptor off a list; `None`, and nothing taken, if it is cut off.
    fn take(list: &mut &[u8]) -> Option<Self> {
        let (&[state, supported, id_high, id_low, _, status, vendor_specific, count], rest) =
            list.split_first_chunk()?;
        let (ports, behind) = rest.split_at_checked(usize::from(count) * 4)?;
        let ports = ports.as_chunks().0.iter().map(|&[_, _, high, low]| u16::from_be_bytes([high, low]));
        *list = behind;
        Some(Self {
            id: u16::from_be_bytes([id_high, id_low]),
            state: AccessState(state & 0x0f),
            is_preferred: state & 0x80 != 0,
            supported_states: AccessStates(supported),
            status,
            vendor_specific,
            ports: ports.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: [u8; 28] = [
        0x81, 0xdf, 0x12, 0x34, 0xee, 2, 0x77, 2, 0xee, 0xee, 0, 1, 0xee, 0xee, 0x56,
        0x78, // a group of two ports
        0x0f, 0x01, 0, 2, 0, 1, 0, 1, 0, 0, 0, 3, // and one of one
    ];

    fn answer(header: &[u8]) -> Vec<u8> {
        let length = u32::try_from(header.len() + GROUPS.len()).unwrap();
        [&length.to_be_bytes()[..], header, &GROUPS].concat()
    }

    fn groups() -> [TargetPortGroup; 2] {
        let first = TargetPortGroup {
            id: 0x1234,
            state: AccessState::ACTIVE_NON_OPTIMIZED,
            is_preferred: true,
            supported_states: AccessStates(0xdf),
            status: 2,
            vendor_specific: 0x77,
            ports: vec![1, 0x5678],
        };
        let second = TargetPortGroup {
            id: 2,
            state: AccessState::TRANSITIONING,
            is_preferred: false,
            supported_states: AccessStates(0x01),
            status: 1,
            vendor_specific: 0,
            ports: vec![3],
        };
        [first, second]
    }

    fn parse(data: &[u8]) -> Result<TargetPortGroups, CommandError> {
        ReportTargetPortGroups::default().parse(Bytes::copy_from_slice(data))
    }

    #[test]
    fn the_block_asks_for_a_format_and_a_length() {
        for (extended, second) in [(false, 0x0a), (true, 0x2a)] {
            let command = ReportTargetPortGroups { extended, allocation_length: 0x1234_5678 };
            assert_eq!(command.cdb()[..12], [0xa3, second, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0]);
            assert_eq!(command.transfer(), Transfer::Read(0x1234_5678));
            assert_eq!(Replay::of(&command.cdb()), ReportTargetPortGroups::REPLAY);
        }
    }

    #[test]
    fn groups_at_every_length_of_both_formats() {
        for (header, seconds) in [(&[][..], 0), (&[0x10, 30, 0, 0][..], 30)] {
            let (whole, begin) = (answer(header), 4 + header.len());
            for length in 0..=whole.len() {
                let found = parse(&whole[..length]);
                if length < 4 || (length > 4 && length < begin) {
                    assert!(found.is_err(), "{length}");
                    continue;
                }
                let count = usize::from(length >= begin + 16) + usize::from(length >= begin + 28);
                let expected = TargetPortGroups {
                    implicit_transition_seconds: if length < begin { 0 } else { seconds },
                    groups: groups()[..count].to_vec(),
                    is_complete: count == 2,
                };
                assert_eq!(found, Ok(expected), "{length}");
            }
        }
    }

    #[test]
    fn no_groups_and_lengths_that_lie() {
        let none = parse(&[0, 0, 0, 0, 9, 9]).unwrap();
        assert_eq!((none.groups.len(), none.is_complete), (0, true));
        let beyond = parse(&[&[0xff; 4][..], &GROUPS].concat()).unwrap();
        assert_eq!((beyond.groups, beyond.is_complete), (groups().to_vec(), false));
        let mut ports = answer(&[]);
        ports[4 + 7] = 0xff;
        assert_eq!(parse(&ports).unwrap().groups, []);
    }
}
