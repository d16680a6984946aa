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

pub use authentication::{AuthenticationMode, AuthenticationRequest};
pub use block_device::{BlockDevice, RangeReader, RangeWriter};
pub use config::Config;
pub use error::{Advice, Error, Fault, ProtocolError};
pub use flush::Flush;
pub use initiator::Initiator;
pub use iscsi_login::initiator::{Authenticated, Completed};
pub use iscsi_login::{
    AddressDeviation, ChapAlgorithm, Deviation, DigestPreference, DiscoveredTarget, DiscoveredTargets,
    ObservedDeviation, Offer, Parameters, Strictness, UnusableRecord,
};
pub use iscsi_pdu::{GrammarError, IscsiName, Isid, Lun, NameError, Portal, PortalError, TargetAddress};
pub use isid_pool::IsidPool;
pub use logical_units::{LunList, LunListOrigin};
pub use login_progress::LoginStep;
pub use login_times::LoginTimes;
pub use redirects::Moved;
pub use session_handle::{PendingCommand, Session, SessionDetails};
pub use url::*;
