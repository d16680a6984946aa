//! Consequences of the status of a SCSI command: one policy for all commands (SAM-5, 5.3; SPC-4, 4.5).
//!
//! [`RetryPolicy`] has the settings, [`Attempts`] what was tried so far, and [`Attempts::decide`] the [`Verdict`]. Time is an
//! argument. Unit attentions have a [table](attention::AttentionKind) of their own.

mod attempts;
mod attention;
mod policy;
mod unit;

pub(crate) use attempts::{Attempts, Verdict};
pub use attention::{AttentionKind, Consequence};
pub use policy::RetryPolicy;
pub use unit::UnitState;
