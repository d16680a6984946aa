//! The other portals of a target, at which a lost session may be replaced.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use iscsi_initiator::{Session, SessionPhase, SessionStatus};
use tokio::time::sleep;

use super::Opened;

/// The age from which on a session is worth another connection to its target. Most commands end earlier.
const LASTING: Duration = Duration::from_secs(3);

/// Learns the portals of the target once the session lasts, if another one may replace it. In a session of its own, since
/// tgt resets a connection of another kind that asks for them. Nothing depends on it, so a failure is only logged; the next
/// attempt is made in the session that replaces this one.
///
/// # Cancel safety
/// When the future is dropped, the connection of the discovery is closed.
pub(super) async fn learn(opened: &Opened) -> Infallible {
    let Opened { session, initiator, request } = opened;
    while initiator.config().recovery.is_on() {
        let before = session.state();
        sleep(LASTING).await;
        let discovery = initiator.discover(&session.details().portal, request);
        match Box::pin(discovery).await {
            Ok(found) => {
                session.remember_portals(&found);
                tracing::info!("the target's portals are known");
                break;
            }
            Err(error) => tracing::debug!(%error, "the target's other portals stay unknown"),
        }
        replaced(session, before).await;
    }
    pending().await
}

/// Waits until another session has replaced the one of this state; once the last is over, for ever.
///
/// # Cancel safety
/// Cancel safe.
async fn replaced(session: &Session, before: SessionStatus) {
    let mut known = before;
    while known.recoveries == before.recoveries {
        known = session.next_state(known).await;
        if known.phase == SessionPhase::Over {
            pending::<()>().await;
        }
    }
}
