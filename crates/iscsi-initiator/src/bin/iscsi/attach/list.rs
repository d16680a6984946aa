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
