//! The portals of a target at which a lost session may be replaced.

use iscsi_pdu::Portal;

/// The most portals that are kept: a target names them.
const MOST_PORTALS: usize = 64;

/// The other portals of a target, beside the one of the first login.
#[derive(Clone, Debug, Default)]
pub(super) struct Portals {
    /// Of the portal group of the session: a login there ends the tasks of the lost session.
    same_group: Vec<Portal>,
    /// Of other groups, or of unknown ones.
    other_groups: Vec<Portal>,
}

impl Portals {
    /// Adds a portal with its group, which is the one of the session or another one.
    pub(super) fn add(&mut self, portal: Portal, is_same_group: bool) {
        let is_known = self.same_group.contains(&portal) || self.other_groups.contains(&portal);
        if is_known || self.same_group.len() + self.other_groups.len() >= MOST_PORTALS {
            return;
        }
        if is_same_group { &mut self.same_group } else { &mut self.other_groups }.push(portal);
    }

    /// The portal of an attempt, counted from 1; `None` for the one of the first login. All take turns. Those of other groups
    /// are for a session whose commands have failed: there the old tasks would go on, and none could be sent again.
    pub(super) fn of_attempt(&self, attempt: u32, has_commands: bool) -> Option<&Portal> {
        let others: &[Portal] = if has_commands { &[] } else { &self.other_groups };
        let all = self.same_group.len() + others.len() + 1;
        let turn = (attempt as usize).saturating_sub(1) % all;
        self.same_group.iter().chain(others).nth(turn.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(port: u16) -> Portal {
        Portal { host: "192.0.2.1".to_owned(), port }
    }

    fn ports(portals: &Portals, has_commands: bool) -> Vec<u16> {
        (1..=6)
            .map(|attempt| portals.of_attempt(attempt, has_commands).map_or(0, |portal| portal.port))
            .collect()
    }

    #[test]
    fn portals_take_turns_and_the_first_one_begins() {
        let mut portals = Portals::default();
        assert_eq!(ports(&portals, true), [0; 6]);
        portals.add(portal(3), false);
        portals.add(portal(1), true);
        portals.add(portal(2), true);
        assert_eq!(ports(&portals, true), [0, 1, 2, 0, 1, 2]);
        assert_eq!(ports(&portals, false), [0, 1, 2, 3, 0, 1]);
    }

    #[test]
    fn portals_are_kept_once_and_are_bounded() {
        let mut portals = Portals::default();
        for is_other in [false, true] {
            (1..=10).for_each(|port| portals.add(portal(port), (port % 2 == 0) != is_other));
            assert_eq!((portals.same_group.len(), portals.other_groups.len()), (5, 5));
        }
        (11..=70).for_each(|port| portals.add(portal(port), port % 2 == 0));
        assert_eq!((portals.same_group.len(), portals.other_groups.len()), (32, 32));
    }
}
