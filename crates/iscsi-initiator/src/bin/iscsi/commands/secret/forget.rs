//! `iscsi secret forget`

use clap::Args;
use iscsi_secrets::{Change, SecretStore};

use super::whom::{Whom, refuse_unknown};
use crate::arguments::Options;
use crate::failure::Failure;
use crate::store;

#[derive(Args)]
pub(crate) struct Forget {
    #[command(flatten)]
    whom: Whom,
}

impl Forget {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        let scope = self.whom.scope()?;
        let store = store::existing(options)?;
        refuse_unknown(&store, &scope)?;
        Ok(store.apply_all(vec![Change::Forget(scope.clone()), Change::DissolveReverse(scope)])?)
    }
}
