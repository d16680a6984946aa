//! Secrets in files and on standard input.

use std::io::stdin;
use std::path::Path;

use iscsi_secrets::{Secret, SecretFormat, read_secret_as, read_secret_file_as};

use crate::arguments::SecretOptions;
use crate::failure::Failure;
use crate::prompt;

/// Stands for standard input or standard output in place of a file.
pub(crate) const DASH: &str = "-";

/// Reads the CHAP secret in a file, or with `-` that on standard input, in the form that `--secret-format` says.
pub(crate) fn read(options: &SecretOptions, path: &Path) -> Result<Secret, Failure> {
    read_as(options.format(), path)
}

/// Reads the passphrase of a store, which is text.
pub(crate) fn read_passphrase(path: &Path) -> Result<Secret, Failure> {
    read_as(SecretFormat::Text, path)
}

fn read_as(format: SecretFormat, path: &Path) -> Result<Secret, Failure> {
    Ok(if path == DASH {
        read_secret_as(format, stdin().lock())?
    } else {
        read_secret_file_as(format, path)?
    })
}

/// A secret to be stored: from a file, else typed in twice. Never an argument.
pub(crate) fn to_store(
    options: &SecretOptions,
    file: Option<&Path>,
    what: &str,
    hint: &'static str,
) -> Result<Secret, Failure> {
    match file {
        Some(path) => read(options, path),
        None if prompt::possible() => prompt::twice(options, what),
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
