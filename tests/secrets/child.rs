//! Child processes: this program again, running one test in another role.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fmt};

const STORE: &str = "ISCSI_SECRETS_STORE";
const NUMBER: &str = "ISCSI_SECRETS_NUMBER";
const CHANGES: &str = "ISCSI_SECRETS_CHANGES";

/// The orders of a child.
pub(crate) struct Orders {
    /// The directory of the store.
    pub(crate) store: PathBuf,
    /// The first change, or the number of this writer among several.
    pub(crate) number: u64,
    /// The number of changes to make.
    pub(crate) changes: u64,
}

impl Orders {
    /// `None` in the parent.
    pub(crate) fn received() -> Option<Self> {
        let store = env::var_os(STORE)?.into();
        let number = |name| env::var(name).unwrap().parse().unwrap();
        Some(Self { store, number: number(NUMBER), changes: number(CHANGES) })
    }

    /// Orders to work on this store from this change on, without end.
    pub(crate) fn endless(store: &Path, number: u64) -> Self {
        Self { store: store.to_owned(), number, changes: u64::MAX }
    }

    /// The command that runs the test of this name under these orders, on one thread, which is the first.
    pub(crate) fn command(&self, test: &str) -> Command {
        self.command_within(&[], test)
    }

    /// The command that runs the test of this name, as the argument of another command.
    pub(crate) fn command_within(&self, outer: &[&OsStr], test: &str) -> Command {
        let program = env::current_exe().unwrap().into_os_string();
        let options = [test, "--exact", "--nocapture", "--test-threads=1"].map(OsString::from);
        let mut words = outer.iter().map(OsString::from).chain([program]).chain(options);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).env(STORE, &self.store);
        let mut set = |name, value: &dyn fmt::Display| _ = command.env(name, value.to_string());
        set(NUMBER, &self.number);
        set(CHANGES, &self.changes);
        command
    }
}
