//! Judging a store by what its writer said before it was killed.

use std::path::Path;

use crate::held::Held;
use crate::history::History;
use crate::store::{self, Opening};
use crate::writer::Progress;

/// What the kill met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No change, and no making of a store.
    Nothing,
    /// The making of the store, which has to be completed or made again.
    Making,
    /// A change, which did not happen.
    Before,
    /// A change, which happened.
    After,
}

/// Compares a store with its history and brings the history up to date. Nothing is written, so that the next writer
/// finds what the killed one left.
pub(crate) fn judge(progress: &Progress, history: &mut History) -> Verdict {
    let unmade = !history.is_made() && !progress.opened;
    while progress.ended.is_some_and(|ended| history.next() <= ended) {
        history.advance();
    }
    match Opening::ConflictPolicy.open(history.directory()).and_then(|store| store::read(&store)) {
        Err(error) if unmade && store::is_missing(&error) => return check_missing(history.directory()),
        Err(error) => panic!("{error}: {error:?}, {progress:?}, {:?}", store::files(history.directory())),
        Ok(found) if found == *history.held() => history.was_made(),
        Ok(found) => return check_changed(&found, progress, history),
    }
    match progress.began == Some(history.next()) {
        true => Verdict::Before,
        false if unmade => Verdict::Making,
        false => Verdict::Nothing,
    }
}

/// The writer may not even have reached the making.
fn check_missing(directory: &Path) -> Verdict {
    if directory.exists() { Verdict::Making } else { Verdict::Nothing }
}

/// Neither what was before the change under way nor what is after it: that is what this program looks for.
fn check_changed(found: &Held, progress: &Progress, history: &mut History) -> Verdict {
    let (number, before) = (history.next(), history.held().clone());
    history.advance();
    assert!(
        progress.began == Some(number) && found == history.held(),
        "{progress:?}: found {found:#?}\nbefore change {number}: {before:#?}\nafter it: {:#?}",
        history.held()
    );
    Verdict::After
}
