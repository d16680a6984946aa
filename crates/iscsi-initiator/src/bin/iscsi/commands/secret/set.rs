//! `iscsi secret set`

use clap::Args;
use iscsi_secrets::{ReverseCredential, SecretStore};

use super::whom::Whom;
use crate::arguments::Options;
use crate::failure::Failure;
use crate::{secret_source, store};

#[derive(Args)]
pub(crate) struct Set {
    #[command(flatten)]
    whom: Whom,
}

impl Set {
    pub(super) fn run(&self, options: &Options) -> Result<(), Failure> {
        super::refuse_option(
            options.user.is_some(),
            "--user",
            "the name that the target sends is --target-user",
        )?;
        let file = "the secret to store comes from --secret-file";
        super::refuse_option(options.target_secret_file.is_some(), "--target-secret-file", file)?;
        let scope = self.whom.scope()?;
        let secret = secret_source::to_store(options, "secret that the target proves")?;
        let store = store::made_if_missing(options)?;
        match &options.target_user {
            // The same change as SetInitiatorSharedSecret, which knows no names and no more than 16 octets.
            None => store.renew_reverse_secret(scope, secret)?,
            Some(user) => {
                let credential = ReverseCredential::new(Some(user.clone()), secret);
                store.set_reverse(scope, credential.map_err(Failure::chap_name)?)?;
            }
        }
        Ok(())
    }
}
