//! Errors of the VDS API, with the codes of the original.

use std::io::ErrorKind;

use iscsi_pdu::NameError;
use uuid::Uuid;

use super::hresult::HResult;
use crate::error::StoreError;
#[cfg(unix)]
use crate::secret_file_error::SecretFileFault;

/// An error of the VDS API. After an error the store is unchanged, with one exception: after [`StoreError::Unsynced`]
/// (code 0x80070254, `ERROR_LOST_WRITEBEHIND_DATA`) the change is in force but a power failure may undo it.
/// [`is_in_force`](Self::is_in_force) tells the two apart.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VdsError {
    /// R13: the store was not opened when the service started.
    #[error("service: failed to start{}", .reason.as_ref().map_or("", |_| ": its store could not be opened"))]
    InitializedFailed {
        /// The error of the store; `None` if the thread that opens it panicked or could not be started.
        #[source]
        reason: Option<StoreError>,
    },
    /// The method is reserved and not supported.
    #[error("caller: this method is not supported")]
    NotSupported,
    /// A secret for one initiator was given to a target that supports only one for all.
    #[error("caller: this target does not support secrets for single initiators")]
    InitiatorSpecificNotSupported,
    /// The target was deleted.
    #[error("caller: the target was deleted")]
    ObjectDeleted,
    /// No initiator name was given, but one is required.
    #[error("caller: an initiator name is required")]
    NoInitiator,
    /// The initiator name is not valid.
    #[error("caller: invalid initiator name")]
    InitiatorName(#[source] NameError),
    /// The id belongs to another target.
    #[error("caller: the id {target_id} belongs to another target")]
    TargetIdTaken {
        /// The id.
        target_id: Uuid,
    },
    /// R3: a target was given, but the store does not support secrets for single targets.
    #[error("caller: this store does not support secrets for single targets")]
    TargetSpecificNotSupported,
    /// R7: neither a structure nor a target was given, or no structure where one is required.
    #[error("caller: no secret structure was given")]
    NoStructure,
    /// R8: a size was given without bytes.
    #[error("caller: size {size} was given without bytes")]
    SizeWithoutBytes {
        /// The stated size.
        size: u32,
    },
    /// R9: bytes were given with size 0.
    #[error("caller: bytes were given with size 0")]
    BytesWithoutSize,
    /// The stated size is not the number of bytes.
    #[error("caller: {bytes} bytes were given with size {size}")]
    SizeDisagrees {
        /// The number of bytes.
        bytes: usize,
        /// The stated size.
        size: u32,
    },
    /// R10, R11: the length of the initiator secret is out of range.
    #[error("caller: an initiator secret has 12 to 16 bytes, not {bytes}")]
    InitiatorSecretLength {
        /// The stated size.
        bytes: u32,
    },
    /// R10, R11: the length of the target secret is out of range.
    #[error("caller: a target secret has 12 to 16 bytes, not {bytes}")]
    TargetSecretLength {
        /// The stated size.
        bytes: u32,
    },
    /// The null id was given, but a target is required.
    #[error("caller: a target id is required")]
    NoTarget,
    /// R12: no known target has this id.
    #[error("caller: no known target has the id {target_id}")]
    ObjectNotFound {
        /// The id.
        target_id: Uuid,
    },
    /// R16: the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VdsError {
    /// The code that the original returns for this error.
    #[must_use]
    pub fn hresult(&self) -> HResult {
        match self {
            Self::InitializedFailed { .. } => HResult::VDS_E_INITIALIZED_FAILED,
            Self::NotSupported => HResult::VDS_E_NOT_SUPPORTED,
            Self::InitiatorSpecificNotSupported => HResult::VDS_E_INITIATOR_SPECIFIC_NOT_SUPPORTED,
            Self::ObjectDeleted => HResult::VDS_E_OBJECT_DELETED,
            Self::TargetSpecificNotSupported => HResult::VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED,
            Self::NoStructure
            | Self::SizeWithoutBytes { .. }
            | Self::BytesWithoutSize
            | Self::SizeDisagrees { .. }
            | Self::InitiatorSecretLength { .. }
            | Self::TargetSecretLength { .. }
            | Self::NoTarget
            | Self::NoInitiator
            | Self::InitiatorName(_)
            | Self::TargetIdTaken { .. } => HResult::E_INVALIDARG,
            Self::ObjectNotFound { .. } => HResult::VDS_E_OBJECT_NOT_FOUND,
            Self::Store(error) => store_hresult(error),
        }
    }

    /// Whether the change is in force in spite of the error.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_in_force())
    }

    /// The more specific code of the iSCSI initiator service, if there is one.
    #[must_use]
    pub fn iscsi_status(&self) -> Option<HResult> {
        match self {
            Self::InitiatorSecretLength { .. } => Some(HResult::ISDSC_INVALID_INITIATOR_CHAP_SECRET),
            Self::TargetSecretLength { .. } => Some(HResult::ISDSC_INVALID_TARGET_CHAP_SECRET),
            _ => None,
        }
    }
}

impl HResult {
    /// The code that the original returns instead of `result`.
    #[must_use]
    pub fn of<T>(result: &Result<T, VdsError>) -> Self {
        result.as_ref().err().map_or(Self::S_OK, VdsError::hresult)
    }
}

/// R16: `HRESULT_FROM_WIN32` of the Win32 code of a store error.
fn store_hresult(error: &StoreError) -> HResult {
    match error {
        StoreError::TargetSpecificNotSupported => HResult::VDS_E_TARGET_SPECIFIC_NOT_SUPPORTED,
        StoreError::GlobalNotSupported => HResult::VDS_E_NOT_SUPPORTED,
        StoreError::OutOfMemory => HResult::E_OUTOFMEMORY, // R15
        StoreError::Generator(_) | StoreError::Cipher => HResult::E_FAIL,
        other => HResult::from_win32(win32_code(other)),
    }
}

const FILE_NOT_FOUND: u32 = 2;
const ACCESS_DENIED: u32 = 5;
const FILE_CORRUPT: u32 = 1392;

fn win32_code(error: &StoreError) -> u32 {
    const WRITE_PROTECT: u32 = 19;
    const BUSY: u32 = 170;
    const LOST_WRITEBEHIND_DATA: u32 = 596;
    const REVISION_MISMATCH: u32 = 1306;
    const DECRYPTION_FAILED: u32 = 6001;
    match error {
        StoreError::Backend { code } => *code,
        StoreError::ReadOnly => WRITE_PROTECT,
        StoreError::Missing { .. }
        | StoreError::Dangling { .. }
        | StoreError::DatabaseGone { .. }
        | StoreError::KeyGone { .. }
        | StoreError::IncompleteCredential { .. }
        | StoreError::NoSecrets { .. } => FILE_NOT_FOUND,
        StoreError::TooOpen { .. } | StoreError::ForeignOwner { .. } => ACCESS_DENIED,
        StoreError::WrongKey { .. }
        | StoreError::KeyLength { .. }
        | StoreError::WrongPassphrase { .. }
        | StoreError::PassphraseNeeded { .. }
        | StoreError::NotByPassphrase { .. } => DECRYPTION_FAILED,
        StoreError::UnknownVersion { .. } => REVISION_MISMATCH,
        StoreError::Unsettled { .. } | StoreError::Locked { .. } => BUSY,
        StoreError::Unsynced { .. } => LOST_WRITEBEHIND_DATA,
        #[cfg(unix)]
        StoreError::SecretFile(error) => secret_file_code(error.fault),
        StoreError::Io { kind, .. } => io_code(*kind),
        _ => FILE_CORRUPT,
    }
}

#[cfg(unix)]
fn secret_file_code(fault: SecretFileFault) -> u32 {
    match fault {
        SecretFileFault::Open(kind) | SecretFileFault::Read(kind) => io_code(kind),
        SecretFileFault::TooOpen { .. } | SecretFileFault::ForeignOwner { .. } => ACCESS_DENIED,
        _ => FILE_CORRUPT,
    }
}

fn io_code(kind: ErrorKind) -> u32 {
    match kind {
        ErrorKind::NotFound => FILE_NOT_FOUND,
        ErrorKind::PermissionDenied => ACCESS_DENIED,
        ErrorKind::OutOfMemory => 14, // R15
        ErrorKind::ReadOnlyFilesystem => 19,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => 112,
        _ => 1117, // an I/O error without a better code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn failing_stores_have_the_result_of_their_win32_code() {
        let path = || PathBuf::from("secrets.db");
        let io = |kind| StoreError::Io { action: "write", path: path(), kind };
        let cases = [
            (StoreError::ReadOnly, 0x8007_0013),
            (io(ErrorKind::ReadOnlyFilesystem), 0x8007_0013),
            (io(ErrorKind::PermissionDenied), 0x8007_0005),
            (io(ErrorKind::OutOfMemory), 0x8007_000E),
            (io(ErrorKind::StorageFull), 0x8007_0070),
            (StoreError::TooOpen { path: path(), mode: 0o644 }, 0x8007_0005),
            (StoreError::Damaged { path: path() }, 0x8007_0570),
            (StoreError::Missing { path: path() }, 0x8007_0002),
            (StoreError::NoSecrets { path: path() }, 0x8007_0002),
            (
                StoreError::IncompleteCredential { found: "name".to_owned(), missing: "secret".to_owned() },
                0x8007_0002,
            ),
            (StoreError::Unsettled { path: path() }, 0x8007_00AA),
            (StoreError::Locked { path: path(), limit: std::time::Duration::ZERO }, 0x8007_00AA),
            (StoreError::Dangling { path: path() }, 0x8007_0002),
            (StoreError::Unsynced { path: path(), kind: ErrorKind::StorageFull }, 0x8007_0254),
            (StoreError::TargetSpecificNotSupported, 0x8004_2706),
            (StoreError::GlobalNotSupported, 0x8004_2400),
        ];
        for (error, bits) in cases {
            assert_eq!(VdsError::Store(error.clone()).hresult(), HResult::from_bits(bits), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_and_variables_that_cannot_be_used_have_codes_too() {
        use crate::{SecretFileError, SecretOrigin};
        let cases = [
            (SecretFileFault::Open(ErrorKind::NotFound), 0x8007_0002),
            (SecretFileFault::TooOpen { mode: 0o644 }, 0x8007_0005),
            (SecretFileFault::ForeignOwner { owner: 8, user: 7 }, 0x8007_0005),
            (SecretFileFault::TooLong, 0x8007_0570),
        ];
        for (fault, bits) in cases {
            let error = SecretFileError { origin: SecretOrigin::Variable("VARIABLE"), fault };
            assert_eq!(VdsError::Store(error.into()).hresult(), HResult::from_bits(bits), "{fault}");
        }
    }
}
