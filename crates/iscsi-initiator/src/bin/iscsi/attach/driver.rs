//! Calls of the kernel's NBD driver, and the reasons for which they fail.

use std::io;

use super::device::Device;
use super::nbd_family::NbdFamily;
use crate::failure::Failure;

const NO_DRIVER: &str = "the kernel has no NBD driver";
const NO_LINUX: &str = "attached devices need the NBD driver of Linux";
const ELSEWHERE: &str = "`iscsi serve nbd` serves the unit to programs of any system";
const LOAD: &str = "load it with `modprobe nbd`; in a container, the driver is reached from the network of the host only \
                    (--network host)";
const GRANT: &str = "run it as root, or with CAP_SYS_ADMIN; a container needs --cap-add SYS_ADMIN and the device, such as \
                     --device /dev/nbd0";
const OTHER_DEVICE: &str =
    "`iscsi attached` lists the devices of this program; without --device, a free one is taken";
const KERNEL_LOG: &str = "the kernel's log may say more (`dmesg`)";

/// Calls the driver in a thread of its own: some calls wait for requests that this process has to answer.
///
/// # Errors
/// The driver is not there, or refuses the call.
///
/// # Cancel safety
/// When the future is dropped, the call is carried out all the same.
pub(super) async fn call<T: Send + 'static>(
    work: impl FnOnce(&mut NbdFamily) -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, Failure> {
    let called = tokio::task::spawn_blocking(move || {
        let mut driver = NbdFamily::open().map_err(of_opening)?;
        Ok(work(&mut driver))
    });
    called.await.map_err(|error| Failure::Runtime(io::Error::other(error)))?
}

/// Checks that the driver is there.
///
/// # Errors
/// It is not loaded, or cannot be reached.
pub(super) fn check() -> Result<(), Failure> {
    NbdFamily::open().map(drop).map_err(of_opening)
}

/// The failure to reach the driver.
pub(super) fn of_opening(source: io::Error) -> Failure {
    let (message, hint) = match source.kind() {
        io::ErrorKind::Unsupported if cfg!(not(target_os = "linux")) => (NO_LINUX, ELSEWHERE),
        io::ErrorKind::PermissionDenied => (NO_DRIVER, GRANT),
        _ => (NO_DRIVER, LOAD),
    };
    let source = (source.kind() != io::ErrorKind::NotFound).then_some(source);
    Failure::Device { message: message.to_owned(), source, hint }
}

/// The failure of a call about a device; without one, about any that is free.
pub(super) fn refusal(action: &str, device: Option<Device>, source: io::Error) -> Failure {
    let device = device.map_or_else(|| "a device".to_owned(), |device| device.to_string());
    let (reason, hint) = match source.kind() {
        io::ErrorKind::PermissionDenied => ("this process has not the right to", GRANT),
        io::ErrorKind::ResourceBusy => ("the device is in use", OTHER_DEVICE),
        _ => ("the kernel refuses it", KERNEL_LOG),
    };
    Failure::Device { message: format!("cannot {action} {device}: {reason}"), source: Some(source), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(failure: &Failure) -> String {
        failure.hint().unwrap_or_default()
    }

    #[test]
    fn a_missing_driver_is_to_be_loaded_and_a_missing_right_to_be_granted() {
        let missing = of_opening(io::ErrorKind::NotFound.into());
        assert_eq!(missing.to_string(), "the kernel has no NBD driver");
        assert!(hint(&missing).contains("modprobe nbd"));
        assert!(hint(&of_opening(io::ErrorKind::PermissionDenied.into())).contains("CAP_SYS_ADMIN"));
    }

    #[test]
    fn refusals_name_the_device_and_what_to_do() {
        let refused = |kind: io::ErrorKind| refusal("attach", Some(Device(2)), kind.into());
        let busy = refused(io::ErrorKind::ResourceBusy);
        assert_eq!(busy.to_string(), "cannot attach /dev/nbd2: the device is in use");
        assert!(hint(&busy).contains("iscsi attached"));
        assert!(hint(&refused(io::ErrorKind::PermissionDenied)).contains("CAP_SYS_ADMIN"));
        assert!(hint(&refused(io::ErrorKind::InvalidInput)).contains("dmesg"));
        let any = refusal("attach", None, io::ErrorKind::InvalidInput.into());
        assert_eq!(any.to_string(), "cannot attach a device: the kernel refuses it");
    }
}
