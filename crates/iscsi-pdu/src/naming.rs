//! Names and addresses of initiators and targets (RFC 7143, 4.2.7, 11.12.5 and 13.8).

#[cfg(feature = "names")]
mod iscsi_name;
mod isid;
mod portal;
mod target_address;

#[cfg(feature = "names")]
pub use iscsi_name::{GrammarError, IscsiName, NameError};
pub use isid::Isid;
pub use portal::{AddressError, Portal, PortalError};
pub use target_address::TargetAddress;
