//! The ends of the file, and ranges that are zeroed, punched and looked for.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;

use iscsi_tests::ram_disk::LogicalUnit;
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;

use super::{MIB, Stage, errno, pattern, unit};

const SIZE: u64 = 64 * MIB;
const HOLE: FallocateFlags = FallocateFlags::PUNCH_HOLE.union(FallocateFlags::KEEP_SIZE);

/// The error of a system call.
#[track_caller]
fn failed<T>(outcome: Result<T, Errno>) -> Errno {
    outcome.err().unwrap_or_else(|| panic!("it succeeded"))
}

#[test]
fn reads_and_writes_end_with_the_file() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let file = mount.open();
    let mut buffer = [1; 10];
    assert_eq!(file.read_at(&mut buffer, SIZE).unwrap(), 0);
    assert_eq!(file.read_at(&mut buffer, SIZE << 16).unwrap(), 0);
    assert_eq!(file.write_at(&[7; 10], SIZE - 3).unwrap(), 3);
    assert_eq!(file.read_at(&mut buffer, SIZE - 3).unwrap(), 3);
    assert_eq!(buffer, [7, 7, 7, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(errno(file.write_at(&[7], SIZE)), Errno::NOSPC.raw_os_error());
    assert_eq!(file.metadata().unwrap().len(), SIZE);
    assert_eq!(stage.medium(SIZE - 4, 4), [0, 7, 7, 7]);
}

#[test]
fn the_size_the_mode_and_the_directory_cannot_be_changed() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let (file, refused) = (mount.open(), Errno::PERM.raw_os_error());
    assert_eq!(errno(file.set_len(0)), refused);
    assert_eq!(errno(file.set_len(SIZE + 1)), refused);
    file.set_len(SIZE).unwrap();
    assert_eq!(errno(OpenOptions::new().write(true).truncate(true).open(mount.file())), refused);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    assert_eq!(errno(std::fs::set_permissions(mount.file(), mode)), refused);
    let other = mount.directory.join("other");
    assert_eq!(errno(File::open(&other)), Errno::NOENT.raw_os_error());
    assert_eq!(errno(File::create(other)), refused);
    assert_eq!(errno(std::fs::remove_file(mount.file())), refused);
    // Programs that copy a file set its times, which are not kept.
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(file.metadata().unwrap().modified().unwrap() > std::time::SystemTime::UNIX_EPOCH);
}

/// Also at offsets within blocks; what lies beside the range stays.
#[test]
fn holes_and_zeroed_ranges_read_as_zeros() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let (file, mut model) = (mount.open(), pattern(4 * MIB, 3));
    file.write_all_at(&model, 0).unwrap();
    for (mode, offset, length) in [
        (HOLE, 1_u64, 700_u64),
        (HOLE, MIB - 1, MIB + 2),
        (FallocateFlags::ZERO_RANGE, 3 * MIB - 100, 200),
        (FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE, 3 * MIB + 512, 65_536),
    ] {
        fallocate(&file, mode, offset, length).unwrap();
        model[usize::try_from(offset).unwrap()..][..usize::try_from(length).unwrap()].fill(0);
        let mut read = vec![0; model.len()];
        file.read_exact_at(&mut read, 0).unwrap();
        assert!(read == model, "{mode:?} at {offset}");
    }
    // A hole has no place on the medium any more, a range of zeros has.
    assert_eq!(seek(&file, SeekFrom::Hole(MIB)).unwrap(), MIB);
    assert_eq!(seek(&file, SeekFrom::Data(MIB)).unwrap(), 2 * MIB);
    assert_eq!(seek(&file, SeekFrom::Hole(2 * MIB)).unwrap(), 4 * MIB);
}

#[test]
fn no_range_makes_the_file_larger() {
    let stage = Stage::new();
    let mount = stage.mount(&[]);
    let file = mount.open();
    file.write_all_at(&[1; 4096], SIZE - 4096).unwrap();
    assert_eq!(failed(fallocate(&file, FallocateFlags::ZERO_RANGE, SIZE - 512, 513)), Errno::NOSPC);
    fallocate(&file, FallocateFlags::ZERO_RANGE, SIZE - 512, 512).unwrap();
    // With the size kept, what lies beyond the end is left out.
    fallocate(&file, HOLE, SIZE - 1024, MIB).unwrap();
    fallocate(&file, HOLE, SIZE, MIB).unwrap();
    assert_eq!(stage.medium(SIZE - 1025, 1025), [&[1][..], &[0; 1024]].concat());
    for mode in [FallocateFlags::empty(), FallocateFlags::KEEP_SIZE] {
        assert_eq!(failed(fallocate(&file, mode, 0, 4096)), Errno::OPNOTSUPP, "{mode:?}");
    }
}

#[test]
fn data_and_holes_are_found() {
    let stage = Stage::new();
    stage.write_for_another(8 * MIB, &pattern(MIB, 1));
    let mount = stage.mount(&[]);
    let file = mount.open();
    assert_eq!(seek(&file, SeekFrom::Hole(0)).unwrap(), 0);
    assert_eq!(seek(&file, SeekFrom::Data(0)).unwrap(), 8 * MIB);
    assert_eq!(seek(&file, SeekFrom::Data(8 * MIB + 5)).unwrap(), 8 * MIB + 5);
    assert_eq!(seek(&file, SeekFrom::Hole(8 * MIB)).unwrap(), 9 * MIB);
    assert_eq!(failed(seek(&file, SeekFrom::Data(9 * MIB))), Errno::NXIO);
    assert_eq!(seek(&file, SeekFrom::Hole(SIZE - 1)).unwrap(), SIZE - 1);
    for sought in [SeekFrom::Data(SIZE), SeekFrom::Hole(SIZE)] {
        assert_eq!(failed(seek(&file, sought)), Errno::NXIO, "{sought:?}");
    }
}

/// Zeros of a whole disk would have to be written.
#[test]
fn a_unit_that_unmaps_no_blocks_takes_zeros_and_no_holes() {
    let thick = LogicalUnit { is_thin: false, ..unit() };
    // Of a thin unit, the part behind the data is a hole already.
    for (unit, options, hole) in [(thick, &[][..], SIZE), (unit(), &["--no-unmap"], 8192)] {
        let stage = Stage::with(unit);
        let mount = stage.mount(options);
        let file = mount.open();
        file.write_all_at(&[1; 8192], 0).unwrap();
        assert_eq!(failed(fallocate(&file, HOLE, 0, 4096)), Errno::OPNOTSUPP);
        fallocate(&file, FallocateFlags::ZERO_RANGE, 4096, 4096).unwrap();
        assert_eq!(stage.medium(0, 8192), [[1; 4096], [0; 4096]].concat());
        assert_eq!(seek(&file, SeekFrom::Hole(0)).unwrap(), hole);
    }
}
