#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod capabilities;
mod change;
mod check;
mod credential;
#[cfg(unix)]
mod credential_keys;
mod entry;
mod error;
mod fingerprint;
mod generate;
mod locked_buf;
#[cfg(all(unix, feature = "file"))]
pub mod open_iscsi;
#[cfg(unix)]
mod permissions;
mod record;
mod requirement;
mod reverse_lookup;
mod scope;
mod sealer;
mod secret;
#[cfg(unix)]
mod secret_file;
mod secret_use;
mod store;
mod store_key;
mod store_snapshot;
pub mod vds;

pub use capabilities::Capabilities;
pub use change::Change;
pub use check::{MIN_SAFE_BYTES, Weakness};
pub use credential::{ChapNameError, ForwardCredential, ReverseCredential};
pub use entry::{Entry, ReverseState};
pub use error::StoreError;
pub use generate::{GeneratorError, generate_bytes, generate_secret};
#[doc(no_inline)]
pub use iscsi_pdu::{IscsiName, NameError, Portal, PortalError};
pub use requirement::{Policy, Requirement, RequirementError};
pub use reverse_lookup::ReverseLookup;
pub use scope::Scope;
pub use secret::{Secret, SecretError};
#[cfg(unix)]
pub use secret_file::{
    MIN_FILE_SECRET_BYTES, SecretFileError, SecretFileFault, SecretFormat, SecretOrigin, read_secret,
    read_secret_as, read_secret_file, read_secret_file_as,
};
pub use secret_use::{Direction, SecretUse};
#[cfg(all(unix, feature = "file"))]
pub use store::directory::DirectoryStore;
#[cfg(unix)]
pub use store::environment::EnvironmentStore;
#[cfg(all(unix, feature = "file"))]
pub use store::file::{FileStore, KeySource, Relocation};
pub use store::memory::MemoryStore;
pub use store::{ForeignHome, SecretStore, StoreOrigin};
pub use store_snapshot::StoreSnapshot;
pub use vds::{HResult, SharedSecret, TargetLogin, VdsError, VdsIscsiTarget, VdsServiceIscsi};

#[cfg(all(unix, feature = "fuzzing"))]
#[doc(hidden)]
pub use store::file::fuzzing;
