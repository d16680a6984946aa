//! `iscsi discover`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::{
    DiscoveredTarget, DiscoveredTargets, Discovery, Portal, TargetAddress, UnusableRecord, UrlCredentials,
};
use serde::Serialize;

use crate::arguments::values::Output;
use crate::arguments::{Policies, SessionOptions};
use crate::credentials::{self, secret_source};
use crate::failure::Failure;
use crate::messages::{note, warn};
use crate::output::remarks::ShownDeviation;
use crate::output::remarks::{UnauthenticatedReason, tell_unauthenticated};
use crate::{output, session};

pub(super) const EXAMPLE: &str = "Example: iscsi discover 192.0.2.1";
pub(super) const DETAILS: &str = "\
The command sends SendTargets. Discovery has credentials of its own: the given
ones, else those stored for this portal or for discovery. The secret store is
only read.";

#[derive(Args)]
pub(crate) struct Discover {
    #[arg(help = "host[:port], IPv6 addresses in brackets")]
    portal: String,
    #[command(flatten)]
    session: SessionOptions,
}

/// A target of the portal, or a record that names none.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found {
    /// The name of the target.
    target: Option<String>,
    /// The portals at which it can be reached.
    portals: Vec<FoundPortal>,
    /// Addresses and records that cannot be used.
    unusable: Vec<Unusable>,
    /// Deviations of the name from the grammar of names.
    deviations: Vec<ShownDeviation>,
    /// Why the session has no authentication, if it has none and --auth none was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    unauthenticated: Option<UnauthenticatedReason>,
}

/// A portal of a target.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FoundPortal {
    /// `host:port`.
    portal: String,
    /// The portal group tag; null for the portal that answered, when the target names no address.
    portal_group_tag: Option<u16>,
    /// Whether the address is valid on one link only.
    link_local: bool,
    /// Whether the target named `0.0.0.0` or `::`, which stands for the host that was asked.
    unspecified: bool,
    /// Whether the target names the same portal in several portal groups.
    in_several_groups: bool,
    /// Deviations of the address from its form.
    deviations: Vec<ShownDeviation>,
}

/// A record that cannot be used, or an address in one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unusable {
    /// The record as it was received.
    text: String,
    /// Why it cannot be used.
    reason: String,
}

impl Discover {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let portal: Portal = self.portal.parse()?;
        secret_source::check_standard_input(self.session.files())?;
        let request = credentials::request(&self.session, UrlCredentials::default())?;
        let initiator =
            session::initiator(&self.session, Policies::of_one_session(), None, &request, |_| ())?;
        let discovery = async { Ok(initiator.discover_with_details(&portal, &request).await?) };
        let Discovery { found: discovered, session, .. } = session::until_interrupted(discovery).await?;
        tell_unauthenticated(&session);
        for observed in &discovered.login_deviations {
            note(&format!("deviation of the target: {}", ShownDeviation::new(observed)));
        }
        if discovered.more_unusable > 0 {
            warn(&format!("{} more records are unusable and not shown", discovered.more_unusable));
        }
        let found = found(&discovered, &portal, UnauthenticatedReason::of(&session).as_ref());
        output::show_list(output, &found, &format!("no targets at {portal}"), table)
    }
}

fn found(
    discovered: &DiscoveredTargets,
    asked: &Portal,
    unauthenticated: Option<&UnauthenticatedReason>,
) -> Vec<Found> {
    let targets = discovered.targets.iter().map(|target| Found::new(target, asked, unauthenticated.cloned()));
    let nameless = discovered.unusable.iter().map(|record| Found {
        target: None,
        portals: Vec::new(),
        unusable: vec![Unusable::new(record)],
        unauthenticated: unauthenticated.cloned(),
        deviations: Vec::new(),
    });
    targets.chain(nameless).collect()
}

impl Found {
    /// Describes a target. One without addresses is at the portal that was asked (RFC 7143, appendix C).
    fn new(
        target: &DiscoveredTarget,
        asked: &Portal,
        unauthenticated: Option<UnauthenticatedReason>,
    ) -> Self {
        let several = target.portals_in_several_groups();
        let named = target.addresses.iter().map(|address| FoundPortal {
            portal: address.portal(asked).to_string(),
            portal_group_tag: address.portal_group_tag,
            link_local: address.is_link_local(),
            unspecified: address.is_unspecified(),
            in_several_groups: several.contains(&(address.host.as_str(), address.port)),
            deviations: deviations(target, address),
        });
        let mut portals: Vec<_> = named.collect();
        if target.is_at_the_portal_asked() {
            portals.push(FoundPortal::asked(asked));
        }
        let unusable = target.unusable.iter().map(Unusable::new).collect();
        let deviations = target.name_deviation.iter().map(ShownDeviation::new).collect();
        Self { target: Some(target.name.to_string()), portals, unusable, deviations, unauthenticated }
    }
}

fn deviations(target: &DiscoveredTarget, address: &TargetAddress) -> Vec<ShownDeviation> {
    let of_address = target.deviations.iter().filter(|deviation| deviation.address == *address);
    of_address.map(|deviation| ShownDeviation::new(&deviation.observed)).collect()
}

impl FoundPortal {
    /// The portal that answered, for a target without addresses.
    fn asked(portal: &Portal) -> Self {
        Self {
            portal: portal.to_string(),
            portal_group_tag: None,
            link_local: false,
            unspecified: false,
            in_several_groups: false,
            deviations: Vec::new(),
        }
    }

    /// Remarks for the table.
    fn remarks(&self) -> Vec<String> {
        let kinds = [
            (self.link_local, "link-local"),
            (self.unspecified, "unspecified address: the host that was asked"),
            (self.in_several_groups, "in several groups"),
        ];
        let kinds = kinds.into_iter().filter(|(holds, _)| *holds).map(|(_, remark)| remark.to_owned());
        kinds.chain(self.deviations.iter().map(ToString::to_string)).collect()
    }
}

impl Unusable {
    fn new(record: &UnusableRecord) -> Self {
        Self { text: record.text.clone(), reason: record.reason.to_string() }
    }

    fn remark(&self) -> String {
        format!("unusable: \"{}\": {}", self.text, self.reason)
    }
}

fn table(found: &[Found]) -> Table {
    let mut table = output::table(&["TARGET", "PORTAL", "GROUP", "REMARK"]);
    let none = || "-".to_owned();
    for Found { target, portals, unusable, deviations, .. } in found {
        let target = target.clone().unwrap_or_else(none);
        let of_portals = portals.iter().map(|found| {
            let group = found.portal_group_tag.map_or_else(none, |tag| tag.to_string());
            (found.portal.clone(), group, found.remarks())
        });
        let of_records = unusable.iter().map(|record| (none(), none(), vec![record.remark()]));
        // Deviations of the name are shown once.
        let mut remarks: Vec<_> = deviations.iter().map(ToString::to_string).collect();
        for (portal, group, more) in of_portals.chain(of_records) {
            remarks.extend(more);
            output::add_row(&mut table, &[target.clone(), portal, group, remarks.join("; ")]);
            remarks.clear();
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_discover() {
        let file = expect_test::expect_file!["../../../../schemas/discover.schema.json"];
        crate::output::expect_schema::<Vec<Found>>(&file);
    }
}
