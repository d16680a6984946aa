//! The scope of a secret: a target, a portal, or a default.

use clap::Args;
use iscsi_initiator::GrammarError;
use iscsi_secrets::{Scope, SecretStore};

use crate::arguments::urls;
use crate::failure::Failure;

const SCOPE: &str = "Scope (one of these)";

/// Exactly one of these options.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct ScopeArgs {
    /// One target, by its iSCSI name
    #[arg(long, value_name = "IQN", help_heading = SCOPE)]
    target: Option<String>,
    /// Targets without a secret of their own
    #[arg(long, help_heading = SCOPE)]
    global: bool,
    /// Discovery at one portal: host[:port]
    #[arg(long, value_name = "PORTAL", help_heading = SCOPE)]
    portal: Option<String>,
    /// Discovery at all other portals
    #[arg(long, help_heading = SCOPE)]
    discovery: bool,
}

impl ScopeArgs {
    /// The scope that was named.
    pub(super) fn scope(&self) -> Result<Scope, Failure> {
        match (&self.target, &self.portal) {
            (Some(name), _) => urls::target_name(name).map(Scope::Target),
            (_, Some(portal)) => Ok(Scope::Portal(portal.parse()?)),
            (None, None) if self.discovery => Ok(Scope::Discovery),
            (None, None) => Ok(Scope::Global),
        }
    }
}

/// A typing error must not look like a change.
pub(super) fn refuse_unknown(store: &impl SecretStore, scope: &Scope) -> Result<(), Failure> {
    let known = !scope.is_single() || store.entries()?.iter().any(|entry| entry.scope == *scope);
    if known { Ok(()) } else { Err(Failure::UnknownScope { name: name_of(scope) }) }
}

/// A text that does not look like a name may be a secret that was typed in the wrong place.
fn name_of(scope: &Scope) -> String {
    match scope {
        Scope::Target(name) if name.check_grammar() == Err(GrammarError::Type) => {
            "a target of this name".to_owned()
        }
        _ => scope.to_string(),
    }
}
