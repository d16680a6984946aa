//! A block device of the kernel's NBD driver: its name, and what the kernel says of it.

use std::fmt;
use std::fs;
use std::io;
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

    pub(super) fn folder(self) -> PathBuf {
        Path::new("/sys/block").join(self.name())
    }
}

/// Returns the names in a folder; none if it cannot be read.
pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
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
    fn a_folder_that_is_missing_has_no_names() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("nbd0"), "").unwrap();
        assert_eq!(names_in(place.path()), ["nbd0"]);
        assert!(names_in(&place.path().join("missing")).is_empty());
    }
}
