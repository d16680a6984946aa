//! The users of a device: mounts, parts of the kernel, and processes.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FileType, major, minor};

use super::device::{Device, names_in};

/// The time within which the users of a device are found.
const USER_LIMIT: Duration = Duration::from_secs(10);

/// The user of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeviceUser {
    /// A file system that is mounted in this folder.
    Mount(String),
    /// A part of the kernel: swap, or another block device on top of it.
    Kernel(String),
    /// A process that has it open.
    Process { pid: u32, name: String },
}

impl fmt::Display for DeviceUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount(folder) => write!(formatter, "mounted at {folder}"),
            Self::Kernel(name) => write!(formatter, "in use by {name}"),
            Self::Process { pid, name } => write!(formatter, "open in process {pid} ({name})"),
        }
    }
}

impl Device {
    /// Opens the device for this process alone, and writes what the kernel holds for it. The kernel grants that to nobody while a
    /// file system, swap or another device is on top of it, in whichever container.
    ///
    /// # Errors
    /// `ResourceBusy` if the device is in use so, or that of writing.
    pub(super) fn claim(self) -> io::Result<()> {
        let exclusive = i32::try_from(rustix::fs::OFlags::EXCL.bits()).unwrap_or(0);
        OpenOptions::new().read(true).custom_flags(exclusive).open(self.path())?.sync_all()
    }

    /// Returns who uses the device or one of its partitions, without opening it: an open could wait for a dead server.
    pub(super) fn user(self) -> Option<DeviceUser> {
        let numbers = self.numbers();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        if let Some(folder) = mounted_at(&mounts, &numbers) {
            return Some(DeviceUser::Mount(folder.to_owned()));
        }
        let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
        if has_swap(&swaps, &self.to_string()) {
            return Some(DeviceUser::Kernel("swap".to_owned()));
        }
        let holder = names_in(&self.folder().join("holders")).into_iter().next();
        holder.map(DeviceUser::Kernel).or_else(|| process_with(&numbers))
    }

    /// Returns the numbers `major:minor` of the device and its partitions.
    fn numbers(self) -> Vec<String> {
        let (folder, partition) = (self.folder(), format!("{}p", self.name()));
        let partitions = names_in(&folder).into_iter().filter(|name| name.starts_with(&partition));
        let folders = partitions.map(|name| folder.join(name)).chain([folder.clone()]);
        let numbers = folders.filter_map(|folder| fs::read_to_string(folder.join("dev")).ok());
        numbers.map(|text| text.trim().to_owned()).collect()
    }
}

/// Returns who uses a device that is served. If that cannot be found out in time, it counts as in use.
///
/// # Cancel safety
/// Cancel safe.
pub(super) async fn find(device: Device) -> Option<DeviceUser> {
    let unknown = || Some(DeviceUser::Kernel("another part of the system".to_owned()));
    let asked = tokio::task::spawn_blocking(move || (device.user(), device.claim()));
    match tokio::time::timeout(USER_LIMIT, asked).await {
        Ok(Ok((None, Err(error)))) if error.kind() == io::ErrorKind::ResourceBusy => unknown(),
        Ok(Ok((user, _))) => user,
        Ok(Err(_)) | Err(_) => unknown(),
    }
}

/// The folder at which one of these devices is mounted. The third word of a line is the number of the device, the fifth
/// one the folder.
fn mounted_at<'a>(mounts: &'a str, numbers: &[String]) -> Option<&'a str> {
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(2);
        let number = words.next()?;
        numbers.iter().any(|known| known == number).then(|| words.nth(1)).flatten()
    })
}

/// Whether a device or one of its partitions is swap. The first word of a line is the file of one.
fn has_swap(swaps: &str, device: &str) -> bool {
    let mut rests = swaps.lines().filter_map(|line| line.split_whitespace().next()?.strip_prefix(device));
    rests.any(|rest| rest.is_empty() || rest.starts_with('p'))
}

/// A process that has one of these devices open, as far as this process may see.
fn process_with(numbers: &[String]) -> Option<DeviceUser> {
    let own = std::process::id();
    let pids = names_in(Path::new("/proc")).into_iter().filter_map(|name| name.parse::<u32>().ok());
    pids.filter(|pid| *pid != own).find_map(|pid| {
        let folder = Path::new("/proc").join(pid.to_string());
        let files = names_in(&folder.join("fd")).into_iter().map(|name| folder.join("fd").join(name));
        files.filter_map(|file| number_of(&file)).find(|number| numbers.contains(number))?;
        let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
        Some(DeviceUser::Process { pid, name: name.trim().to_owned() })
    })
}

/// The number of the block device behind a path.
fn number_of(path: &Path) -> Option<String> {
    let found = rustix::fs::stat(path).ok()?;
    let is_block_device = FileType::from_raw_mode(found.st_mode).is_block_device();
    is_block_device.then(|| format!("{}:{}", major(found.st_rdev), minor(found.st_rdev)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_found_by_the_number_of_its_device() {
        let mounts = "22 1 0:20 / /proc rw - proc proc rw\n30 1 43:32 / /mnt/a rw - ext4 /dev/nbd1 rw\n";
        let numbers = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert_eq!(mounted_at(mounts, &numbers(&["43:0", "43:32"])), Some("/mnt/a"));
        assert_eq!(mounted_at(mounts, &numbers(&["43:3"])), None);
        assert_eq!(mounted_at("30 1\n\n", &numbers(&["43:3"])), None);
    }

    #[test]
    fn swap_is_that_of_the_device_and_not_of_one_with_a_longer_number() {
        let swaps = "Filename Type Size\n/dev/nbd10 partition 8\n/dev/nbd2p1\tpartition 8\n\n";
        let found =
            ["/dev/nbd10", "/dev/nbd2", "/dev/nbd1", "/dev/nbd3"].map(|device| has_swap(swaps, device));
        assert_eq!(found, [true, true, false, false]);
    }

    #[test]
    fn only_block_devices_have_a_number() {
        assert_eq!([number_of(Path::new("/dev/null")), number_of(Path::new("/"))], [None, None]);
    }

    #[test]
    fn users_are_told_in_words() {
        let process = DeviceUser::Process { pid: 7, name: "dd".to_owned() };
        assert_eq!(process.to_string(), "open in process 7 (dd)");
        assert_eq!(DeviceUser::Mount("/mnt".to_owned()).to_string(), "mounted at /mnt");
        assert_eq!(DeviceUser::Kernel("dm-0".to_owned()).to_string(), "in use by dm-0");
    }
}
