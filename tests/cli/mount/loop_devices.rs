//! A loop device on the file, and a file system on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use iscsi_tests::ram_disk::LogicalUnit;

use super::{MIB, Mount, Stage, path, pattern, succeed, unit, unmount};

const UNMAP: u8 = 0x42;
const WRITE_SAME_16: u8 = 0x93;
const FILES: u8 = 20;

/// A loop device, which is detached when it is dropped.
struct Loop(String);

impl Loop {
    #[track_caller]
    fn on(mount: &Mount, block_size: u32) -> Self {
        assert!(Path::new("/dev/loop-control").exists(), "there are no loop devices: modprobe loop");
        let size = block_size.to_string();
        let file = mount.file();
        let arguments = ["--find", "--show", "--direct-io=on", "--sector-size", &size, path(&file)];
        let device = Self(succeed("losetup", &arguments).trim().to_owned());
        assert_eq!(succeed("losetup", &["-n", "-O", "DIO", "-l", &device.0]).trim(), "1", "no direct I/O");
        device
    }

    #[track_caller]
    fn detach(self) {
        succeed("losetup", &["--detach", &self.0]);
    }

    /// The file system on the device has no errors.
    #[track_caller]
    fn check(&self) {
        succeed("fsck.ext4", &["-fn", &self.0]);
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        _ = Command::new("losetup").args(["--detach", &self.0]).output();
    }
}

/// An ext4 file system, which is unmounted when it is dropped.
struct Ext4(PathBuf);

impl Ext4 {
    #[track_caller]
    fn new(device: &Loop, place: PathBuf) -> Self {
        fs::create_dir_all(&place).unwrap();
        succeed("mount", &["-t", "ext4", &device.0, path(&place)]);
        Self(place)
    }

    #[track_caller]
    fn unmount(self) {
        unmount(&self.0);
    }

    /// Files of up to about 2 MiB.
    fn file(&self, number: u8) -> (PathBuf, Vec<u8>) {
        (self.0.join(format!("file-{number}")), pattern(u64::from(number) * 100_003 + 1, number))
    }

    #[track_caller]
    fn expect_files(&self) {
        for number in 0..FILES {
            let (file, expected) = self.file(number);
            assert!(fs::read(file).unwrap() == expected, "file {number} holds something else");
        }
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[track_caller]
fn a_file_system_keeps_its_files(block_size: u32) {
    let stage = Stage::with(LogicalUnit { blocks: 96 * MIB / u64::from(block_size), block_size, ..unit() });
    let mount = stage.mount(&[]);
    let device = Loop::on(&mount, block_size);
    succeed("mkfs.ext4", &["-q", &device.0]);
    let files = Ext4::new(&device, stage.place.path("ext4"));
    for number in 0..FILES {
        let (file, data) = files.file(number);
        fs::write(file, data).unwrap();
    }
    succeed("sync", &["-f", path(&files.0)]);
    files.expect_files();
    // Free blocks are unmapped in the unit.
    let before = stage.count(UNMAP) + stage.count(WRITE_SAME_16);
    succeed("fstrim", &[path(&files.0)]);
    assert!(stage.count(UNMAP) + stage.count(WRITE_SAME_16) > before);
    files.unmount();
    device.check();
    device.detach();
    mount.unmount();
    mount.end().expect(0);
    // The medium of the target, without its cache.
    stage.lose_power();
    let mount = stage.mount(&["--read-only"]);
    let device = Loop::on(&mount, block_size);
    device.check();
    let files = Ext4(stage.place.path("ext4"));
    succeed("mount", &["-o", "ro", &device.0, path(&files.0)]);
    files.expect_files();
    files.unmount();
    device.detach();
    mount.unmount();
    mount.end().expect(0);
}

#[test]
fn a_file_system_on_a_loop_device_keeps_its_files() {
    a_file_system_keeps_its_files(512);
}

#[test]
fn a_file_system_on_a_loop_device_of_large_blocks_keeps_its_files() {
    a_file_system_keeps_its_files(4096);
}
