//! Secrets in files and on standard input.

use std::io::stdin;
use std::path::Path;

use iscsi_secrets::{Secret, read_secret, read_secret_file};

use crate::arguments::Options;
use crate::failure::Failure;
use crate::prompt;

/// Stands for standard input or standard output in place of a file.
pub(crate) const DASH: &str = "-";

/// Reads the secret in a file, or with `-` that on standard input.
pub(crate) fn read(path: &Path) -> Result<Secret, Failure> {
    Ok(if path == DASH { read_secret(stdin().lock())? } else { read_secret_file(path)? })
}

/// The secret to be stored: from `--secret-file`, else typed in twice. Never an argument.
pub(crate) fn to_store(options: &Options, what: &str) -> Result<Secret, Failure> {
    match &options.secret_file {
        Some(path) => read(path),
        None if prompt::possible() => prompt::twice(what),
        None => Err(Failure::usage(
            "there is no secret to store, and no terminal to ask at",
            "use --secret-file FILE, or --secret-file - for standard input",
        )),
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
