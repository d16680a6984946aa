//! Secrets typed at a terminal.

use std::io::{IsTerminal, stdin};

use iscsi_secrets::{Secret, read_secret};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Is there somebody to ask?
pub(crate) fn possible() -> bool {
    stdin().is_terminal()
}

/// Asks for a secret without showing it.
pub(crate) fn once(what: &str) -> Result<Secret, Failure> {
    Ok(read_secret(ask(what)?.as_bytes())?)
}

/// Asks for a secret that will be stored, twice, so that a slip of the finger is noticed.
pub(crate) fn twice(what: &str) -> Result<Secret, Failure> {
    let secret = once(what)?;
    let again = once("the same again")?;
    if secret.same_octets(&again) { Ok(secret) } else { Err(Failure::SecretsDiffer) }
}

fn ask(what: &str) -> Result<Zeroizing<String>, Failure> {
    let text = rpassword::prompt_password(format!("{what}: "));
    text.map(Zeroizing::new).map_err(Failure::local("read from the terminal"))
}
