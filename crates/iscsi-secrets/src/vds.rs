//! The iSCSI part of the Windows Virtual Disk Service, in Rust's idiom: the door by which secrets come in.
//!
//! Arguments keep every shape of the original, and every error has the exact [`HResult`] of the original beside the
//! reason why. Rule numbers (R1 …) are those of the table at [`VdsServiceIscsi::set_initiator_shared_secret`].

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
