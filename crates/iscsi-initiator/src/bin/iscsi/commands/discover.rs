//! `iscsi discover`

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::{DiscoveredTarget, Portal, UrlCredentials};
use serde::Serialize;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::{credentials, output, session};

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
}

#[derive(Serialize)]
struct FoundPortal {
    portal: String,
    portal_group_tag: Option<u16>,
}

impl Discover {
    pub(super) async fn run(&self, options: &Options) -> Result<(), Failure> {
        let portal: Portal = self.portal.parse()?;
        let initiator = session::initiator(options, None)?;
        let request = credentials::request(options, UrlCredentials::default())?;
        let discovery = async { Ok(initiator.discover(&portal, &request).await?) };
        let targets = session::until_interrupted(discovery).await?;
        let found: Vec<Found> = targets.iter().map(|target| Found::new(target, &portal)).collect();
        output::show(options.output, &found, |found| table(found))
    }
}

impl Found {
    /// A target without addresses is at the portal that was asked (RFC 7143, appendix C).
    fn new(target: &DiscoveredTarget, asked: &Portal) -> Self {
        let named = target.addresses.iter().map(|address| FoundPortal {
            portal: Portal::from(address).to_string(),
            portal_group_tag: address.portal_group_tag,
        });
        let mut portals: Vec<_> = named.collect();
        if portals.is_empty() {
            portals.push(FoundPortal { portal: asked.to_string(), portal_group_tag: None });
        }
        Self { target: target.name.to_string(), portals }
    }
}

fn table(found: &[Found]) -> Table {
    let mut table = output::table(&["TARGET", "PORTAL", "GROUP"]);
    for Found { target, portals } in found {
        for FoundPortal { portal, portal_group_tag } in portals {
            let group = portal_group_tag.map_or_else(|| "-".to_owned(), |tag| tag.to_string());
            output::add_row(&mut table, &[target.clone(), portal.clone(), group]);
        }
    }
    table
}
