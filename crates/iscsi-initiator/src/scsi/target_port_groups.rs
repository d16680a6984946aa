//! Asymmetric access to a logical unit through groups of target ports (SPC-4, 5.15).
//!
//! ```no_run
//! # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
//! use iscsi_initiator::{Lun, scsi::{AccessState, ReportTargetPortGroups}};
//! let report = session.send(Lun::ZERO, &ReportTargetPortGroups::default()).await?;
//! let optimized = report.groups.iter().filter(|group| group.state == AccessState::ACTIVE_OPTIMIZED);
//! println!("fast ports: {:?}", optimized.flat_map(|group| &group.ports).collect::<Vec<_>>());
//! # Ok(()) }
//! ```

mod access_state;
mod report_target_port_groups;
mod set_target_port_groups;

pub use access_state::{AccessState, AccessStates};
pub use report_target_port_groups::{ReportTargetPortGroups, TargetPortGroup, TargetPortGroups};
pub use set_target_port_groups::{SetTargetPortGroups, TargetPortGroupState};
