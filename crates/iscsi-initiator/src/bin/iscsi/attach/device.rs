//! A block device of the kernel's NBD driver: its name, what the kernel says of it, and who uses it.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The most connections, devices and processes are small numbers; longer ones are typing errors.
const MOST_DIGITS: usize = 7;

/// The device `/dev/nbdN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Device(pub(super) u32);

impl FromStr for Device {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_prefix("/dev/").unwrap_or(text);
        let digits = name.strip_prefix("nbd").filter(|digits| digits.len() <= MOST_DIGITS);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or("a device is named /dev/nbd0, /dev/nbd1 …")
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/dev/nbd{}", self.0)
    }
}

impl Device {
    /// Its name without folder, `nbdN`.
    pub(super) fn name(self) -> String {
        format!("nbd{}", self.0)
    }

    /// The device with this name without folder.
    pub(super) fn named(name: &str) -> Option<Self> {
        name.starts_with("nbd").then(|| name.parse().ok()).flatten()
    }

    /// Returns the devices that the kernel has, connected or not.
    pub(super) fn all() -> Vec<Self> {
        names_in(Path::new("/sys/block")).iter().filter_map(|name| Self::named(name)).collect()
    }

    pub(super) fn path(self) -> PathBuf {
        self.to_string().into()
    }

    /// Returns the backend identifier of a device that is connected, whether or not its server lives.
    pub(super) fn backend(self) -> Option<String> {
        let text = self.attribute("backend")?;
        Some(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    /// Returns its size in bytes.
    pub(super) fn size(self) -> Option<u64> {
        // In units of 512 bytes, whatever its blocks are.
        self.attribute("size")?.trim().parse::<u64>().ok()?.checked_mul(512)
    }

    /// Returns the bytes of its logical blocks.
    pub(super) fn block_size(self) -> Option<u64> {
        self.attribute("queue/logical_block_size")?.trim().parse().ok()
    }

    /// Lets requests have as many bytes as the unit takes in one command. The driver's own limit is 128 KiB.
    pub(super) fn allow_transfers_of(self, bytes: u64) -> io::Result<()> {
        let most = self.attribute("queue/max_hw_sectors_kb").and_then(|text| text.trim().parse::<u64>().ok());
        let kibibytes = (bytes / 1024).min(most.unwrap_or(u64::MAX));
        fs::write(self.folder().join("queue/max_sectors_kb"), kibibytes.to_string())
    }

    fn attribute(self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder().join(name)).ok()
    }

    fn folder(self) -> PathBuf {
        Path::new("/sys/block").join(self.name())
    }

    /// Returns the numbers `major:minor` of the device and its partitions.
    fn numbers(self) -> Vec<String> {
        let (folder, partition) = (self.folder(), format!("{}p", self.name()));
        let partitions = names_in(&folder).into_iter().filter(|name| name.starts_with(&partition));
        let folders = partitions.map(|name| folder.join(name)).chain([folder.clone()]);
        let numbers = folders.filter_map(|folder| fs::read_to_string(folder.join("dev")).ok());
        numbers.map(|text| text.trim().to_owned()).collect()
    }

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
        let path = self.to_string();
        if swaps.lines().any(|line| line.starts_with(&path)) {
            return Some(DeviceUser::Kernel("swap".to_owned()));
        }
        let holder = names_in(&self.folder().join("holders")).into_iter().next();
        holder.map(DeviceUser::Kernel).or_else(|| process_with(&numbers))
    }
}

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

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
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
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let found = fs::metadata(path).ok().filter(|found| found.file_type().is_block_device())?;
    let number = found.rdev();
    Some(format!("{}:{}", rustix::fs::major(number), rustix::fs::minor(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_with_and_without_their_folder() {
        for (text, index) in [("/dev/nbd0", 0), ("nbd15", 15), ("/dev/nbd1048575", 1_048_575)] {
            assert_eq!(text.parse(), Ok(Device(index)), "{text}");
        }
        for text in ["", "nbd", "/dev/sda", "nbd-1", "nbd+1", "nbd0p1", "/tmp/nbd0", "nbd12345678", "0"] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
        assert_eq!(Device(3).to_string(), "/dev/nbd3");
        let folder = Path::new("/sys/block/nbd3");
        assert_eq!((&*Device(3).path(), &*Device(3).folder()), (Path::new("/dev/nbd3"), folder));
        assert_eq!(Device::named("nbd3"), Some(Device(3)));
        assert_eq!([Device::named("/dev/nbd3"), Device::named("nbd3.json")], [None, None]);
    }

    #[test]
    fn a_mount_is_found_by_the_number_of_its_device() {
        let mounts = "22 1 0:20 / /proc rw - proc proc rw\n30 1 43:32 / /mnt/a rw - ext4 /dev/nbd1 rw\n";
        let numbers = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert_eq!(mounted_at(mounts, &numbers(&["43:0", "43:32"])), Some("/mnt/a"));
        assert_eq!(mounted_at(mounts, &numbers(&["43:3"])), None);
        assert_eq!(mounted_at("30 1\n\n", &numbers(&["43:3"])), None);
    }

    #[test]
    fn a_folder_that_is_missing_has_no_names() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("nbd0"), "").unwrap();
        assert_eq!(names_in(place.path()), ["nbd0"]);
        assert!(names_in(&place.path().join("missing")).is_empty());
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
