//! The history of a store: numbered changes, and the expected content after each.

use std::path::{Path, PathBuf};

use crate::change::Change;
use crate::held::Held;
use crate::store::{self, FileStore, Opening, StoreError};

/// The history of one store.
pub(crate) struct History {
    directory: PathBuf,
    /// Whether the store existed at some time, and so has to exist from then on.
    made: bool,
    /// The number of changes in force, which is also the number of the next one.
    changes: u64,
    held: Held,
}

impl History {
    /// The history of an empty store.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory, made: false, changes: 0, held: Held::default() }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn is_made(&self) -> bool {
        self.made
    }

    pub(crate) fn was_made(&mut self) {
        self.made = true;
    }

    /// The number of the next change.
    pub(crate) fn next(&self) -> u64 {
        self.changes
    }

    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    /// Notes that the next change is in force.
    pub(crate) fn advance(&mut self) {
        let before = self.held.clone();
        self.held.apply(Change::numbered(self.changes));
        assert_ne!(before, self.held, "change {} makes no difference", self.changes);
        self.changes += 1;
        self.made = true;
    }

    /// Makes the next change.
    pub(crate) fn change(&mut self, store: &FileStore) -> Result<(), StoreError> {
        store::apply(store, Change::numbered(self.changes))?;
        self.advance();
        Ok(())
    }

    /// Makes changes until one fails.
    pub(crate) fn change_until_refused(&mut self, store: &FileStore) -> StoreError {
        (0..1000).find_map(|_| self.change(store).err()).expect("a change is refused in the end")
    }

    /// Checks that the store has the expected content in every way of opening, and that its directory holds nothing else.
    pub(crate) fn is_true(&self) {
        for opening in Opening::BOTH {
            let store = opening.open(&self.directory).unwrap();
            assert_eq!(store::read(&store).as_ref(), Ok(&self.held), "{opening:?}");
        }
        assert_eq!(store::files(&self.directory), *store::OWN_FILES);
    }
}
