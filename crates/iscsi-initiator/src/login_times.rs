//! How long the parts of a login took.

use std::time::Duration;

use iscsi_pdu::Stage;

/// How long the parts of a login took, as seen from here. With redirections, those of the last hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginTimes {
    /// Name resolution and TCP connection.
    pub connect: Duration,
    /// Security negotiation, CHAP within it (RFC 7143, 6.3.2). Zero when the login began behind it.
    pub security: Duration,
    /// Operational negotiation, up to full feature phase (RFC 7143, 6.3.3).
    pub operational: Duration,
}

impl LoginTimes {
    /// Adds one exchange, whose request belonged to this stage.
    pub(crate) fn add(&mut self, stage: Stage, taken: Duration) {
        if stage == Stage::SECURITY {
            self.security += taken;
        } else {
            self.operational += taken;
        }
    }

    /// The whole login.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.connect + self.security + self.operational
    }
}
