//! Devices as streams of the standard library.

use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};

use iscsi_initiator::Error;
use iscsi_tests::ram_disk::Sense;
use iscsi_tests::scripted_target::check_condition;

use crate::stage::{BLOCK, BLOCKS, Disk, SIZE, pattern, scripted, session, thin};

const WRITE_10: u8 = 0x2a;

/// The same calls on a device and on a file in memory.
#[test]
fn reads_writes_and_seeks_in_any_order_are_those_of_a_file() {
    let disk = Disk::new(thin());
    let mut stream = disk.device.stream(0);
    let mut file = io::Cursor::new(vec![0; SIZE]);
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for number in 0..200_u8 {
        let left = BLOCKS * BLOCK - file.position();
        let position = match random(4) {
            0 => SeekFrom::Start(random(BLOCKS * BLOCK)),
            1 => SeekFrom::End(-random(1 << 20).cast_signed()),
            2 => SeekFrom::Current(random(1000).min(left).cast_signed()),
            _ => SeekFrom::Current(0),
        };
        let at = file.seek(position).unwrap();
        assert_eq!(stream.seek(position).unwrap(), at, "{number}: {position:?}");
        let most = if number % 10 == 0 { 600_000 } else { 3000 };
        let length = random(most).min(BLOCKS * BLOCK - at).try_into().unwrap();
        if number % 3 == 0 {
            let data = pattern(length, number);
            stream.write_all(&data).unwrap();
            file.write_all(&data).unwrap();
        } else {
            let (mut data, mut expected) = (vec![0; length], vec![0; length]);
            stream.read_exact(&mut data).unwrap();
            file.read_exact(&mut expected).unwrap();
            assert!(data == expected, "{number}");
        }
    }
    stream.flush().unwrap();
    assert!(disk.medium() == file.into_inner());
    disk.end();
}

#[test]
fn copies_of_the_standard_library_are_complete() {
    let disk = Disk::new(thin());
    let data = pattern(2_000_001, 9);
    let mut stream = disk.device.stream(100);
    assert_eq!(io::copy(&mut &data[..], &mut stream).unwrap(), 2_000_001);
    stream.flush().unwrap();
    assert!(disk.medium()[100..2_000_101] == data);
    // From one place of the device to another one.
    let mut source = disk.device.stream(100).take(1_000_000);
    let mut destination = disk.device.stream(3_000_000);
    assert_eq!(io::copy(&mut source, &mut destination).unwrap(), 1_000_000);
    destination.flush().unwrap();
    let mut back = Vec::new();
    BufReader::new(disk.device.stream(3_000_000)).take(1_000_000).read_to_end(&mut back).unwrap();
    assert!(back == data[..1_000_000]);
    disk.end();
}

#[test]
fn streams_end_with_the_device() {
    let disk = Disk::new(thin());
    let mut stream = disk.device.stream(0);
    assert_eq!(stream.seek(SeekFrom::End(-5)).unwrap(), BLOCKS * BLOCK - 5);
    assert_eq!(stream.write(b"1234567890").unwrap(), 5);
    assert_eq!(stream.write(b"6").unwrap_err().kind(), ErrorKind::StorageFull);
    stream.seek(SeekFrom::Current(-3)).unwrap();
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).unwrap(), 3);
    assert_eq!(rest, b"345");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let before = stream.seek(SeekFrom::End(-i64::MAX)).unwrap_err();
    assert_eq!(before.kind(), ErrorKind::InvalidInput);
    assert_eq!(stream.stream_position().unwrap(), BLOCKS * BLOCK);
    drop(stream);
    disk.end();
}

/// The error of a write is that of a later call, and carries what the library says of it.
#[test]
fn errors_of_streams_have_the_error_of_the_library_as_their_source() {
    let target = scripted(|script| {
        script.serve_but(|command, moment| {
            let is_refused = command.cdb[0] == WRITE_10;
            is_refused.then(|| check_condition(command, moment, Sense::INVALID_OPERATION))
        })
    });
    let session = session(target.target.portal());
    let device = iscsi_initiator::blocking::BlockDevice::open(&session, iscsi_initiator::Lun::ZERO).unwrap();
    let mut stream = device.stream(0);
    stream.write_all(&[1; 512]).unwrap();
    let failure = stream.flush().unwrap_err();
    let source = failure.get_ref().and_then(|source| source.downcast_ref::<Error>());
    assert!(matches!(source, Some(Error::Command { command: "WRITE (10)", .. })), "{failure:?}");
}
