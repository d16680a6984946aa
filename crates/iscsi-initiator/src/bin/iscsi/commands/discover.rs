//! `iscsi discover`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::{DiscoveredTarget, Discovery, Portal, UrlCredentials};
use serde::Serialize;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::unauthenticated::{self, Reason};
use crate::{credentials, output, secret_source, session};

#[derive(Args)]
pub(crate) struct Discover {
    #[arg(help = "host[:port], IPv6 addresses in brackets")]
    portal: String,
}

/// What a portal says about one target.
#[derive(Serialize)]
struct Found {
    target: String,
    portals: Vec<FoundPortal>,
    /// Why the discovery had no authentication, if it had none and that was not demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    unauthenticated: Option<Reason>,
}

#[derive(Serialize)]
struct FoundPortal {
    portal: String,
    portal_group_tag: Option<u16>,
    /// An address that means something on one link only.
    link_local: bool,
    /// The same portal stands in several groups of the target.
    in_several_groups: bool,
}

impl Discover {
    pub(super) async fn run(&self, options: &Options) -> Result<(), Failure> {
        let portal: Portal = self.portal.parse()?;
        secret_source::check_standard_input(options, None)?;
        let request = credentials::request(options, UrlCredentials::default())?;
        let initiator = session::initiator(options, None, &request)?;
        let discovery = async { Ok(initiator.discover_with_details(&portal, &request).await?) };
        let Discovery { targets, session, .. } = session::until_interrupted(discovery).await?;
        unauthenticated::tell(&session);
        let found: Vec<Found> =
            targets.iter().map(|target| Found::new(target, &portal, Reason::of(&session))).collect();
        output::show(options.output, &found, |found| table(found))
    }
}

impl Found {
    /// A target without addresses is at the portal that was asked (RFC 7143, appendix C).
    fn new(target: &DiscoveredTarget, asked: &Portal, unauthenticated: Option<Reason>) -> Self {
        let several = target.portals_in_several_groups();
        let named = target.addresses.iter().map(|address| FoundPortal {
            portal: Portal::from(address).to_string(),
            portal_group_tag: address.portal_group_tag,
            link_local: address.is_link_local(),
            in_several_groups: several.contains(&(address.host.as_str(), address.port)),
        });
        let mut portals: Vec<_> = named.collect();
        if portals.is_empty() {
            portals.push(FoundPortal::asked(asked));
        }
        Self { target: target.name.to_string(), portals, unauthenticated }
    }
}

impl FoundPortal {
    /// The portal that answered, when it names none.
    fn asked(portal: &Portal) -> Self {
        let portal = portal.to_string();
        Self { portal, portal_group_tag: None, link_local: false, in_several_groups: false }
    }

    /// What to know before using it.
    fn remark(&self) -> &'static str {
        match (self.link_local, self.in_several_groups) {
            (true, _) => "link-local",
            (false, true) => "in several groups",
            (false, false) => "",
        }
    }
}

fn table(found: &[Found]) -> Table {
    let mut table = output::table(&["TARGET", "PORTAL", "GROUP", "REMARK"]);
    for Found { target, portals, .. } in found {
        for found in portals {
            let group = found.portal_group_tag.map_or_else(|| "-".to_owned(), |tag| tag.to_string());
            let remark = found.remark().to_owned();
            output::add_row(&mut table, &[target.clone(), found.portal.clone(), group, remark]);
        }
    }
    table
}
