//! Secrets from files, standard input and the terminal.

use std::fs::File;
use std::io::{IsTerminal, stdin};
use std::os::fd::AsFd;
use std::path::Path;

use iscsi_secrets::{Secret, SecretFormat, read_secret_as, read_secret_file_as};
use zeroize::Zeroizing;

use crate::arguments::SecretOptions;
use crate::failure::Failure;

/// Stands for standard input or standard output in place of a file.
pub(crate) const DASH: &str = "-";

/// Reads a CHAP secret from a file, or with `-` from standard input, in the form of `--secret-format`.
pub(crate) fn read(options: &SecretOptions, path: &Path) -> Result<Secret, Failure> {
    read_as(options.format(), path)
}

/// Reads the passphrase of a store, which is text.
pub(crate) fn read_passphrase(path: &Path) -> Result<Secret, Failure> {
    read_as(SecretFormat::Text, path)
}

fn read_as(format: SecretFormat, path: &Path) -> Result<Secret, Failure> {
    Ok(if path == DASH {
        // This bypasses the buffer of `stdin`, in which a copy of the secret would stay until the process ends.
        let input = stdin().as_fd().try_clone_to_owned().map_err(Failure::local("use standard input"))?;
        read_secret_as(format, File::from(input))?
    } else {
        read_secret_file_as(format, path)?
    })
}

/// Returns a secret to be stored: from a file, else typed twice. Secrets are never arguments.
pub(crate) fn to_store(
    options: &SecretOptions,
    file: Option<&Path>,
    what: &str,
    hint: &'static str,
) -> Result<Secret, Failure> {
    match file {
        Some(path) => read(options, path),
        None if can_prompt() => prompt_twice(options, what),
        None => Err(Failure::usage("there is no secret to store, and no terminal to ask at", hint)),
    }
}

/// Refuses to read standard input for several of these files: it can be read once.
pub(crate) fn check_standard_input<'a>(
    files: impl IntoIterator<Item = Option<&'a Path>>,
) -> Result<(), Failure> {
    if files.into_iter().flatten().filter(|path| *path == DASH).count() > 1 {
        return Err(Failure::usage("standard input is named twice", "use a file for one of them"));
    }
    Ok(())
}

/// Whether there is a terminal to ask at.
pub(crate) fn can_prompt() -> bool {
    stdin().is_terminal()
}

/// Asks for a secret without showing it.
pub(crate) fn prompt(options: &SecretOptions, what: &str) -> Result<Secret, Failure> {
    read_typed(options, &ask(what)?)
}

/// Asks twice for a secret that will be stored, so that a typing error is noticed.
pub(crate) fn prompt_twice(options: &SecretOptions, what: &str) -> Result<Secret, Failure> {
    repeated(options, prompt(options, what)?)
}

/// Asks twice for a secret that will be stored; empty input stands for no secret.
pub(crate) fn prompt_twice_or_nothing(
    options: &SecretOptions,
    what: &str,
) -> Result<Option<Secret>, Failure> {
    let typed = ask(&format!("{what} (empty keeps the stored one)"))?;
    if typed.is_empty() {
        return Ok(None);
    }
    let secret = read_typed(options, &typed)?;
    repeated(options, secret).map(Some)
}

fn read_typed(options: &SecretOptions, typed: &Zeroizing<String>) -> Result<Secret, Failure> {
    // Typed secrets follow the rules of files. Reading one copies it to a buffer that is wiped, and to locked memory.
    Ok(read_secret_as(options.format(), typed.as_bytes())?)
}

fn repeated(options: &SecretOptions, secret: Secret) -> Result<Secret, Failure> {
    let again = prompt(options, "the same again")?;
    if secret.same_bytes(&again) { Ok(secret) } else { Err(Failure::SecretsDiffer) }
}

fn ask(what: &str) -> Result<Zeroizing<String>, Failure> {
    // `Zeroizing` wipes the text. While it grows, rpassword frees shorter copies of it without wiping them.
    let text = rpassword::prompt_password(format!("{what}: "));
    text.map(Zeroizing::new).map_err(Failure::local("read from the terminal"))
}
