//! Secrets typed at a terminal.

use std::io::{IsTerminal, stdin};

use iscsi_secrets::{Secret, read_secret_as};
use zeroize::Zeroizing;

use crate::arguments::SecretOptions;
use crate::failure::Failure;

/// Is there somebody to ask?
pub(crate) fn possible() -> bool {
    stdin().is_terminal()
}

/// Asks for a secret without showing it.
pub(crate) fn once(options: &SecretOptions, what: &str) -> Result<Secret, Failure> {
    Ok(read_secret_as(options.format(), ask(what)?.as_bytes())?)
}

/// Asks for a secret that will be stored, twice, so that a slip of the finger is noticed.
pub(crate) fn twice(options: &SecretOptions, what: &str) -> Result<Secret, Failure> {
    repeated(options, once(options, what)?)
}

/// The same where nothing may be typed too, which stands for no secret.
pub(crate) fn twice_or_nothing(options: &SecretOptions, what: &str) -> Result<Option<Secret>, Failure> {
    let typed = ask(&format!("{what} (nothing leaves it as it is)"))?;
    if typed.is_empty() {
        return Ok(None);
    }
    let secret = read_secret_as(options.format(), typed.as_bytes())?;
    repeated(options, secret).map(Some)
}

fn repeated(options: &SecretOptions, secret: Secret) -> Result<Secret, Failure> {
    let again = once(options, "the same again")?;
    if secret.same_bytes(&again) { Ok(secret) } else { Err(Failure::SecretsDiffer) }
}

fn ask(what: &str) -> Result<Zeroizing<String>, Failure> {
    let text = rpassword::prompt_password(format!("{what}: "));
    text.map(Zeroizing::new).map_err(Failure::local("read from the terminal"))
}
