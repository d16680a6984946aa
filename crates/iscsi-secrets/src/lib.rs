#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod change;
mod credential;
mod error;
mod generate;
mod locked_buf;
#[cfg(all(unix, feature = "file"))]
pub mod open_iscsi;
#[cfg(unix)]
mod permissions;
#[cfg(unix)]
mod plain_credentials;
mod record;
mod requirement;
mod scope;
mod sealer;
mod secret;
#[cfg(unix)]
mod secret_file;
#[cfg(unix)]
mod secret_file_error;
mod store;
mod store_key;
mod store_snapshot;
pub mod vds;

pub use change::{Capabilities, Change};
pub use credential::{ChapNameError, ForwardCredential, ReverseCredential, ReverseLookup};
pub use error::StoreError;
pub use generate::{GeneratorError, generate_bytes, generate_secret};
#[doc(no_inline)]
pub use iscsi_pdu::{IscsiName, NameError, Portal, PortalError};
pub use record::{Entry, ReverseState};
pub use requirement::{Policy, Requirement, RequirementError};
pub use scope::{Direction, Scope, SecretUse};
pub use secret::{Secret, SecretError};
#[cfg(unix)]
pub use secret_file::{
    MIN_FILE_SECRET_BYTES, SecretFormat, read_secret, read_secret_as, read_secret_file, read_secret_file_as,
};
#[cfg(unix)]
pub use secret_file_error::{SecretFileError, SecretFileFault, SecretOrigin};
#[cfg(all(unix, feature = "file"))]
pub use store::directory::DirectoryStore;
#[cfg(unix)]
pub use store::environment::EnvironmentStore;
#[cfg(all(unix, feature = "file"))]
pub use store::file::FileStore;
#[cfg(all(unix, feature = "file"))]
pub use store::file::keys::KeySource;
#[cfg(all(unix, feature = "file"))]
pub use store::file::relocation::Relocation;
pub use store::memory::MemoryStore;
pub use store::{ForeignHome, SecretStore, StoreOrigin};
pub use store_snapshot::StoreSnapshot;
pub use store_snapshot::weaknesses::{MIN_SAFE_BYTES, Weakness};
pub use vds::{HResult, SharedSecret, TargetLogin, VdsError, VdsIscsiTarget, VdsServiceIscsi};

#[cfg(all(unix, feature = "fuzzing"))]
#[doc(hidden)]
pub use store::file::fuzzing;
