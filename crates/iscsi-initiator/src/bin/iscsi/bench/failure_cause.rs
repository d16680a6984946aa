//! Why an attempt failed, in one line.

use std::error::Error as _;

use iscsi_initiator::Error;

use super::attempt::FailedAttempt;

/// Longer texts are cut: they are counted, and shown in a table.
const MAX_CHARACTERS: usize = 160;

/// An error with all that it comes from.
pub(crate) fn failure_cause(error: &Error) -> FailedAttempt {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    if text.chars().count() > MAX_CHARACTERS {
        text = text.chars().take(MAX_CHARACTERS - 1).chain(['…']).collect();
    }
    FailedAttempt { cause: text, exit: error.fault().into() }
}
