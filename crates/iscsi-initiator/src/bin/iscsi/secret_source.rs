//! Secrets in files and on standard input.

use std::io::stdin;
use std::path::Path;

use iscsi_secrets::{Secret, SecretFormat, read_secret_as, read_secret_file_as};

use crate::arguments::Options;
use crate::failure::Failure;
use crate::prompt;

/// Stands for standard input or standard output in place of a file.
pub(crate) const DASH: &str = "-";

/// Reads the CHAP secret in a file, or with `-` that on standard input, in the form that `--secret-format` says.
pub(crate) fn read(options: &Options, path: &Path) -> Result<Secret, Failure> {
    read_as(options.secret_format.into(), path)
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
    options: &Options,
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

/// Standard input can be read once.
pub(crate) fn check_standard_input(options: &Options, data: Option<&Path>) -> Result<(), Failure> {
    let options = [&options.secret_file, &options.target_secret_file, &options.passphrase_file];
    let files = options.map(Option::as_deref).into_iter().chain([data]);
    if files.flatten().filter(|path| *path == DASH).count() > 1 {
        return Err(Failure::usage("standard input is named twice", "use a file for one of them"));
    }
    Ok(())
}
