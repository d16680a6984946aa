//! The size of a unit, which may grow while it is attached.

use std::time::Duration;

use iscsi_initiator::{BlockDevice, Lun, Session};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The time between two looks at the size.
const INTERVAL: Duration = Duration::from_secs(10);

/// Looks at the size of a unit again and again, since a unit that grows says so only to who asks it something.
/// `known` is the size that the kernel knows: after a takeover, it may be an old one.
pub(super) fn watch(
    session: &Session,
    lun: Lun,
    unit: &BlockDevice,
    known: Option<u64>,
) -> (watch::Receiver<u64>, JoinHandle<()>) {
    let (session, unit) = (session.clone(), unit.clone());
    let (sender, receiver) = watch::channel(known.unwrap_or_else(|| unit.capacity().bytes()));
    let watcher = tokio::spawn(async move {
        loop {
            tokio::time::sleep(INTERVAL).await;
            // A failure of the unit shows where it is used.
            _ = session.read_capacity(lun).await;
            let size = unit.capacity().bytes();
            sender.send_if_modified(|known| std::mem::replace(known, size) != size);
        }
    });
    (receiver, watcher)
}
