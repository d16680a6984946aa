//! The faults of a course.

use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;

use crate::namespace::{add_portal, remove_portal};
use crate::relay::{Ending, Relay};
use crate::target::Target;

/// A fault, with its length.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The connection ends, behind so many bytes more of each direction.
    Cut(Ending, usize),
    /// What is on the connection arrives so much later, when there is another connection.
    Late(Duration),
    /// The process of the target sleeps for longer than a ping may take.
    Frozen(Duration),
    /// The target ends without an answer, and starts again so much later.
    Restarted(Duration),
    /// The target ends the sessions, and refuses logins for a while.
    Disabled(Duration),
    /// The portal's address is not there for a while.
    Unreachable(Duration),
}

/// The longest of the bytes that pass before a cut: a few long commands.
const LAST_BYTES: usize = 1 << 20;

impl Fault {
    /// The faults that come first, each of which ends the session. LIO alone can be disabled.
    pub(crate) fn all(target: &Target) -> Vec<Self> {
        let seconds = Duration::from_secs;
        let disabled = match target {
            Target::Tgt(_) => Self::Restarted(seconds(0)),
            Target::Lio(_) => Self::Disabled(seconds(1)),
        };
        vec![
            Self::Cut(Ending::Reset, 0),
            Self::Restarted(seconds(2)),
            Self::Cut(Ending::Close, 100_000),
            Self::Late(seconds(5)),
            Self::Frozen(seconds(4)),
            disabled,
        ]
    }

    /// Any fault.
    pub(crate) fn random(rng: &mut Rng, target: &Target) -> Self {
        let kind = rng.u32(..10);
        let ending = if rng.bool() { Ending::Close } else { Ending::Reset };
        let bytes = if rng.bool() { 0 } else { rng.usize(..LAST_BYTES) };
        let mut time = |longest: u64| Duration::from_millis(rng.u64(..longest));
        match (kind, target) {
            (0..5, _) => Self::Cut(ending, bytes),
            (5, _) => Self::Late(Duration::from_secs(3) + time(3000)),
            (6, _) => Self::Frozen(Duration::from_secs(3) + time(5000)),
            (7, _) => Self::Unreachable(time(6000)),
            (8, Target::Lio(_)) => Self::Disabled(time(3000)),
            _ => Self::Restarted(time(3000)),
        }
    }

    /// Has it happen, and waits for its end, but not for a session.
    pub(crate) fn happen(self, target: &mut Target, relay: &Relay) {
        match self {
            Self::Cut(ending, bytes) => relay.cut(ending, bytes),
            Self::Late(time) => {
                relay.hold(time);
                sleep(time);
            }
            Self::Frozen(time) => {
                target.freeze();
                sleep(time);
                target.thaw();
            }
            Self::Restarted(time) => {
                target.end();
                sleep(time);
                target.start_again();
            }
            Self::Disabled(time) => {
                target.take_logins(false);
                sleep(time);
                target.take_logins(true);
            }
            Self::Unreachable(time) => {
                remove_portal();
                sleep(time);
                add_portal();
            }
        }
    }
}
