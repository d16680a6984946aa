//! `iscsi secret forget`

use clap::Args;
use iscsi_secrets::{Scope, SecretStore};

use crate::arguments::Options;
use crate::failure::Failure;
use crate::store;

#[derive(Args)]
pub(crate) struct Forget {
    /// The target's iSCSI name
    #[arg(long, value_name = "IQN")]
    target: String,
}

impl Forget {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        let target = super::target_name(&self.target)?;
        let store = store::existing(options)?;
        super::refuse_unknown(&store, &target)?;
        // In this order a failure in between leaves a target that must prove itself, never one that need not.
        store.forget(target.clone())?;
        Ok(store.dissolve_reverse(Scope::Target(target))?)
    }
}
