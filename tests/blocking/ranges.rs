//! Reads, writes and the other calls of a block device.

use iscsi_initiator::blocking::BlockDevice;
use iscsi_initiator::{Comparison, Error, Flush, Lun, Zeroing};
use iscsi_tests::ram_disk::LogicalUnit;

use crate::stage::{BLOCK, BLOCKS, Disk, SIZE, pattern, thin};

const SYNCHRONIZE_CACHE_10: u8 = 0x35;

/// Lengths on both sides of the one from which on data are moved piece by piece, and of the length of a piece.
#[test]
fn ranges_of_any_length_are_read_and_written() {
    let disk = Disk::new(thin());
    let mut model = disk.medium();
    for (seed, offset, length) in [
        (1, 0, 0),
        (2, 0, 1),
        (3, 511, 2),
        (4, 1000, (256 << 10) + 1),
        (5, 512, 1 << 20),
        (6, 513, 1 << 20),
        (7, 7, (1 << 20) + 1),
        (8, 100, 3 << 20),
        (9, SIZE - 3, 3),
    ] {
        let data = pattern(length, seed);
        disk.device.write_at(offset as u64, &data).unwrap();
        model[offset..offset + length].copy_from_slice(&data);
        assert!(disk.medium() == model, "{length} bytes at {offset}");
        let mut back = vec![0; length];
        disk.device.read_at(offset as u64, &mut back).unwrap();
        assert!(back == data, "{length} bytes from {offset}");
    }
    let mut all = vec![0; model.len()];
    disk.device.read_at(0, &mut all).unwrap();
    assert!(all == model);
    disk.end();
}

#[test]
fn ranges_beyond_the_device_are_refused_and_change_nothing() {
    let disk = Disk::new(thin());
    let (size, before) = (BLOCKS * BLOCK, disk.medium());
    let is_refused = |result: Result<(), Error>| matches!(result, Err(Error::InvalidArgument(_)));
    for (offset, length) in [(size, 1), (size - 1, 2), (1, SIZE), (u64::MAX, 2)] {
        assert!(is_refused(disk.device.write_at(offset, &vec![1; length])), "{offset}");
        assert!(is_refused(disk.device.write_at_fua(offset, &vec![1; length])), "{offset}");
        assert!(is_refused(disk.device.read_at(offset, &mut vec![0; length])), "{offset}");
    }
    disk.device.read_at(size, &mut []).unwrap();
    assert!(disk.medium() == before);
    disk.end();
}

/// A restart of the target loses what was only in the cache.
#[test]
fn flushed_and_forced_writes_are_stable() {
    let disk = Disk::new(LogicalUnit { write_cache: true, ..thin() });
    disk.device.write_at(0, &pattern(512, 1)).unwrap();
    assert_eq!(disk.device.flush(), Ok(Flush::Synchronized));
    disk.device.write_at_fua(512, &pattern(512, 2)).unwrap();
    disk.device.write_at(1024, &pattern(512, 3)).unwrap();
    disk.served.target.with_engine(|engine| {
        let flushes = engine.executions().iter().filter(|done| done.operation == SYNCHRONIZE_CACHE_10);
        assert_eq!(flushes.count(), 1);
        engine.restart(std::time::Duration::ZERO);
    });
    let stable = [pattern(512, 1), pattern(512, 2), vec![0; 512]].concat();
    assert!(disk.medium()[..1536] == stable);
}

#[test]
fn parts_are_discarded_zeroed_and_told() {
    let disk = Disk::new(thin());
    disk.device.write_at(0, &pattern(8192, 1)).unwrap();
    let mapped = |offset, length| {
        let parts = disk.device.block_status(offset, length).unwrap();
        parts.iter().map(|part| (part.offset, part.length, part.is_mapped)).collect::<Vec<_>>()
    };
    assert_eq!(mapped(0, 16384), [(0, 8192, true), (8192, 8192, false)]);
    assert_eq!(disk.device.discard(4096, 4096), Ok(4096));
    assert_eq!(mapped(0, 16384), [(0, 4096, true), (4096, 12288, false)]);
    disk.device.write_zeroes(100, 1000, Zeroing::KeepMapped).unwrap();
    assert_eq!(mapped(0, 16384), [(0, 4096, true), (4096, 12288, false)]);
    disk.device.write_zeroes(0, 4096, Zeroing::MayUnmap).unwrap();
    assert_eq!(mapped(0, 16384), [(0, 16384, false)]);
    assert!(disk.medium().iter().all(|byte| *byte == 0));
    disk.end();
}

#[test]
fn blocks_are_written_only_if_they_are_the_expected_ones() {
    let disk = Disk::new(thin());
    let (old, new) = (vec![0; 512], pattern(512, 1));
    assert_eq!(disk.device.compare_and_write(512, &old, &new), Ok(Comparison::Written));
    let differs = disk.device.compare_and_write(512, &old, &pattern(512, 2)).unwrap();
    assert!(matches!(differs, Comparison::Differs { .. }), "{differs:?}");
    let uneven = disk.device.compare_and_write(512, &old, &new[1..]);
    assert!(matches!(uneven, Err(Error::InvalidArgument(_))), "{uneven:?}");
    assert!(disk.medium()[512..1024] == new);
    disk.end();
}

#[test]
fn devices_say_what_the_unit_reported() {
    let disk = Disk::new(thin());
    assert_eq!(disk.device.capacity().bytes(), BLOCKS * BLOCK);
    assert_eq!(disk.device.properties().write_protected, Some(false));
    assert!(!disk.device.is_write_protected());
    assert_eq!(disk.device.max_transfer_length() % BLOCK, 0);
    assert_eq!(disk.device.recovered_errors(), 0);
    assert_eq!(disk.session.list_luns().unwrap().luns, [Lun::ZERO]);
    let missing = BlockDevice::open(&disk.session, Lun::from_number(7).unwrap());
    assert!(matches!(missing, Err(Error::Command { .. })));
    disk.end();
}
