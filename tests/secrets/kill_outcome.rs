//! The state of a store after its writer was killed, compared with the output of the writer.

use std::path::Path;

use crate::held::Held;
use crate::history::History;
use crate::store::{self, Opening};
use crate::writer::Progress;

/// The phase that the kill hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KillOutcome {
    /// Neither a change nor the creation of a store.
    Nothing,
    /// The creation of the store, which has to be completed or repeated.
    Creating,
    /// A change that is not in force.
    Before,
    /// A change that is in force.
    After,
}

/// Compares a store with its history and brings the history up to date. Nothing is written, so that the next writer
/// finds the state that the killed one left.
pub(crate) fn outcome_of_kill(progress: &Progress, history: &mut History) -> KillOutcome {
    let unmade = !history.is_made() && !progress.opened;
    while progress.ended.is_some_and(|ended| history.next() <= ended) {
        history.advance();
    }
    match Opening::Existing.open(history.directory()).and_then(|store| store::read(&store)) {
        Err(error) if unmade && store::is_missing(&error) => return check_missing(history.directory()),
        Err(error) => panic!("{error}: {error:?}, {progress:?}, {:?}", store::files(history.directory())),
        Ok(found) if found == *history.held() => history.was_made(),
        Ok(found) => return check_changed(&found, progress, history),
    }
    match progress.began == Some(history.next()) {
        true => KillOutcome::Before,
        false if unmade => KillOutcome::Creating,
        false => KillOutcome::Nothing,
    }
}

/// The writer may not have started the creation.
fn check_missing(directory: &Path) -> KillOutcome {
    if directory.exists() { KillOutcome::Creating } else { KillOutcome::Nothing }
}

/// Reports a state that is neither the one before nor the one after the interrupted change: the fault that this program
/// searches for.
fn check_changed(found: &Held, progress: &Progress, history: &mut History) -> KillOutcome {
    let (number, before) = (history.next(), history.held().clone());
    history.advance();
    assert!(
        progress.began == Some(number) && found == history.held(),
        "{progress:?}: found {found:#?}\nbefore change {number}: {before:#?}\nafter it: {:#?}",
        history.held()
    );
    KillOutcome::After
}
