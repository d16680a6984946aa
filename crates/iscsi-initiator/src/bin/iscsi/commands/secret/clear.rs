//! `iscsi secret clear`

use clap::Args;
use iscsi_secrets::SecretStore;

use super::whom::{Whom, refuse_unknown};
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
        refuse_unknown(&store, &scope)?;
        Ok(store.clear_reverse(scope)?)
    }
}
