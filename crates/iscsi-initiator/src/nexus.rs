//! A nexus: the succession of sessions between one initiator port and one target port (SAM-5, 4.7), as pure values.
//!
//! When a session is lost, [`Nexus`] says what the driver does next: wait, log in, look whether the units are the same, send
//! again what may be sent again, or give up. [`Decision`] is the table of causes, [`RecoveryPolicy`] the settings, [`Backoff`]
//! the pauses. Time and randomness are arguments.

mod backoff;
mod decision;
mod drive;
mod identity;
mod phase;
mod policy;
mod portals;
mod probe;
mod short_sessions;
mod status;
mod stop;
mod units;

pub use backoff::Backoff;
pub use decision::{Decision, RecoveryLevel};
pub use identity::{UnitDifference, UnitIdentity};
pub use phase::{Nexus, NexusEvent, Step};
pub use policy::RecoveryPolicy;
pub use probe::{Found, Probe, ProbeError};
pub use status::{Phase, SessionStatus};
pub use stop::Stop;
