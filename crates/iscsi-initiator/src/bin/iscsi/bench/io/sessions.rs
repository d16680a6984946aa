//! The sessions of a run of I/O: logged in before it, and again when one is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use iscsi_initiator::{BlockDevice, Error, Lun, Session};
use tokio::sync::Mutex;

use crate::bench::destinations::Destinations;
use crate::failure::Failure;
use crate::session::{abort_commands, until_interrupted};

/// The pause after a login that failed: a target that is gone is not asked more often. So long is also waited for a block
/// that can be written.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// One session, which is replaced by another one when it ends.
pub(super) struct Slot {
    destinations: Destinations,
    lun: Lun,
    open: Mutex<Open>,
    /// Logins after the first one.
    reconnects: AtomicU64,
}

/// A session, and the unit in it.
struct Open {
    session: Session,
    device: BlockDevice,
}

impl Open {
    async fn log_in(destinations: &Destinations, lun: Lun) -> Result<Self, Error> {
        let session = destinations.log_in(0).await?;
        let device = BlockDevice::open(&session, lun).await?;
        Ok(Self { session, device })
    }
}

impl Slot {
    /// Returns the unit in a session that is open: after the end of one in the next one.
    ///
    /// # Cancel safety
    /// When the future is dropped, a connection that was being opened is closed.
    pub(super) async fn device(&self) -> Result<BlockDevice, Error> {
        let mut open = self.open.lock().await;
        if open.session.end_reason().is_some() {
            let before = open.session.state().recoveries;
            match Open::log_in(&self.destinations, self.lun).await {
                Ok(next) => *open = next,
                Err(error) => {
                    tokio::time::sleep(PAUSE).await;
                    return Err(error);
                }
            }
            self.reconnects.fetch_add(1 + before, Ordering::Relaxed);
        }
        Ok(open.device.clone())
    }

    /// Logs out and in again.
    ///
    /// # Cancel safety
    /// When the future is dropped, the session is over, or a new one is open.
    async fn log_in_again(&self) -> Result<(), Error> {
        let mut open = self.open.lock().await;
        self.reconnects.fetch_add(open.session.state().recoveries, Ordering::Relaxed);
        if open.session.end_reason().is_none() {
            open.session.clone().logout().await?;
        }
        *open = Open::log_in(&self.destinations, self.lun).await?;
        Ok(())
    }
}

/// All sessions of a run.
pub(super) struct Sessions(Vec<Arc<Slot>>);

impl Sessions {
    /// Opens `number` sessions, one after the other: all, or after a failure or an interruption none.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connections are closed.
    pub(super) async fn log_in(destinations: &Destinations, lun: Lun, number: u64) -> Result<Self, Failure> {
        let mut sessions = Self(Vec::new());
        if let Err(failure) = until_interrupted(sessions.fill(destinations, lun, number)).await {
            sessions.log_out().await;
            return Err(failure);
        }
        Ok(sessions)
    }

    /// # Cancel safety
    /// Cancel safe: sessions that were opened are kept.
    async fn fill(&mut self, destinations: &Destinations, lun: Lun, number: u64) -> Result<(), Failure> {
        for _ in 0..number {
            let open = Open::log_in(destinations, lun).await?;
            let (destinations, open) = (destinations.clone(), Mutex::new(open));
            self.0.push(Arc::new(Slot { destinations, lun, open, reconnects: AtomicU64::new(0) }));
        }
        Ok(())
    }

    /// The sessions, each by its slot.
    pub(super) fn slots(&self) -> &[Arc<Slot>] {
        &self.0
    }

    /// The first session, and the unit in it.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn first(&self) -> Option<(Session, BlockDevice)> {
        let open = self.0.first()?.open.lock().await;
        Some((open.session.clone(), open.device.clone()))
    }

    /// The number of sessions that replaced lost ones.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn reconnects(&self) -> u64 {
        let mut count = 0;
        for slot in &self.0 {
            let recoveries = slot.open.lock().await.session.state().recoveries;
            count += slot.reconnects.load(Ordering::Relaxed) + recoveries;
        }
        count
    }

    /// Logs out of all sessions and in again.
    ///
    /// # Cancel safety
    /// When the future is dropped, some sessions may have ended.
    pub(super) async fn log_in_again(&self) -> Result<(), Error> {
        for slot in &self.0 {
            slot.log_in_again().await?;
        }
        Ok(())
    }

    /// Logs out of all sessions that are open, once the commands that an interruption has left are aborted; failures are no
    /// longer measured. Another interruption ends that too.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connections are closed without waiting for the responses.
    pub(super) async fn log_out(self) {
        let logouts = async {
            for slot in &self.0 {
                let session = slot.open.lock().await.session.clone();
                abort_commands(&session).await;
                _ = session.logout().await;
            }
            Ok(())
        };
        _ = until_interrupted(logouts).await;
    }
}
