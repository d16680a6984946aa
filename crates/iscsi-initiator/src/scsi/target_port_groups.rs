//! Asymmetric access to a logical unit through groups of target ports (SPC-4, 5.15).

mod access_state;
mod report_target_port_groups;
mod set_target_port_groups;

pub use access_state::{AccessState, AccessStates};
pub use report_target_port_groups::{ReportTargetPortGroups, TargetPortGroup, TargetPortGroups};
pub use set_target_port_groups::{SetTargetPortGroups, TargetPortGroupState};
