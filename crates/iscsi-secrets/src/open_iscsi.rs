//! Import of credentials from the files of open-iscsi.
//!
//! [`read`] turns the configuration and the records in a directory such as `/etc/iscsi` or `/var/lib/iscsi` into changes
//! and warnings. [`Plan`] compares the changes with the content of a store; its changes are for one
//! [`SecretStore::apply_all`](crate::SecretStore::apply_all).
//!
//! | file | scope |
//! | --- | --- |
//! | `iscsid.conf` | the default for targets, and for discovery |
//! | `nodes/TARGET/ADDRESS,PORT[,TAG]`, or one file in it for each interface | the target |
//! | `send_targets/ADDRESS,PORT`, or `st_config` in it | discovery at the portal |
//!
//! Lines have the syntax of open-iscsi: `key = value` with blanks before the `=`, the value up to the last byte that is
//! not a blank, and comments only on lines of their own. As in open-iscsi, credentials apply whatever the value of
//! `authmethod`, an empty value is ignored, and the last value wins.

use std::path::Path;

use crate::change::Change;

mod credentials;
mod diagnostics;
mod plan;
mod records;
mod root;

pub use diagnostics::{ImportError, ImportWarning, UnreadableFile, UnusableValue};
pub use plan::{ConflictPolicy, ImportOutcome, ImportedCredential, Plan, ScopeImport};

use credentials::Gathered;
use records::Records;

/// The result of reading a directory of open-iscsi.
pub struct Import {
    /// The credentials to store, sorted by scope.
    pub changes: Vec<Change>,
    /// Warnings about the files, in the order in which they were read.
    pub warnings: Vec<ImportWarning>,
}

/// Reads the credentials that open-iscsi stores in `directory`.
///
/// Unusable values are skipped with a warning. If two records of one target or portal have different credentials,
/// neither is imported. Symbolic links that lead out of the directory are not followed.
pub fn read(directory: impl AsRef<Path>) -> Result<Import, ImportError> {
    let Records { root, files, mut warnings } = Records::find(directory.as_ref())?;
    let mut gathered = Gathered::default();
    for file in files {
        match root.read(&file.path) {
            Ok(content) => {
                warnings.extend(credentials::take(&file, &content, &mut gathered));
            }
            Err(fault) => warnings.push(ImportWarning::Unreadable { path: file.path, fault }),
        }
    }
    let (changes, conflicts) = gathered.into_changes();
    warnings.extend(conflicts);
    Ok(Import { changes, warnings })
}

#[cfg(test)]
mod tests;
