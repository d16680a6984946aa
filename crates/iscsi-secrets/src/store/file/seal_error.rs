//! Why a store file was not written or not opened, before the file is named.

use crate::generate::GeneratorError;

/// Why a file was not written or not opened.
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
