#![doc = include_str!("../README.md")]

mod block_device;
#[cfg(feature = "blocking")]
pub mod blocking;
mod config;
mod error;
mod handle;
mod isid_pool;
mod login;
#[cfg(feature = "nbd")]
pub mod nbd;
mod nexus;
mod random;
mod runtime;
pub mod scsi;
mod session;
mod status;
mod url;
mod wire;

pub use block_device::{
    BlockDevice, BlockProperties, BlockStatus, Comparison, DeviceStream, Overrides, RangeReader, RangeWriter,
    Zeroing,
};
pub use config::Config;
pub use error::{Advice, Error, Fault, LoginStep};
pub use handle::{
    Aborted, Discovery, Events, Flush, Initiator, LunList, LunListOrigin, PendingCommand, Session,
    SessionDetails,
};
pub use iscsi_login::initiator::{Authenticated, CompletedLogin};
pub use iscsi_login::{
    AddressDeviation, ChapAlgorithm, Deviation, DigestPreference, DiscoveredTarget, DiscoveredTargets,
    ObservedDeviation, Offer, Parameters, Strictness, UnusableRecord,
};
pub use iscsi_pdu::{
    GrammarError, IscsiName, Isid, LogoutReason, LogoutResponseCode, Lun, NameError, Portal, PortalError,
    TargetAddress,
};
// The items of the secret store that callers of this crate need; the others are in `iscsi_secrets`.
#[cfg(unix)]
pub use iscsi_secrets::{FileStore, KeySource, SecretFormat, read_secret_file, read_secret_file_as};
pub use iscsi_secrets::{
    ForwardCredential, HResult, MemoryStore, Requirement, ReverseCredential, Scope, Secret, SecretStore,
    SecretUse, SharedSecret, StoreError, StoreOrigin, VdsError, VdsServiceIscsi,
};
pub use isid_pool::IsidPool;
pub use login::{AuthenticationMode, AuthenticationRequest, LoginTimes, RedirectKind, Unauthenticated};
pub use nexus::{Phase as SessionPhase, RecoveryPolicy, SessionStatus};
pub use session::{
    Abort, AbortCause, Event, Extent, ManagementResponse, OldTask, ProtocolError, TaskManagement,
};
pub use status::{AttentionKind, Consequence, RetryPolicy, UnitState};
pub use url::*;
pub use uuid::Uuid;

/// The pure parts of the initiator, for simulation and fuzzing. Not part of the stable API.
#[doc(hidden)]
pub mod engine {
    pub use crate::handle::{Relogin, lasting_session_over, session_over};
    pub use crate::isid_pool::IsidLease;
    pub use crate::login::{
        CredentialScope, Credentials, Draw, Exchange, LoggedIn, LoginSettings, Next, Secrets,
    };
    pub use crate::nexus::{
        Backoff, Decision, Found, Nexus, NexusEvent, Phase, Probe, ProbeError, RecoveryLevel, Step, Stop,
        UnitDifference, UnitIdentity,
    };
    pub use crate::runtime::Stream;
    pub use crate::session::{
        End, Ended, Engine, Failure, Fencing, Limits, LogoutCause, NextSession, Outcome, Replayed, Request,
        SessionState, Silence,
    };
    pub use crate::wire::Inbox;
}
