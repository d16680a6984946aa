//! Asymmetric access: the target port groups of a logical unit, and the one of this session (SPC-4, 5.15).

use iscsi_initiator::scsi::{Designator, DesignatorValue, TargetPortGroup, TargetPortGroups};
use serde::Serialize;

use crate::output::sections::Sections;

/// The association of a designator with a target port.
const TARGET_PORT: u8 = 1;

/// A group of target ports with its access state.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PortGroupReport {
    /// The identifier of the group.
    id: u16,
    /// The access state by its name in SPC, such as `active/optimized`.
    state: &'static str,
    /// Whether the target prefers this group.
    is_preferred: bool,
    /// Whether the port of this session belongs to the group; null if the target does not tell.
    is_own: Option<bool>,
    /// The relative identifiers of its ports.
    ports: Vec<u16>,
}

/// Describes the groups. The designators are those that the unit names over this session.
pub(super) fn reports(groups: &TargetPortGroups, designators: &[Designator]) -> Vec<PortGroupReport> {
    let own = own_group(&groups.groups, designators);
    let report = |group: &TargetPortGroup| PortGroupReport {
        id: group.id,
        state: group.state.name(),
        is_preferred: group.is_preferred,
        is_own: own.map(|own| own == group.id),
        ports: group.ports.clone(),
    };
    groups.groups.iter().map(report).collect()
}

/// The group of the port of this session: the one that the unit names, else the one that has the port that it names, else the
/// only one.
fn own_group(groups: &[TargetPortGroup], designators: &[Designator]) -> Option<u16> {
    let of_port = designators.iter().filter(|designator| designator.association == TARGET_PORT);
    let values: Vec<DesignatorValue> = of_port.map(Designator::value).collect();
    let named = values.iter().find_map(|value| match value {
        DesignatorValue::TargetPortGroup(group) => Some(*group),
        _ => None,
    });
    let having_port = || {
        let port = values.iter().find_map(|value| match value {
            DesignatorValue::RelativeTargetPort(port) => Some(*port),
            _ => None,
        })?;
        groups.iter().find(|group| group.ports.contains(&port)).map(|group| group.id)
    };
    named.or_else(having_port).or(match groups {
        [only] => Some(only.id),
        _ => None,
    })
}

impl PortGroupReport {
    pub(super) fn rows(groups: &[Self], sections: &mut Sections) {
        sections.heading("Target port groups");
        for group in groups {
            sections.row(&format!("group {}", group.id), group.words());
        }
    }

    fn words(&self) -> String {
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        let preferred = if self.is_preferred { ", preferred" } else { "" };
        let own = if self.is_own == Some(true) { ", this path" } else { "" };
        format!("{}{preferred}{own} (ports {})", self.state, ports.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use iscsi_initiator::scsi::{Command as _, DeviceIdentification, ReportTargetPortGroups, VpdPage as _};

    use super::*;

    /// Groups with their identifiers and one port each.
    fn groups(all: &[(u8, u8)]) -> TargetPortGroups {
        let list = all.iter().flat_map(|(id, port)| [0x80, 0x0f, 0, *id, 0, 0, 0, 1, 0, 0, 0, *port]);
        let list: Vec<u8> = list.collect();
        let length = u32::try_from(list.len()).unwrap().to_be_bytes();
        let data = [&length[..], &list].concat();
        ReportTargetPortGroups::default().parse(Bytes::from(data)).unwrap()
    }

    /// Designators of four bytes each: association and type, and number.
    fn designators(all: &[(u8, u8)]) -> Vec<Designator> {
        let content: Vec<u8> =
            all.iter().flat_map(|(kind, number)| [1, *kind, 0, 4, 0, 0, 0, *number]).collect();
        DeviceIdentification::parse(&content).unwrap().designators
    }

    fn own(all: &[(u8, u8)], names: &[(u8, u8)]) -> Option<u16> {
        own_group(&groups(all).groups, &designators(names))
    }

    #[test]
    fn the_own_group_is_named_or_has_the_port_or_is_the_only_one() {
        let two = [(1, 11), (2, 12)];
        assert_eq!(own(&two, &[(0x14, 11), (0x15, 2)]), Some(2));
        assert_eq!(own(&two, &[(0x14, 12)]), Some(2));
        assert_eq!(own(&two, &[(0x14, 13)]), None);
        assert_eq!(own(&two, &[]), None);
        assert_eq!(own(&[(7, 1)], &[]), Some(7));
    }

    /// A designator of the unit or of the whole device with the same number says nothing about the port.
    #[test]
    fn only_designators_of_the_port_count() {
        for association in [0x00, 0x20] {
            assert_eq!(own(&[(1, 11), (2, 12)], &[(association | 0x05, 2)]), None);
        }
    }

    #[test]
    fn groups_are_shown_with_state_and_ports() {
        let shown = reports(&groups(&[(1, 11), (2, 12)]), &designators(&[(0x15, 2)]));
        let words: Vec<String> = shown.iter().map(PortGroupReport::words).collect();
        let expected =
            ["active/optimized, preferred (ports 11)", "active/optimized, preferred, this path (ports 12)"];
        assert_eq!(words, expected);
    }
}
