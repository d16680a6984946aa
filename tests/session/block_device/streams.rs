//! Devices as streams: reads, writes and seeks in any order.

use std::io::{ErrorKind, SeekFrom};
use std::time::Duration;

use iscsi_tests::ram_disk::LogicalUnit;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::*;

#[tokio::test]
async fn reads_writes_and_seeks_in_any_order_are_those_of_a_file() {
    let disk = Disk::new(thin()).await;
    let (mut stream, end) = (disk.device.stream(0), BLOCKS * BLOCK);
    let mut model = vec![0; usize::try_from(end).unwrap()];
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for number in 0..200_u8 {
        let offset = random(end);
        assert_eq!(stream.seek(SeekFrom::Start(offset)).await.unwrap(), offset);
        let length = random(if number % 10 == 0 { 600_000 } else { 3000 }).min(end - offset);
        let range = usize::try_from(offset).unwrap()..usize::try_from(offset + length).unwrap();
        if number % 3 == 0 {
            let data = pattern(length, number);
            stream.write_all(&data).await.unwrap();
            model[range].copy_from_slice(&data);
        } else {
            let mut data = vec![0; range.len()];
            stream.read_exact(&mut data).await.unwrap();
            assert!(data == model[range], "{number}");
        }
    }
    // Without a seek in between, a read goes on where a write has ended, and the other way round.
    stream.rewind().await.unwrap();
    stream.write_all(b"one").await.unwrap();
    let mut next = [0; 3];
    stream.read_exact(&mut next).await.unwrap();
    assert_eq!(next, model[3..6]);
    stream.write_all(b"two").await.unwrap();
    model[..3].copy_from_slice(b"one");
    model[6..9].copy_from_slice(b"two");
    stream.shutdown().await.unwrap();
    assert!(disk.medium() == model);
    disk.end().await;
}

#[tokio::test]
async fn streams_end_with_the_device() {
    let disk = Disk::new(thin()).await;
    let (mut stream, end) = (disk.device.stream(0), BLOCKS * BLOCK);
    assert_eq!(stream.seek(SeekFrom::End(-5)).await.unwrap(), end - 5);
    assert_eq!(stream.write(b"1234567890").await.unwrap(), 5);
    assert_eq!(stream.write(b"6").await.unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(stream.write(b"").await.unwrap(), 0);
    stream.flush().await.unwrap();
    assert!(disk.medium().ends_with(b"12345"));
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).await.unwrap(), 0);
    assert_eq!(stream.seek(SeekFrom::Current(-3)).await.unwrap(), end - 3);
    assert_eq!(stream.read_to_end(&mut rest).await.unwrap(), 3);
    assert_eq!(rest, b"345");
    // Beyond the end there is nothing; before the beginning is no place.
    assert_eq!(stream.seek(SeekFrom::Start(end + 1)).await.unwrap(), end + 1);
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(stream.write(b"1").await.unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(
        stream.seek(SeekFrom::Current(-4000_i64 << 20)).await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    disk.end().await;
}

/// A flush makes stable what was written, also if a read came between.
#[tokio::test]
async fn a_flush_makes_all_writes_stable() {
    let disk = Disk::new(LogicalUnit { write_cache: true, ..thin() }).await;
    let mut stream = disk.device.stream(0);
    stream.write_all(&pattern(700_000, 1)).await.unwrap();
    stream.read_exact(&mut [0; 100]).await.unwrap();
    let flushes =
        || disk.commands_since(0).iter().filter(|command| command.0 == SYNCHRONIZE_CACHE_10).count();
    assert_eq!(flushes(), 0);
    stream.flush().await.unwrap();
    assert_eq!(flushes(), 1);
    // Nothing was written since.
    stream.flush().await.unwrap();
    assert_eq!(flushes(), 1);
    disk.running.with_engine(|engine| engine.restart(Duration::ZERO));
    assert!(disk.medium()[..700_000] == pattern(700_000, 1));
}

/// A copy by tokio's own means.
#[tokio::test]
async fn streams_are_copied_by_tokio() {
    let disk = Disk::new(thin()).await;
    let data = pattern(1_000_000, 9);
    let mut stream = disk.device.stream(100);
    assert_eq!(tokio::io::copy(&mut &data[..], &mut stream).await.unwrap(), 1_000_000);
    let mut back = Vec::new();
    disk.device.stream(100).take(1_000_000).read_to_end(&mut back).await.unwrap();
    assert!(back == data);
    disk.end().await;
}

/// The error of a write is that of a later call.
#[tokio::test]
async fn errors_of_writes_come_later() {
    let (_scripted, device) = without(thin(), &[WRITE_10]).await;
    let mut stream = device.stream(0);
    stream.write_all(&[1; 512]).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(error.to_string().contains("WRITE (10) failed"), "{error}");
}
