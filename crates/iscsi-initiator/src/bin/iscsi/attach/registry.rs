//! The attached devices of this host: a record of each, and a socket by which its process can be asked, in a directory that
//! goes with the system's run.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use super::device::Device;
use super::status::{Attached, State};
use crate::serve::unix_socket::HiddenSocket;

/// The directory where systemd has set none.
const DEFAULT: &str = "/run/iscsi";
/// The most bytes of a record; real ones have a few hundred.
pub(super) const MOST_BYTES: u64 = 64 << 10;
/// The most devices that are listed.
const MOST_DEVICES: usize = 4096;

/// The directory with records and sockets.
pub(super) struct Registry(PathBuf);

impl Registry {
    /// The first directory of `$RUNTIME_DIRECTORY`, which systemd sets, else `/run/iscsi`.
    pub(super) fn of_host() -> Self {
        let given = env::var_os("RUNTIME_DIRECTORY").unwrap_or_default();
        let first = env::split_paths(&given).next().filter(|path| path.is_absolute());
        Self(first.unwrap_or_else(|| DEFAULT.into()))
    }

    #[cfg(test)]
    pub(super) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Makes the directory, which only its owner can enter.
    pub(super) fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// The socket of the process that serves a device.
    pub(super) fn socket(&self, device: Device) -> PathBuf {
        self.0.join(format!("{}.sock", device.name()))
    }

    fn record(&self, device: Device) -> PathBuf {
        self.0.join(format!("{}.json", device.name()))
    }

    /// Enters a device that the kernel has given to this process: what earlier processes left of it is replaced.
    pub(super) fn enter(&self, device: Device, attached: &Attached) -> io::Result<Entry> {
        self.prepare()?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        serde_json::to_writer(&mut file, attached)?;
        file.flush()?;
        file.persist(self.record(device))?;
        let socket = self.socket(device);
        Ok(Entry { listener: listen(&socket)?, socket, record: self.record(device) })
    }

    /// Returns what is recorded of a device.
    pub(super) fn read(&self, device: Device) -> io::Result<Option<Attached>> {
        let mut text = Vec::new();
        match File::open(self.record(device)) {
            Ok(file) => file.take(MOST_BYTES).read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Returns the devices of which there are records, in order.
    pub(super) fn devices(&self) -> io::Result<Vec<Device>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let devices = names.filter_map(|name| Device::named(name.strip_suffix(".json")?));
        let mut devices: Vec<_> = devices.take(MOST_DEVICES).collect();
        devices.sort_unstable();
        Ok(devices)
    }

    /// Removes what a process that is gone left of a device.
    pub(super) fn forget(&self, device: Device) -> io::Result<()> {
        remove(&self.socket(device))?;
        remove(&self.record(device))
    }

    /// Returns the record of a device whose server is gone, if the kernel still has the device connected.
    pub(super) fn orphan(&self, device: Device) -> io::Result<Option<Attached>> {
        let record = self.read(device)?;
        let record = record.filter(|record| device.backend().as_ref() == Some(&record.backend));
        Ok(record.map(|record| Attached { state: State::ServerDead, ..record }))
    }
}

/// The entry of one device. Dropped, it leaves its files to a process that takes the device over.
pub(super) struct Entry {
    pub(super) listener: UnixListener,
    socket: PathBuf,
    record: PathBuf,
}

impl Entry {
    /// Removes the entry of a device that is no longer attached.
    pub(super) fn remove(self) -> io::Result<()> {
        remove(&self.socket)?;
        remove(&self.record)
    }
}

/// Listens on a socket that only its owner can use, from its first moment on, in place of an earlier one.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let HiddenSocket { listener, path: hidden, directory: _directory } = HiddenSocket::beside(path)?;
    fs::rename(hidden, path)?;
    Ok(listener)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::status::tests::attached;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn entries_are_for_their_owner_only_and_go_without_trace() {
        let place = tempfile::tempdir().unwrap();
        let registry = Registry::at(&place.path().join("iscsi"));
        let device = Device(3);
        let entry = registry.enter(device, &attached("/dev/nbd3")).unwrap();
        assert_eq!([mode(registry.folder()), mode(&registry.socket(device))], [0o700, 0o600]);
        assert_eq!(mode(&registry.record(device)), 0o600);
        assert_eq!(registry.devices().unwrap(), [device]);
        assert_eq!(registry.read(device).unwrap(), Some(attached("/dev/nbd3")));
        entry.remove().unwrap();
        assert_eq!(registry.devices().unwrap(), []);
        assert_eq!(fs::read_dir(registry.folder()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_device_is_entered_again_over_what_a_dead_process_left() {
        let place = tempfile::tempdir().unwrap();
        let registry = Registry::at(place.path());
        drop(registry.enter(Device(0), &attached("/dev/nbd0")).unwrap());
        let again = Attached { process: 8, ..attached("/dev/nbd0") };
        let entry = registry.enter(Device(0), &again).unwrap();
        assert_eq!(registry.read(Device(0)).unwrap(), Some(again));
        entry.remove().unwrap();
    }

    #[test]
    fn other_files_and_unreadable_records_are_no_devices() {
        let place = tempfile::tempdir().unwrap();
        let registry = Registry::at(place.path());
        for name in ["nbd1.json", "nbd10.json", "nbd2.sock", "nbd.json", "other.json", "nbd1.json.tmp"] {
            fs::write(place.path().join(name), "{").unwrap();
        }
        assert_eq!(registry.devices().unwrap(), [Device(1), Device(10)]);
        assert_eq!(registry.read(Device(1)).unwrap(), None);
        assert_eq!(registry.read(Device(2)).unwrap(), None);
        registry.forget(Device(1)).unwrap();
        registry.forget(Device(1)).unwrap();
        assert_eq!(registry.devices().unwrap(), [Device(10)]);
    }

    #[test]
    fn without_a_directory_there_are_no_devices() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(Registry::at(&place.path().join("none")).devices().unwrap(), []);
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let registry = Registry::at(file.path());
        assert!(registry.devices().is_err() && registry.read(Device(0)).is_err());
        assert!(registry.forget(Device(0)).is_err());
    }
}
