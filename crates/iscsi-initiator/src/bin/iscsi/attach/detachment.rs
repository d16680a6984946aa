//! The end of an attached device, by the command `iscsi detach`.

use std::io;

use super::control::{self, Question, Reply};
use super::device::Device;
use super::list::{Served, state_of};
use super::placement;
use super::registry::Registry;
use super::status::Attached;
use crate::failure::Failure;

const UNMOUNT: &str =
    "end that first; --force detaches the device all the same, and what is not written yet is lost";

/// Detaches a device, and returns its last description. The process that serves it answers what it has accepted, flushes the
/// unit and logs out; a device without process is disconnected here.
///
/// # Errors
/// The device is in use, and not `is_forced`; or it is not attached by this program.
///
/// # Cancel safety
/// When the future is dropped, the device may be detached all the same.
pub(crate) async fn detach(device: Device, is_forced: bool) -> Result<Attached, Failure> {
    let registry = Registry::of_host();
    let served =
        state_of(&registry, device).map_err(Failure::local(format!("ask the process of {device}")))?;
    let Some(served) = served else {
        return Err(Failure::usage(
            format!("{device} is not attached by this program"),
            "`iscsi attached` lists the devices that are",
        ));
    };
    if !is_forced {
        check_unused(device, &served)?;
    }
    match served {
        Served::By(_) => ask_to_end(&registry, device).await,
        Served::Orphan(attached) => {
            placement::disconnect(device).await?;
            registry.forget(device).map_err(Failure::file("clean", registry.folder()))?;
            Ok(attached)
        }
    }
}

/// Refuses a device that is in use. Pages of it that are not written yet are written.
fn check_unused(device: Device, served: &Served) -> Result<(), Failure> {
    let in_use = |user: String| Failure::Device {
        message: format!("cannot detach {device}: it is {user}"),
        source: None,
        hint: UNMOUNT,
    };
    if let Some(user) = device.user() {
        return Err(in_use(user.to_string()));
    }
    // Without a server, an open could wait for one.
    if matches!(served, Served::Orphan(_)) {
        return Ok(());
    }
    match device.claim() {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(in_use("in use".to_owned())),
        outcome => outcome.map_err(Failure::file("flush", &device.path())),
    }
}

async fn ask_to_end(registry: &Registry, device: Device) -> Result<Attached, Failure> {
    let socket = registry.socket(device);
    let asked = tokio::task::spawn_blocking(move || control::ask(&socket, Question::Detach));
    let answer = asked.await.map_err(|error| Failure::Runtime(io::Error::other(error)))?;
    match answer.map_err(Failure::local(format!("ask the process of {device} to end")))? {
        Some(Reply::Attached(attached)) => Ok(*attached),
        Some(Reply::Failed(reason)) => Err(Failure::Device {
            message: format!(
                "{device} is detached, but not everything it had taken is on stable storage: {reason}"
            ),
            source: None,
            hint: "check the data, for a file system with fsck",
        }),
        None => Err(Failure::Device {
            message: format!("the process of {device} has just ended"),
            source: None,
            hint: "`iscsi attached` shows what became of the device",
        }),
    }
}
