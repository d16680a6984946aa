//! Whom a secret is for.

use clap::Args;
use iscsi_initiator::{IscsiName, Portal};
use iscsi_secrets::{PortalName, Scope, SecretStore, TargetName};

use crate::failure::Failure;

/// Exactly one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whom {
    /// The target's iSCSI name
    #[arg(long, value_name = "IQN")]
    target: Option<String>,
    /// Every target without a secret of its own
    #[arg(long)]
    global: bool,
    /// Discovery at one portal: `HOST` or `HOST:PORT`
    #[arg(long, value_name = "PORTAL")]
    portal: Option<String>,
    /// Discovery at every portal without a secret of its own
    #[arg(long)]
    discovery: bool,
}

impl Whom {
    /// Names are brought into the form in which they are stored.
    pub(super) fn scope(&self) -> Result<Scope, Failure> {
        match (&self.target, &self.portal) {
            (Some(name), _) => target_name(name).map(Scope::Target),
            (_, Some(portal)) => portal_name(portal).map(Scope::Portal),
            (None, None) if self.discovery => Ok(Scope::Discovery),
            (None, None) => Ok(Scope::Global),
        }
    }
}

/// A typing error must not look like a change.
pub(super) fn refuse_unknown(store: &impl SecretStore, scope: &Scope) -> Result<(), Failure> {
    let known = !scope.is_single() || store.entries()?.iter().any(|entry| entry.scope == *scope);
    if known { Ok(()) } else { Err(Failure::UnknownScope { name: scope.to_string() }) }
}

fn target_name(text: &str) -> Result<TargetName, Failure> {
    const WHAT: &str = "target name";
    let name = IscsiName::typed(text).map_err(|error| Failure::unusable(WHAT, &error))?;
    TargetName::new(name.as_str()).map_err(|error| Failure::unusable(WHAT, &error))
}

fn portal_name(text: &str) -> Result<PortalName, Failure> {
    let portal: Portal = text.parse()?;
    PortalName::try_from(&portal).map_err(|error| Failure::unusable("portal", &error))
}
