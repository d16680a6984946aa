#![doc = include_str!("../README.md")]

mod authentication;
mod block_device;
mod blocking;
mod config;
mod connection;
mod error;
mod flush;
mod initiator;
mod isid_pool;
mod logical_units;
mod login_progress;
mod login_times;
mod redirects;
pub mod scsi;
mod session;
mod session_handle;
mod url;

pub use authentication::{AuthenticationMode, AuthenticationRequest, Unauthenticated};
pub use block_device::{BlockDevice, RangeReader, RangeWriter};
pub use config::Config;
pub use error::{Advice, Error, Fault, ProtocolError};
pub use flush::Flush;
pub use initiator::{Discovery, Initiator};
pub use iscsi_login::initiator::{Authenticated, CompletedLogin};
pub use iscsi_login::{
    AddressDeviation, ChapAlgorithm, Deviation, DigestPreference, DiscoveredTarget, DiscoveredTargets,
    ObservedDeviation, Offer, Parameters, Strictness, UnusableRecord,
};
pub use iscsi_pdu::{GrammarError, IscsiName, Isid, Lun, NameError, Portal, PortalError, TargetAddress};
// What callers need of the secret store to use this crate; the rest is in `iscsi_secrets`.
#[cfg(unix)]
pub use iscsi_secrets::{FileStore, KeySource, SecretFormat, read_secret_file, read_secret_file_as};
pub use iscsi_secrets::{
    ForwardCredential, HResult, MemoryStore, Requirement, ReverseCredential, Scope, Secret, SecretStore,
    SecretUse, SharedSecret, StoreError, StoreOrigin, VdsError, VdsServiceIscsi,
};
pub use isid_pool::IsidPool;
pub use logical_units::{LunList, LunListOrigin};
pub use login_progress::LoginStep;
pub use login_times::LoginTimes;
pub use redirects::RedirectKind;
pub use session_handle::{PendingCommand, Session, SessionDetails};
pub use url::*;
pub use uuid::Uuid;
