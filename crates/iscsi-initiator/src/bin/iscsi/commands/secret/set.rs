//! `iscsi secret set`, and `remember`, its name in earlier versions for the secret of the initiator.

use std::path::Path;

use clap::Args;
use iscsi_secrets::{Change, ForwardCredential, ReverseCredential, Scope, Secret, SecretStore};

use super::change::ScopeArgs;
use crate::arguments::{SecretOptions, StoreChangeOptions};
use crate::credentials::secret_source::{self, can_prompt, prompt_twice_or_nothing};
use crate::credentials::{FORWARD, REVERSE};
use crate::failure::Failure;
use crate::messages::note;
use crate::store;

#[derive(Args)]
pub(crate) struct Set {
    #[command(flatten)]
    scope_args: ScopeArgs,
    #[command(flatten)]
    secrets: SecretOptions,
    #[command(flatten)]
    store: StoreChangeOptions,
}

/// A secret to be stored, and its name, if one was given.
type Given<'a> = Option<(Option<&'a str>, Secret)>;

impl Set {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let options = &self.secrets;
        refuse_one_file_for_the_other_name(options)?;
        let passphrase_file = self.store.store.passphrase_file.as_deref();
        secret_source::check_standard_input(options.files().into_iter().chain([passphrase_file]))?;
        let scope = self.scope_args.scope()?;
        let (forward, reverse) = given(options)?;
        let stored = match (&forward, &reverse) {
            (Some(_), Some(_)) => format!("{FORWARD} and {REVERSE}"),
            (Some(_), None) => FORWARD.to_owned(),
            (None, Some(_)) => REVERSE.to_owned(),
            (None, None) => return Err(Failure::usage("no secret was typed", HINT)),
        };
        let changes = [
            forward.map(|given| forward_change(&scope, given)).transpose()?,
            reverse.map(|given| reverse_change(&scope, given)).transpose()?,
        ];
        store::made_if_missing(&self.store)?.apply_all(changes.into_iter().flatten().collect())?;
        note(&format!("stored for {scope}: {stored}"));
        Ok(())
    }
}

const HINT: &str = "use --secret-file FILE for the initiator's secret and --target-secret-file FILE for the target's; \
                    `-` is standard input";

/// In earlier versions `--secret-file` was that of the target's secret here.
fn refuse_one_file_for_the_other_name(options: &SecretOptions) -> Result<(), Failure> {
    let mixed = options.target_user.is_some()
        && options.target_secret_file.is_none()
        && options.secret_file.is_some()
        && options.user.is_none();
    if !mixed {
        return Ok(());
    }
    Err(Failure::usage(
        "--target-user goes with --target-secret-file, and --secret-file is the initiator's secret",
        "use --target-secret-file for the target's secret",
    ))
}

/// Reads the secrets that options name; where they name none, asks for both.
fn given(options: &SecretOptions) -> Result<(Given<'_>, Given<'_>), Failure> {
    let (user, file) = (options.user.as_deref(), options.secret_file.as_deref());
    let (target_user, target_file) = (options.target_user.as_deref(), options.target_secret_file.as_deref());
    let nothing_named =
        [user, target_user].iter().all(Option::is_none) && [file, target_file].iter().all(Option::is_none);
    if nothing_named {
        if !can_prompt() {
            return Err(Failure::usage("there is no secret to store, and no terminal to ask at", HINT));
        }
        let forward = prompt_twice_or_nothing(options, FORWARD)?;
        let reverse = prompt_twice_or_nothing(options, REVERSE)?;
        return Ok((forward.map(|secret| (None, secret)), reverse.map(|secret| (None, secret))));
    }
    Ok((one(options, user, file, FORWARD)?, one(options, target_user, target_file, REVERSE)?))
}

fn one<'a>(
    options: &SecretOptions,
    user: Option<&'a str>,
    file: Option<&Path>,
    what: &str,
) -> Result<Given<'a>, Failure> {
    if user.is_none() && file.is_none() {
        return Ok(None);
    }
    Ok(Some((user, secret_source::to_store(options, file, what, HINT)?)))
}

/// Without a name, the stored one is kept.
fn forward_change(scope: &Scope, given: (Option<&str>, Secret)) -> Result<Change, Failure> {
    let scope = scope.clone();
    Ok(match given {
        (None, secret) => Change::RenewForwardSecret(scope, secret),
        (Some(user), secret) => {
            let credential = ForwardCredential::new(Some(user.to_owned()), secret);
            Change::SetForward(scope, credential.map_err(Failure::chap_name)?)
        }
    })
}

fn reverse_change(scope: &Scope, given: (Option<&str>, Secret)) -> Result<Change, Failure> {
    let scope = scope.clone();
    Ok(match given {
        // VDS calls this change SetInitiatorSharedSecret; it has no names, and at most 16 bytes.
        (None, secret) => Change::RenewReverseSecret(scope, secret),
        (Some(user), secret) => {
            let credential = ReverseCredential::new(Some(user.to_owned()), secret);
            Change::SetReverse(scope, credential.map_err(Failure::chap_name)?)
        }
    })
}

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
        const HINT: &str = "`iscsi secret set` stores the target's secret";
        let options = &self.secrets;
        refuse_option(options.target_user.is_some(), "--target-user", HINT)?;
        refuse_option(options.target_secret_file.is_some(), "--target-secret-file", HINT)?;
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

/// Refuses an option of the other direction: it would have no effect.
fn refuse_option(given: bool, option: &str, hint: &'static str) -> Result<(), Failure> {
    if given { Err(Failure::usage(format!("{option} has no meaning here"), hint)) } else { Ok(()) }
}
