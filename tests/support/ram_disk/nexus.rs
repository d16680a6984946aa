//! The name of a session.

use super::reservation::InitiatorPort;

/// What names a session: its target, the portal group, and the initiator port (RFC 7143, 4.4.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Nexus {
    /// The place of the target in the configuration; `None` for a discovery.
    pub(super) target: Option<usize>,
    pub(super) portal_group: u16,
    pub(super) port: InitiatorPort,
}
