//! The attached devices of this host, as their processes describe them.

use std::io;

use super::control::{self, Question, Reply};
use super::device::Device;
use super::registry::Registry;
use super::status::Attached;
use crate::failure::Failure;
use crate::messages::warn;

/// Returns the attached devices, in order. A device whose process is gone is described as that process left it; a record of a
/// device that the kernel no longer has is removed.
///
/// # Errors
/// The directory of records cannot be read.
pub(crate) fn attached() -> Result<Vec<Attached>, Failure> {
    let registry = Registry::of_host();
    let devices = registry.devices().map_err(Failure::file("read", registry.folder()))?;
    Ok(devices.into_iter().filter_map(|device| describe(&registry, device)).collect())
}

/// Describes a device; one that cannot be described hides no other.
fn describe(registry: &Registry, device: Device) -> Option<Attached> {
    match state_of(registry, device) {
        Ok(Some(Served::By(attached) | Served::Orphan(attached))) => Some(attached),
        Ok(None) => {
            // Others may not be allowed to.
            _ = registry.forget(device);
            None
        }
        Err(error) => {
            warn(&format!("{device}: {error}"));
            None
        }
    }
}

/// A device that this program has attached.
pub(super) enum Served {
    /// Its process describes it.
    By(Attached),
    /// Its process is gone, and the kernel still has the device.
    Orphan(Attached),
}

/// Returns the state of a device; `None` if this program has not attached it.
///
/// # Errors
/// Its process does not answer, or the record cannot be read.
pub(super) fn state_of(registry: &Registry, device: Device) -> io::Result<Option<Served>> {
    match control::ask(&registry.socket(device), Question::Status)? {
        Some(Reply::Attached(attached)) => Ok(Some(Served::By(*attached))),
        Some(Reply::Failed(reason)) => Err(io::Error::other(reason)),
        None => Ok(registry.orphan(device)?.map(Served::Orphan)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tokio::task::spawn_blocking;

    use super::*;
    use crate::attach::control::Asker;
    use crate::attach::status::tests::attached;

    /// A device with this number exists on no host.
    const DEVICE: Device = Device(999_999);

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    /// What is told of a device whose process answers so, and the number of its files afterwards.
    async fn told(reply: Reply) -> (Option<Attached>, usize) {
        let place = tempfile::tempdir().unwrap();
        let registry = Registry::at(place.path());
        let entry = registry.enter(DEVICE, &attached("/dev/nbd999999")).unwrap();
        let described = spawn_blocking(move || describe(&registry, DEVICE));
        let (stream, _) = entry.listener.accept().await.unwrap();
        let (question, asker) = Asker::question(stream).await.unwrap();
        assert_eq!(question, Question::Status);
        asker.reply(&reply).await;
        (described.await.unwrap(), files(place.path()))
    }

    #[tokio::test]
    async fn a_device_is_as_its_process_describes_it() {
        let description = attached("/dev/nbd7");
        let reply = Reply::Attached(Box::new(description.clone()));
        assert_eq!(told(reply).await, (Some(description), 2));
    }

    #[tokio::test]
    async fn a_device_whose_process_cannot_describe_it_is_left_out_and_keeps_its_record() {
        assert_eq!(told(Reply::Failed("no memory".to_owned())).await, (None, 2));
    }

    #[tokio::test]
    async fn the_record_of_a_device_that_the_kernel_no_longer_has_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let registry = Registry::at(place.path());
        drop(registry.enter(DEVICE, &attached("/dev/nbd999999")).unwrap());
        assert_eq!((describe(&registry, DEVICE), files(place.path())), (None, 0));
    }
}
