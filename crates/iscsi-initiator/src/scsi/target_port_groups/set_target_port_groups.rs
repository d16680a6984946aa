//! SET TARGET PORT GROUPS (SPC-4, 6.45).

use bytes::Bytes;

use super::AccessState;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// SET TARGET PORT GROUPS: gives groups of ports other access states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetTargetPortGroups {
    /// The groups to change.
    pub groups: Vec<TargetPortGroupState>,
}

/// A group and the state it is to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetPortGroupState {
    /// The identifier of the group.
    pub id: u16,
    /// The state: active/optimized, active/non-optimized, standby, unavailable or offline.
    pub state: AccessState,
}

impl Command for SetTargetPortGroups {
    type Answer = ();
    const NAME: &'static str = "SET TARGET PORT GROUPS";
    /// Another initiator, or the target, may have set other states in between.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let length = u32::try_from(4 + 4 * self.groups.len()).unwrap_or(u32::MAX);
        Cdb::new(0xa4).with(1, &[0x0a]).with(6, &length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        let descriptor = |group: &TargetPortGroupState| {
            let [high, low] = group.id.to_be_bytes();
            [group.state.0 & 0x0f, 0, high, low]
        };
        let list: Vec<u8> =
            [[0; 4]].into_iter().chain(self.groups.iter().map(descriptor)).flatten().collect();
        Transfer::Write(list.into())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_and_the_list_of_groups() {
        let groups = vec![
            TargetPortGroupState { id: 0x1234, state: AccessState::STANDBY },
            TargetPortGroupState { id: 2, state: AccessState(0xfe) },
        ];
        let command = SetTargetPortGroups { groups };
        assert_eq!(command.cdb()[..12], [0xa4, 0x0a, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0]);
        let list = vec![0, 0, 0, 0, 2, 0, 0x12, 0x34, 0x0e, 0, 0, 2];
        assert_eq!(command.transfer(), Transfer::Write(list.into()));
        assert_eq!(Replay::of(&command.cdb()), SetTargetPortGroups::REPLAY);
    }

    #[test]
    fn no_groups_are_a_header_alone() {
        let command = SetTargetPortGroups::default();
        assert_eq!(command.cdb()[6..10], [0, 0, 0, 4]);
        assert_eq!(command.transfer(), Transfer::Write(vec![0; 4].into()));
    }
}
