//! Expectations of errors.

use std::io::ErrorKind;
use std::path::Path;

use crate::store::{self, StoreError};

/// Checks that the error names the file.
pub(crate) fn names(error: &StoreError, file: &Path) {
    let (error, file) = (error.to_string(), file.display().to_string());
    assert!(error.contains(&file), "{file} is not named in: {error}");
}

/// An operator learns which file it is about and has a remedy.
pub(crate) fn explains(error: &StoreError, file: &Path) {
    names(error, file);
    assert!(error.remedy().is_some_and(|remedy| !remedy.is_empty()), "no remedy for: {error}");
}

/// Checks that the operating system failed for this reason.
pub(crate) fn refuses(error: &StoreError, kind: ErrorKind, file: &Path) {
    assert_eq!(store::system_kind(error), Some(kind), "{error:?}");
    explains(error, file);
}
