//! The other portals of a target, at which a lost session may be replaced.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::sleep;

use super::Opened;

/// The age from which on a session is worth another connection to its target. Most commands end earlier.
const LASTING: Duration = Duration::from_secs(3);

/// Learns the portals of the target once the session lasts, if another one may replace it. In a session of its own, since
/// tgt resets a connection of another kind that asks for them. Nothing depends on it, so a failure is only logged.
///
/// # Cancel safety
/// When the future is dropped, the connection of the discovery is closed.
pub(super) async fn learn(opened: &Opened) -> Infallible {
    let Opened { session, initiator, request } = opened;
    if initiator.config().recovery.is_on() {
        sleep(LASTING).await;
        let discovery = initiator.discover(&session.details().portal, request);
        match Box::pin(discovery).await {
            Ok(found) => session.remember_portals(&found),
            Err(error) => tracing::debug!(%error, "the target's other portals stay unknown"),
        }
    }
    pending().await
}
