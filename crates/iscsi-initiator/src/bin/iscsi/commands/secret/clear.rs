//! `iscsi secret clear`

use clap::Args;
use iscsi_secrets::{FileStore, Requirement, Scope, SecretStore};

use super::scope_args::{ScopeArgs, refuse_unknown};
use crate::arguments::StoreChangeOptions;
use crate::failure::{Failure, note};
use crate::store;

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

/// What the policy of all requires.
fn required(store: &FileStore, scope: &Scope) -> Result<Requirement, Failure> {
    let entry = store.entries()?.into_iter().find(|entry| entry.scope == *scope);
    Ok(entry.and_then(|entry| entry.requirement).unwrap_or_default())
}
