//! Credentials out of the plain files of open-iscsi, for a store to take over.
//!
//! [`read`] makes changes of the configuration and the records in a directory such as `/etc/iscsi` or
//! `/var/lib/iscsi`, and tells what it found about them. [`Plan`] compares the changes with what a store has; its
//! changes are for one [`SecretStore::apply_all`](crate::SecretStore::apply_all).
//!
//! | file | for whom |
//! | --- | --- |
//! | `iscsid.conf` | every target, and every discovery |
//! | `nodes/TARGET/ADDRESS,PORT[,TAG]`, or files in it, one for each interface | the target |
//! | `send_targets/ADDRESS,PORT`, or `st_config` in it | discovery at the portal |
//!
//! Lines are read as open-iscsi reads them: `key = value` with blanks before the `=`, the value up to the last byte
//! that is not a blank, and comments only on lines of their own. Like there, credentials count whatever `authmethod`
//! says, an empty value is none, and the last one counts.

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

/// What a directory of open-iscsi gives.
pub struct Import {
    /// What to store, sorted by scope.
    pub changes: Vec<Change>,
    /// What there is to tell about the files, in the order in which they were read.
    pub warnings: Vec<ImportWarning>,
}

/// Reads all that open-iscsi keeps in `directory`.
///
/// What cannot be used is left out and told, and the rest goes on. Two records of one target, or of one portal, with
/// different credentials are not chosen between: none of them is taken. Links that lead out of the directory are not
/// followed.
pub fn read(directory: impl AsRef<Path>) -> Result<Import, ImportError> {
    let Records { root, files, mut warnings } = Records::find(directory.as_ref())?;
    let mut gathered = Gathered::default();
    for file in files {
        match root.read(&file.path) {
            Ok(content) => {
                let told = credentials::take(&file, &content, &mut gathered);
                warnings.extend(told);
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
