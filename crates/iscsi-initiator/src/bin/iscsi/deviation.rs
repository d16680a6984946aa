//! Harmless deviations of a target, as they are shown.

use std::fmt;

use iscsi_initiator::ObservedDeviation;
use serde::Serialize;

/// A row of the table of deviations that a target showed.
#[derive(Serialize)]
pub(crate) struct ShownDeviation {
    /// The id of the row.
    id: &'static str,
    /// The section of RFC 7143 that the target broke.
    section: &'static str,
    /// What exactly it did.
    detail: String,
}

impl ShownDeviation {
    pub(crate) fn new(observed: &ObservedDeviation) -> Self {
        let deviation = observed.deviation;
        Self { id: deviation.id, section: deviation.section, detail: observed.detail.clone() }
    }
}

impl fmt::Display for ShownDeviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} (RFC 7143, {})", self.id, self.detail, self.section)
    }
}
