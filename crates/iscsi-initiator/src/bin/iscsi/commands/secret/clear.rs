//! `iscsi secret clear`

use clap::Args;
use iscsi_secrets::{Scope, SecretStore};

use super::Whom;
use crate::arguments::Options;
use crate::failure::Failure;
use crate::store;

#[derive(Args)]
pub(crate) struct Clear {
    #[command(flatten)]
    whom: Whom,
}

impl Clear {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        let scope = self.whom.scope()?;
        let store = store::existing(options)?;
        if let Scope::Target(target) = &scope {
            super::refuse_unknown(&store, target)?;
        }
        Ok(store.clear_reverse(scope)?)
    }
}
