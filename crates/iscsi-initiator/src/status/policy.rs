//! Settings for the repetition of commands.

use std::time::Duration;

/// The commands that are sent again instead of being reported, and for how long
/// ([RFC 7143, section 11.4.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.2)). Each repetition is a new command, with a
/// number and a time limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The time for which a command is repeated that its unit answers with BUSY, TASK SET FULL or ACA ACTIVE. The pauses grow
    /// from 10 milliseconds to a second.
    pub busy_timeout: Duration,
    /// The time for which a command is repeated whose unit is becoming ready (NOT READY), with the same pauses. By default such
    /// a unit is reported at once.
    pub ready_timeout: Duration,
    /// The most repetitions because of unit attentions that do not concern the caller.
    pub unit_attentions: u8,
    /// The most repetitions of a command that the target has aborted (ABORTED COMMAND), as after a digest error.
    pub aborted_commands: u8,
}

impl RetryPolicy {
    /// No command is repeated: every status is reported.
    pub const NONE: Self = Self {
        busy_timeout: Duration::ZERO,
        ready_timeout: Duration::ZERO,
        unit_attentions: 0,
        aborted_commands: 0,
    };
}

impl Default for RetryPolicy {
    /// Thirty seconds for units that are busy, none for those that are becoming ready, eight unit attentions, three aborts.
    fn default() -> Self {
        let busy_timeout = Duration::from_secs(30);
        Self { busy_timeout, ready_timeout: Duration::ZERO, unit_attentions: 8, aborted_commands: 3 }
    }
}
