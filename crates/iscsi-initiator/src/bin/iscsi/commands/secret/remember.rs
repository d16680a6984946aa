//! `iscsi secret remember`, the name of `iscsi secret set` for the initiator's secret in earlier versions.

use clap::Args;
use iscsi_secrets::SecretStore;

use super::scope_args::ScopeArgs;
use super::set::forward_change;
use crate::arguments::{SecretOptions, StoreChangeOptions};
use crate::credentials::FORWARD;
use crate::failure::Failure;
use crate::{secret_source, store};

#[derive(Args)]
pub(crate) struct Remember {
    #[command(flatten)]
    scope_args: ScopeArgs,
    #[command(flatten)]
    secrets: SecretOptions,
    #[command(flatten)]
    store: StoreChangeOptions,
}

impl Remember {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let options = &self.secrets;
        const HINT: &str = "`iscsi secret set` stores the target's secret";
        super::refuse_option(options.target_user.is_some(), "--target-user", HINT)?;
        super::refuse_option(options.target_secret_file.is_some(), "--target-secret-file", HINT)?;
        let scope = self.scope_args.scope()?;
        let secret = secret_source::to_store(
            options,
            options.secret_file.as_deref(),
            FORWARD,
            "use --secret-file FILE, or --secret-file - for standard input",
        )?;
        let change = forward_change(&scope, (options.user.as_deref(), secret))?;
        Ok(store::made_if_missing(&self.store)?.apply(change)?)
    }
}
