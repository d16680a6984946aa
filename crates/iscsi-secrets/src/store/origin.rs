//! Where the secrets of a store come from, for messages about a secret that is not there.

use std::path::PathBuf;

/// Where a store keeps its secrets.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOrigin {
    /// A sealed file in this directory.
    Sealed(PathBuf),
    /// One file for each of open-iscsi's keys, in this directory.
    PlainFiles(PathBuf),
    /// libiscsi's variables.
    Environment,
    /// The memory of the process.
    Memory,
    /// No store is in the directory where one is looked for by default.
    Missing {
        /// The directory.
        path: PathBuf,
        /// The home it is in, if that belongs to another user than the one whose rights the process has.
        foreign_home: Option<ForeignHome>,
    },
    /// A kind of store outside this crate.
    Other,
}

/// A home of another user, as left behind by `sudo` or a `HOME` that was passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignHome {
    /// The home.
    pub path: PathBuf,
    /// The user it belongs to.
    pub owner: u32,
    /// The effective user of the process.
    pub user: u32,
}
