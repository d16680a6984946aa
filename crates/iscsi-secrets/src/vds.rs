//! VDS-compatible API for setting secrets: the iSCSI part of the Windows Virtual Disk Service, in idiomatic Rust.
//!
//! Arguments can express every combination that the original accepts, and every error has the exact [`HResult`] of the
//! original as well as a reason. The words are those of VDS: the *target secret* is the initiator's CHAP secret (forward),
//! the *initiator secret* is the target's CHAP secret (reverse). Rule numbers (R1 …) are those of the table at [`VdsServiceIscsi::set_initiator_shared_secret`].

mod error;
mod hresult;
mod object_ids;
mod service;
mod target;

use crate::secret::Secret;

pub use error::VdsError;
pub use hresult::HResult;
pub use object_ids::{OBJECT_ID_NAMESPACE, object_id};
pub use service::{IpsecKey, VdsServiceIscsi};
pub use target::{TargetLogin, VdsIscsiTarget};

/// The secret argument `VDS_ISCSI_SHARED_SECRET`: bytes and, stated separately as in the original, their number.
///
/// Invalid combinations can be expressed too, because each has its own rule. A null structure pointer is
/// `None::<&SharedSecret>`.
#[derive(Clone, Copy)]
pub struct SharedSecret<'a> {
    /// The bytes, or `None` for a null pointer. They are copied, never kept.
    pub bytes: Option<&'a [u8]>,
    /// The number of bytes, as stated by the caller.
    pub size: u32,
}

impl<'a> SharedSecret<'a> {
    /// No bytes and size 0: clears a stored secret.
    pub const CLEAR: Self = Self { bytes: None, size: 0 };

    /// The shortest secret that VDS accepts, in bytes.
    pub const MIN_BYTES: u32 = 12;

    /// The longest secret that VDS accepts, in bytes.
    pub const MAX_BYTES: u32 = 16;

    /// States `bytes` with their true number.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes: Some(bytes), size: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
    }

    /// Validates the structure. `wrong_length` creates the error of R10 and R11.
    fn payload(self, wrong_length: fn(u32) -> VdsError) -> Result<Payload, VdsError> {
        let legal = Self::MIN_BYTES..=Self::MAX_BYTES;
        match (self.bytes, self.size) {
            (None, 0) => Ok(Payload::Clear),
            (None, size) => Err(VdsError::SizeWithoutBytes { size }), // R8
            (Some(_), 0) => Err(VdsError::BytesWithoutSize),          // R9
            (Some(_), size) if !legal.contains(&size) => Err(wrong_length(size)), // R10, R11
            (Some(bytes), size) if bytes.len() != size as usize => {
                Err(VdsError::SizeDisagrees { bytes: bytes.len(), size })
            }
            (Some(bytes), size) => {
                // The caller keeps its bytes, as in the original; the copy is in locked memory and wiped on drop.
                Secret::from_bytes(bytes).map(Payload::Set).map_err(|_| wrong_length(size))
            }
        }
    }
}

/// The operation that a valid [`SharedSecret`] requests.
enum Payload {
    /// Clear the secret.
    Clear,
    /// Store this secret, of 12 to 16 bytes.
    Set(Secret),
}
