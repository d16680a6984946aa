//! `iscsi secret remember`

use clap::Args;
use iscsi_secrets::{ForwardCredential, SecretStore};

use super::whom::Whom;
use crate::arguments::Options;
use crate::failure::Failure;
use crate::{secret_source, store};

#[derive(Args)]
pub(crate) struct Remember {
    #[command(flatten)]
    whom: Whom,
}

impl Remember {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        const HINT: &str = "`iscsi secret set` stores what the target proves";
        super::refuse_option(options.target_user.is_some(), "--target-user", HINT)?;
        super::refuse_option(options.target_secret_file.is_some(), "--target-secret-file", HINT)?;
        let scope = self.whom.scope()?;
        let secret = secret_source::to_store(options, "secret that we prove")?;
        let store = store::made_if_missing(options)?;
        match &options.user {
            None => store.renew_forward_secret(scope, secret)?,
            Some(user) => {
                let credential = ForwardCredential::new(Some(user.clone()), secret);
                store.remember(scope, credential.map_err(Failure::chap_name)?)?;
            }
        }
        Ok(())
    }
}
