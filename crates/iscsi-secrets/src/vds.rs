//! VDS-compatible API for setting secrets: the iSCSI part of the Windows Virtual Disk Service, in idiomatic Rust.
//!
//! Arguments can express every combination that the original accepts, and every error has the exact [`HResult`] of the
//! original as well as a reason. The words are those of VDS: the *target secret* is the initiator's CHAP secret (forward),
//! the *initiator secret* is the target's CHAP secret (reverse). Rule numbers (R1 …) are those of the table at [`VdsServiceIscsi::set_initiator_shared_secret`].

mod error;
mod hresult;
mod object_ids;
mod service;
mod shared_secret;
mod target;

pub use error::VdsError;
pub use hresult::HResult;
pub use object_ids::{OBJECT_ID_NAMESPACE, object_id};
pub use service::{IpsecKey, VdsServiceIscsi};
pub use shared_secret::SharedSecret;
pub use target::{TargetLogin, VdsIscsiTarget};
