//! Text on standard error, escaped for terminals and redacted: messages repeat no argument that may hold a secret.
//!
//! A secret gets into the arguments in a URL of libiscsi's form, often a mistyped one, or by mistake: as the value of
//! another option, or in the place of the file that holds it. Messages of clap repeat no value at all, since any of them
//! may be a secret; all other messages, log lines included, leave out arguments that look as if they held one.

use std::env;
use std::io::{self, Stderr, Write, stderr};
use std::path::Path;
use std::sync::OnceLock;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Replaces what is left out.
pub(crate) const LEFT_OUT: &str = "…";

/// The shortest piece that is left out on its own; shorter ones only together with the rest of their argument.
const MIN_PIECE: usize = 4;

/// A CHAP secret has at least so many bytes; a shorter name of a file that is not there is a misspelt name.
const MIN_SECRET: usize = 12;

/// Escapes everything that is not a visible character or a blank: control characters, characters that change the
/// direction of writing, characters that cannot be seen. Makes text from elsewhere safe for a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

/// Prints a note on standard error.
pub(crate) fn note(text: &str) {
    say("note", text);
}

/// Prints a warning on standard error: about something that does not stop the program.
pub(crate) fn warn(text: &str) {
    say("warning", text);
}

/// Prints a hint on standard error: what to do next.
pub(crate) fn hint(text: &str) {
    say("hint", text);
}

/// Failures to print are ignored: there is nowhere left to report them.
fn say(label: &str, text: &str) {
    _ = writeln!(stderr(), "{label}: {}", printable(&redacted(text)));
}

/// Replaces in a text what may be a secret in the arguments of this process.
pub(crate) fn redacted(text: &str) -> String {
    static PIECES: OnceLock<Vec<String>> = OnceLock::new();
    let pieces = PIECES.get_or_init(|| {
        let arguments: Vec<_> =
            env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
        secret_pieces(&arguments)
    });
    without(text, pieces)
}

fn without(text: &str, pieces: &[String]) -> String {
    pieces.iter().fold(text.to_owned(), |text, piece| text.replace(piece, LEFT_OUT))
}

/// Standard error for log lines, each of which comes as one write.
pub(crate) struct RedactedStderr(Stderr);

/// For `with_writer`.
pub(crate) fn redacted_stderr() -> RedactedStderr {
    RedactedStderr(stderr())
}

impl Write for RedactedStderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(redacted(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns every text that must not be repeated, the longest first: a whole argument before its parts.
fn secret_pieces(arguments: &[String]) -> Vec<String> {
    let mut pieces = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| arguments.get(before));
        let (option, value) = option_and_value(before.map(String::as_str), argument);
        let secrets: Vec<_> = secrets_in(value).map(str::to_owned).collect();
        if secrets.is_empty() && !is_secret_instead_of_file(option, value) {
            continue;
        }
        pieces.extend([argument.clone(), value.to_owned()]);
        pieces.extend(secrets.into_iter().filter(|secret| secret.len() >= MIN_PIECE));
    }
    pieces.sort_unstable_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces.dedup();
    pieces
}

/// Splits `--option=value` and `-ivalue`; any other value belongs to the argument before it.
fn option_and_value<'a>(before: Option<&'a str>, argument: &'a str) -> (&'a str, &'a str) {
    match (argument.strip_prefix("--"), argument.strip_prefix('-')) {
        (Some(_), _) => argument.split_once('=').unwrap_or((argument, "")),
        (None, Some(_)) => argument.split_at_checked(2).unwrap_or((argument, "")),
        (None, None) => (before.unwrap_or_default(), argument),
    }
}

/// Returns the secrets of `user%secret@…`, `user:secret@…` and `…password=secret`, whatever surrounds them.
fn secrets_in(value: &str) -> impl Iterator<Item = &str> {
    // An encoded @ does not end an account, but was probably meant to.
    let account = value.rsplit_once('@').or_else(|| value.rsplit_once("%40")).map(|(account, _)| account);
    let account = account.map(|account| account.split_once("//").map_or(account, |(_, account)| account));
    let of_account = account.and_then(|account| account.split_once(['%', ':'])).map(|(_, secret)| secret);
    of_account.into_iter().chain(query_secrets(value)).filter(|secret| !secret.is_empty())
}

fn query_secrets(value: &str) -> impl Iterator<Item = &str> {
    value.split(['?', '&']).filter_map(|pair| {
        let (key, secret) = pair.split_once('=')?;
        let key = key.to_ascii_lowercase();
        (key.ends_with("password") || key.ends_with("secret")).then_some(secret)
    })
}

/// Whether a value looks like the secret itself in place of its file: as long as a secret, not a file, nor in a directory.
fn is_secret_instead_of_file(option: &str, value: &str) -> bool {
    let takes_a_file = option.starts_with("--") && option.ends_with("-file");
    let of_a_secret = ["secret", "passphrase", "key"].iter().any(|kind| option.contains(kind));
    let path = Path::new(value);
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    takes_a_file
        && of_a_secret
        && value.len() >= MIN_SECRET
        && !path.exists()
        && !directory.is_some_and(Path::is_dir)
}

/// Removes all values from an error of clap; names of options stay.
pub(crate) fn without_values(mut error: clap::Error) -> clap::Error {
    let left_out = || ContextValue::String(LEFT_OUT.to_owned());
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && !value.is_empty()
    {
        error.insert(ContextKind::InvalidValue, left_out());
    }
    if let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg)
        && error.kind() == ErrorKind::UnknownArgument
        && !is_plain_option(argument)
    {
        error.insert(ContextKind::InvalidArg, left_out());
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        error.insert(ContextKind::InvalidSubcommand, left_out());
    }
    // "to pass … as a value": repeats the argument.
    error.remove(ContextKind::Suggested);
    error
}

/// Whether an argument is dashes and a word or two, as options are and secrets are not.
fn is_plain_option(argument: &str) -> bool {
    const LONGEST: usize = 24;
    let word = argument.trim_start_matches('-');
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    word.len() < argument.len() && argument.len() <= LONGEST && word.bytes().all(letters)
}

#[cfg(test)]
mod tests;
