//! `iscsi secret forget`

use clap::Args;
use iscsi_secrets::SecretStore;

use super::scope_args::{ScopeArgs, refuse_unknown};
use crate::arguments::StoreChangeOptions;
use crate::failure::{Failure, note};
use crate::store;

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
                "{scope} still requires {requirement}, as the policy is lowered by `iscsi secret require` alone"
            ));
        }
        Ok(())
    }
}
