//! Errors of sealing and opening the content of a store file.

use crate::generate::GeneratorError;

/// An error of sealing or opening the content of a file, without the path of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealError {
    Generator(GeneratorError),
    Cipher,
    OutOfMemory,
    TooLarge,
    ForeignFile,
    UnknownVersion { found: u16 },
    Truncated,
    WrongKey,
    Damaged,
}

impl From<GeneratorError> for SealError {
    fn from(error: GeneratorError) -> Self {
        Self::Generator(error)
    }
}
