//! The file: size, permissions, and data that are the same by whichever way they are read.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use iscsi_tests::ram_disk::LogicalUnit;
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount_remount};
use rustix::process::Signal;

use super::{MIB, Mount, Stage, errno, path, pattern, succeed, unit};
use crate::program::mode;
use crate::schema::Schema;

const READ_10: u8 = 0x28;
const SYNCHRONIZE_CACHE_10: u8 = 0x35;
/// `O_DSYNC`
const SYNCHRONOUS: i32 = 0o10_000;

#[test]
fn the_file_has_the_size_of_the_unit_and_belongs_to_the_caller() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    assert_eq!(
        mount.line.split_whitespace().collect::<Vec<_>>()[1..],
        ["67108864", "bytes", "read", "and", "write"]
    );
    let metadata = fs::metadata(mount.file()).unwrap();
    assert_eq!((metadata.len(), metadata.blocks()), (64 * MIB, 131_072));
    assert_eq!((metadata.uid(), metadata.gid()), (0, 0));
    assert_eq!((mode(&mount.file()), mode(&mount.directory)), (0o600, 0o500));
    let names: Vec<_> =
        fs::read_dir(&mount.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["lun0"]);
    let system = rustix::fs::statvfs(&mount.directory).unwrap();
    assert_eq!((system.f_blocks * system.f_frsize, system.f_bfree), (64 * MIB, 0));
    let source = succeed("findmnt", &["-n", "-o", "SOURCE,FSTYPE", path(&mount.directory)]);
    assert_eq!(source.split_whitespace().collect::<Vec<_>>(), [&stage.url(), "fuse.iscsi"]);
    mount.unmount();
    mount.end().expect(0);
    stage.expect_clean(1);
}

#[test]
fn the_report_is_one_line_of_json_when_json_is_asked_for() {
    let stage = Stage::new();
    let mount = stage.mount(&["--output", "json", "--read-only"]);
    let report = serde_json::from_str(&mount.line).unwrap();
    Schema::of("mount").expect_documents(&report);
    assert_eq!(report["file"], path(&mount.file()));
    assert_eq!((&report["bytes"], &report["is_read_only"]), (&(64 * MIB).into(), &true.into()));
    mount.signal(Signal::TERM);
    let outcome = mount.end().expect(0);
    assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
}

/// Also at offsets within blocks, and in pieces that are longer than one request of the kernel.
#[test]
fn what_the_file_takes_is_what_the_program_reads_and_the_other_way_round() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let (file, mut model) = (mount.open(), vec![0; 16 << 20]);
    for (offset, length, seed) in
        [(0, 512, 1), (511, 1026, 2), (4 * MIB - 1, 3 * MIB + 2, 3), (9 * MIB, 4096, 4)]
    {
        let data = pattern(length, seed);
        file.write_all_at(&data, offset).unwrap();
        let begin = usize::try_from(offset).unwrap();
        model[begin..begin + data.len()].copy_from_slice(&data);
    }
    file.sync_all().unwrap();
    stage.run(&["read", &stage.url(), "--length", "16M", "-o", "read"]).expect(0);
    assert!(fs::read(stage.place.path("read")).unwrap() == model, "the program reads something else");
    let data = pattern(2 * MIB + 7, 9);
    fs::write(stage.place.path("data"), &data).unwrap();
    stage.run(&["write", &stage.url(), "--offset", "5000001", "-i", "data"]).expect(0);
    model[5_000_001..5_000_001 + data.len()].copy_from_slice(&data);
    let mut read = vec![0; model.len()];
    file.read_exact_at(&mut read, 0).unwrap();
    assert!(read == model, "the file has something else");
    drop(file);
    mount.unmount();
    mount.end().expect(0);
    stage.expect_clean(3);
}

/// No cache of the kernel keeps what another reader, or another initiator, has changed.
#[test]
fn two_readers_see_each_write_at_once() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let (writer, reader) = (mount.open(), File::open(mount.file()).unwrap());
    let seen = |offset| {
        let mut byte = [0];
        reader.read_exact_at(&mut byte, offset).unwrap();
        byte[0]
    };
    assert_eq!(seen(4096), 0);
    writer.write_all_at(&[7; 4096], 4096).unwrap();
    assert_eq!((seen(4095), seen(4096), seen(8191), seen(8192)), (0, 7, 7, 0));
    stage.write_for_another(4096, &[8; 512]);
    assert_eq!((seen(4096), seen(4608)), (8, 7));
}

/// Python maps the file, since a test may not: that is unsafe.
#[test]
fn what_is_written_to_a_memory_map_is_in_the_unit_after_msync() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let script = "import mmap, sys\nwith open(sys.argv[1], 'r+b') as file, mmap.mmap(file.fileno(), 8192) as memory:\n  \
                  memory[4096:4100] = b'maps'\n  memory.flush()";
    succeed("python3", &["-c", script, path(&mount.file())]);
    assert_eq!(stage.medium(4095, 6), b"\0maps\0");
}

#[test]
fn a_unit_with_large_blocks_has_a_file_of_bytes() {
    let stage = Stage::with(LogicalUnit { blocks: 1024, block_size: 4096, ..unit() });
    let mount = stage.mount(&[]);
    let file = mount.open();
    file.write_all_at(&[5; 512], 512).unwrap();
    let mut read = [0; 2048];
    file.read_exact_at(&mut read, 0).unwrap();
    assert_eq!(
        (file.metadata().unwrap().len(), read.iter().map(|byte| u32::from(*byte)).sum()),
        (4 * MIB, 5 * 512)
    );
}

/// A unit that has lost its power has what was flushed, and nothing else.
#[test]
fn fsync_makes_writes_stable() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let file = mount.open();
    file.write_all_at(&[1; 512], 0).unwrap();
    file.sync_data().unwrap();
    assert_eq!(stage.count(SYNCHRONIZE_CACHE_10), 1);
    file.write_all_at(&[2; 512], 512).unwrap();
    stage.lose_power();
    assert_eq!((stage.medium(0, 1), stage.medium(512, 1)), (vec![1], vec![0]));
    // The write that was lost is reported once, by the next fsync.
    assert_eq!(errno(file.sync_all()), Errno::IO.raw_os_error());
    file.sync_all().unwrap();
    assert!(mount.said().contains("may be lost"), "{}", mount.said());
}

#[test]
fn a_write_to_a_file_that_was_opened_with_o_dsync_is_stable() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let file = OpenOptions::new().write(true).custom_flags(SYNCHRONOUS).open(mount.file()).unwrap();
    file.write_all_at(&[3; 1024], 100).unwrap();
    stage.lose_power();
    assert_eq!((stage.medium(99, 1), stage.medium(100, 1024)), (vec![0], vec![3; 1024]));
}

/// Eight reads of a slow unit take as long as one, and attributes are there meanwhile.
#[test]
fn no_request_waits_for_another_one() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let file = mount.open();
    stage.target.with_engine(|engine| engine.set_service_time(READ_10, Duration::from_secs(2)));
    let begin = Instant::now();
    thread::scope(|scope| {
        for number in 0..8 {
            let file = &file;
            scope.spawn(move || file.read_exact_at(&mut [0; 4096], number * MIB).unwrap());
        }
        thread::sleep(Duration::from_millis(1100));
        // The kernel's copy of the attributes has expired.
        assert_eq!(fs::metadata(mount.file()).unwrap().len(), 64 * MIB);
        assert!(begin.elapsed() < Duration::from_millis(1900), "{:?}", begin.elapsed());
    });
    let time = begin.elapsed();
    assert!(time >= Duration::from_secs(2) && time < Duration::from_secs(8), "{time:?}");
}

#[test]
fn others_have_no_access_unless_it_is_allowed() {
    let stage = Stage::new();
    fs::set_permissions(stage.place.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let as_nobody = |mount: &Mount, access: &str| {
        let arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", "--", "test", access];
        Command::new("setpriv").args(arguments).arg(mount.file()).status().unwrap().success()
    };
    for (options, expected) in [
        (&[][..], [false, false]),
        (&["--allow-other"], [true, true]),
        (&["--allow-other", "--read-only"], [true, false]),
    ] {
        let mount = stage.mount(options);
        assert_eq!([as_nobody(&mount, "-r"), as_nobody(&mount, "-w")], expected, "{options:?}");
        mount.unmount();
        mount.end().expect(0);
    }
}

/// The kernel refuses writes to a mount that is read-only, but anybody who may mount can change that.
#[test]
fn a_file_that_is_read_only_takes_no_writes_after_a_remount() {
    let stage = Stage::new();
    let mount = stage.mount(&["--read-only"]);
    mount_remount(&mount.directory, MountFlags::empty(), "").unwrap();
    let refused = OpenOptions::new().write(true).open(mount.file());
    assert_eq!(errno(refused), Errno::ROFS.raw_os_error());
    mount.unmount();
    mount.end().expect(0);
}

#[test]
fn a_file_that_is_read_only_takes_no_writes() {
    let stage = Stage::new();
    stage.write_for_another(0, &[9; 512]);
    let mount = stage.mount(&["--read-only"]);
    assert!(mount.line.contains("read-only"), "{}", mount.line);
    assert_eq!(mode(&mount.file()), 0o400);
    let refused = OpenOptions::new().write(true).open(mount.file());
    assert_eq!(errno(refused), Errno::ROFS.raw_os_error());
    let mut read = [0; 513];
    File::open(mount.file()).unwrap().read_exact_at(&mut read, 0).unwrap();
    assert_eq!((read[511], read[512]), (9, 0));
    mount.unmount();
    mount.end().expect(0);
    assert_eq!(stage.target.report().bytes_written, 0);
}
