//! The device that a unit gets: a free one, a given one, or one whose server is gone.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::device::Device;
use super::device_settings::DeviceSettings;
use super::driver;
use super::list::{Served, state_of};
use super::registry::Registry;
use super::status::{Attached, is_as_strong};
use super::unit_identity;
use crate::failure::Failure;
use crate::messages::{note, warn};

/// The time within which the file of a new device appears.
const FILE_LIMIT: Duration = Duration::from_secs(2);
const FILE_PAUSE: Duration = Duration::from_millis(20);

/// The device that is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// That of the same unit whose process is gone, else any that is free.
    Free,
    /// This one: free, or that of the same unit whose process is gone.
    Device(Device),
    /// This one, whose server is gone.
    TakeOver(Device),
}

/// What this process serves a device with.
#[derive(Clone)]
pub(super) struct Offer {
    pub(super) settings: DeviceSettings,
    pub(super) is_read_only: bool,
    /// The name of the authentication that the login has reached.
    pub(super) authentication: &'static str,
}

impl Place {
    /// Whether a device may be used that is connected already.
    fn permits(self, device: Device) -> bool {
        match self {
            Self::Free => true,
            Self::Device(wanted) | Self::TakeOver(wanted) => wanted == device,
        }
    }
}

/// Refuses to take over a device that is served, or that is not connected.
pub(super) fn check(place: Place) -> Result<(), Failure> {
    let Place::TakeOver(device) = place else { return Ok(()) };
    match state_of(&Registry::of_host(), device) {
        Ok(Some(Served::By(attached))) => Err(Failure::usage(
            format!("{device} is served by process {}", attached.process),
            "--reattach is for a device whose process is gone; `iscsi detach` ends this one",
        )),
        _ if device.backend().is_none() => Err(Failure::usage(
            format!("{device} is not attached, so there is nothing to take over"),
            "leave --reattach out to attach a device",
        )),
        _ => Ok(()),
    }
}

/// Returns the device of the same unit whose process is gone, if this program has attached one, and `place` permits it: a service
/// that is started again goes on with the device that it had. Else returns `place`.
///
/// # Errors
/// Its thread cannot be run.
///
/// # Cancel safety
/// Cancel safe.
pub(super) async fn instead_of_dead(place: Place, offer: &Offer) -> Result<Place, Failure> {
    if matches!(place, Place::TakeOver(_)) || !unit_identity::is_named(&offer.settings.backend) {
        return Ok(place);
    }
    let offer = offer.clone();
    // In a thread of its own: a process that serves the same unit is asked, and may take its time.
    let found = tokio::task::spawn_blocking(move || {
        let registry = Registry::of_host();
        let mut devices = registry.devices().unwrap_or_default().into_iter();
        devices.find(|&device| place.permits(device) && is_dead_one(&registry, device, &offer))
    });
    let found = found.await.map_err(|error| Failure::Runtime(io::Error::other(error)))?;
    let Some(device) = found else { return Ok(place) };
    note(&format!("{device} is this unit's, and its process is gone: it is taken over"));
    Ok(Place::TakeOver(device))
}

/// Whether a device was attached for this unit in the same way, and has no process.
fn is_dead_one(registry: &Registry, device: Device, offer: &Offer) -> bool {
    let is_same = |record: &Attached| {
        record.backend == offer.settings.backend && record.read_only == offer.is_read_only
    };
    // Processes of other units are not asked.
    matches!(registry.orphan(device), Ok(Some(record)) if is_same(&record))
        && check_same(registry, device, offer).is_ok()
        && matches!(state_of(registry, device), Ok(Some(Served::Orphan(_))))
}

/// Gives the kernel its ends of the sockets, and returns the device. Requests of one that is not taken over have up to `transfer`
/// bytes.
///
/// # Errors
/// The kernel refuses it, or the device that is to be taken over is that of another unit.
///
/// # Cancel safety
/// When the future is dropped, the kernel may have connected a device, which waits for a server.
pub(super) async fn connect(
    place: Place,
    offer: &Offer,
    kernels: Vec<UnixStream>,
    transfer: u64,
) -> Result<Device, Failure> {
    let wanted = match place {
        Place::Free => None,
        Place::Device(device) => Some(device),
        Place::TakeOver(device) => {
            check_same(&Registry::of_host(), device, offer)?;
            replace_sockets(device, &offer.settings, kernels).await?;
            return Ok(device);
        }
    };
    let device = connect_new(wanted, offer.settings.clone(), kernels).await?;
    // In a thread of its own: kernels from 6.12 on wait for the requests under way, which this process answers. If the kernel
    // refuses, its default works too.
    _ = tokio::task::spawn_blocking(move || device.allow_transfers_of(transfer)).await;
    wait_for_file(device).await;
    Ok(device)
}

async fn connect_new(
    wanted: Option<Device>,
    settings: DeviceSettings,
    kernels: Vec<UnixStream>,
) -> Result<Device, Failure> {
    let before = Device::all();
    let connected = driver::call(move |driver| {
        let index = driver.connect(wanted.map(|device| device.0), &settings, &kernels)?;
        if !before.contains(&Device(index)) {
            // A device that the kernel made for this goes with it. If that fails, an unused one stays.
            _ = driver.remove_at_the_end(index, &settings.backend);
        }
        Ok(Device(index))
    });
    connected.await?.map_err(|source| driver::refusal("attach", wanted, source))
}

/// Gives a device new sockets in place of those that are dead.
///
/// # Errors
/// The kernel refuses it.
///
/// # Cancel safety
/// When the future is dropped, the kernel may have the sockets.
pub(super) async fn replace_sockets(
    device: Device,
    settings: &DeviceSettings,
    kernels: Vec<UnixStream>,
) -> Result<(), Failure> {
    let settings = settings.clone();
    let replaced = driver::call(move |driver| driver.replace_sockets(device.0, &settings, &kernels));
    replaced.await?.map_err(|source| driver::refusal("take over", Some(device), source))
}

/// Disconnects a device. One that is open stays in the kernel, without any data, until it is closed.
///
/// # Errors
/// The kernel refuses it.
///
/// # Cancel safety
/// When the future is dropped, the device is disconnected all the same.
pub(super) async fn disconnect(device: Device) -> Result<(), Failure> {
    let disconnected = driver::call(move |driver| {
        driver.disconnect(device.0)?;
        driver.is_connected(device.0)
    });
    match disconnected.await? {
        Ok(false) => Ok(()),
        Ok(true) => {
            note(&format!("{device} is open; the kernel keeps it, without any data, until it is closed"));
            Ok(())
        }
        Err(source) => Err(driver::refusal("detach", Some(device), source)),
    }
}

/// Refuses to serve a device from another unit than before, from one that has shrunk, or after a weaker login.
fn check_same(
    registry: &Registry,
    device: Device,
    Offer { settings, authentication, .. }: &Offer,
) -> Result<(), Failure> {
    let other = |what: String| Failure::Device {
        message: format!("{device} cannot be taken over: {what}"),
        source: None,
        hint: "a device is taken over for the unit that it was attached for, with no less authentication; `iscsi attached` shows both",
    };
    let backend = device.backend().unwrap_or_default();
    if backend != settings.backend {
        return Err(other(format!("it holds {backend:?}, and this unit is {:?}", settings.backend)));
    }
    if device.block_size().is_some_and(|size| size != settings.block_size) {
        return Err(other(format!("the unit has blocks of {} bytes now", settings.block_size)));
    }
    if device.size().is_some_and(|size| size > settings.size) {
        return Err(other(format!("the unit has shrunk to {} bytes", settings.size)));
    }
    let record = registry.read(device).ok().flatten();
    if let Some(Attached { authentication: before, .. }) = record.filter(|record| record.backend == backend)
        && !is_as_strong(authentication, &before)
    {
        return Err(other(format!(
            "it was attached with authentication {before}, and this login has {authentication}"
        )));
    }
    Ok(())
}

/// Waits until the device can be opened by its name; in a container, it may have none.
///
/// # Cancel safety
/// Cancel safe.
async fn wait_for_file(device: Device) {
    let appears = async {
        while !device.path().exists() {
            tokio::time::sleep(FILE_PAUSE).await;
        }
    };
    if tokio::time::timeout(FILE_LIMIT, appears).await.is_err() {
        warn(&format!(
            "the kernel has attached {device}, and there is no such file here; a container needs --device {device}"
        ));
    }
}
