//! `iscsi secret require`, `clear` and `forget`, and the options that name a scope.

use clap::{Args, ValueEnum};
use iscsi_initiator::GrammarError;
use iscsi_secrets::{FileStore, Requirement, Scope, SecretStore};

use crate::arguments::{StoreChangeOptions, values};
use crate::failure::Failure;
use crate::messages::note;
use crate::store;

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
    /// Discovery at one portal: `host[:port]`
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
            (Some(name), _) => values::target_name(name).map(Scope::Target),
            (_, Some(portal)) => Ok(Scope::Portal(portal.parse()?)),
            (None, None) if self.discovery => Ok(Scope::Discovery),
            (None, None) => Ok(Scope::Global),
        }
    }
}

/// Refuses a scope without an entry: a typing error must not look like a change.
pub(super) fn refuse_unknown(store: &impl SecretStore, scope: &Scope) -> Result<(), Failure> {
    let known = !scope.is_single() || store.entries()?.iter().any(|entry| entry.scope == *scope);
    if known { Ok(()) } else { Err(Failure::UnknownScope { name: name_of(scope) }) }
}

/// Does not repeat a text that does not look like a name: it may be a secret in the wrong place.
fn name_of(scope: &Scope) -> String {
    match scope {
        Scope::Target(name) if name.check_grammar() == Err(GrammarError::Type) => {
            "a target of this name".to_owned()
        }
        _ => scope.to_string(),
    }
}

#[derive(Args)]
pub(crate) struct Require {
    #[arg(value_name = "LEVEL")]
    level: Level,
    #[command(flatten)]
    scope_args: ScopeArgs,
    #[command(flatten)]
    store: StoreChangeOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// No authentication; for a target or portal an exemption from the general requirement
    None,
    /// The initiator authenticates itself by CHAP
    Chap,
    /// The initiator and the target authenticate themselves by CHAP
    Mutual,
    /// The general requirement; with --global and --discovery none
    Inherit,
}

impl Require {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let (scope, requirement) = (self.scope_args.scope()?, self.level.requirement());
        let store = if requirement.is_some() {
            store::made_if_missing(&self.store)?
        } else {
            store::existing(&self.store)?
        };
        Ok(store.require(scope, requirement)?)
    }
}

impl Level {
    const fn requirement(self) -> Option<Requirement> {
        match self {
            Self::None => Some(Requirement::None),
            Self::Chap => Some(Requirement::Chap),
            Self::Mutual => Some(Requirement::Mutual),
            Self::Inherit => None,
        }
    }
}

#[derive(Args)]
pub(crate) struct Clear {
    #[command(flatten)]
    scope_args: ScopeArgs,
    #[command(flatten)]
    store: StoreChangeOptions,
}

impl Clear {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let scope = self.scope_args.scope()?;
        let store = store::existing(&self.store)?;
        refuse_unknown(&store, &scope)?;
        store.clear_reverse(scope.clone())?;
        if !scope.is_single() && required(&store, &scope)? < Requirement::Mutual {
            note(
                "automatic logins that used this secret become one-way CHAP (`iscsi secret require mutual` forbids that)",
            );
        }
        Ok(())
    }
}

/// The requirement of a scope.
fn required(store: &FileStore, scope: &Scope) -> Result<Requirement, Failure> {
    let entry = store.entries()?.into_iter().find(|entry| entry.scope == *scope);
    Ok(entry.and_then(|entry| entry.requirement).unwrap_or_default())
}

#[derive(Args)]
pub(crate) struct Forget {
    #[command(flatten)]
    scope_args: ScopeArgs,
    #[command(flatten)]
    store: StoreChangeOptions,
}

impl Forget {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let scope = self.scope_args.scope()?;
        let store = store::existing(&self.store)?;
        refuse_unknown(&store, &scope)?;
        store.remove(scope.clone())?;
        if let Some(entry) = store.entries()?.into_iter().find(|entry| entry.scope == scope)
            && let Some(requirement) = entry.requirement
        {
            note(&format!(
                "{scope} still requires {requirement}, since only `iscsi secret require` lowers a requirement"
            ));
        }
        Ok(())
    }
}
