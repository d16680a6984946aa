//! Reads into several buffers.

use bytes::BytesMut;
use iscsi_initiator::Error;

use super::*;

#[tokio::test]
async fn every_buffer_gets_its_part() {
    let disk = Disk::new(thin()).await;
    let model = pattern(BLOCKS * BLOCK, 0);
    disk.device.write_at(0, model.clone()).await.unwrap();
    let mib = 1 << 20;
    for (offset, lengths) in [
        (0, &[512, 1024, mib + 512, 512][..]),
        (512, &[512]),
        (512, &[0, 512, 0]),
        (1, &[1, 2, 600, 262_144]),
        (0, &[100, 412]),
        (1536, &[511, 513, 1]),
        (7, &[0]),
        (0, &[]),
    ] {
        let buffers = lengths.iter().map(|length| BytesMut::zeroed(*length)).collect();
        let filled = disk.device.read_scattered(offset, buffers).await.unwrap();
        assert_eq!(filled.iter().map(BytesMut::len).collect::<Vec<_>>(), lengths);
        let mut at = usize::try_from(offset).unwrap();
        for buffer in filled {
            assert!(buffer == model[at..at + buffer.len()], "{offset} {lengths:?}");
            at += buffer.len();
        }
    }
    let beyond = disk.device.read_scattered(BLOCKS * BLOCK - 512, vec![BytesMut::zeroed(512); 2]).await;
    assert!(matches!(beyond, Err(Error::InvalidArgument(_))));
    disk.end().await;
}

/// Buffers of whole blocks are received where they lie.
#[tokio::test]
async fn whole_blocks_are_not_copied() {
    let disk = Disk::new(thin()).await;
    let buffers = vec![BytesMut::zeroed(1 << 20), BytesMut::zeroed(512)];
    let places: Vec<_> = buffers.iter().map(|buffer| buffer.as_ptr()).collect();
    let filled = disk.device.read_scattered(0, buffers).await.unwrap();
    assert_eq!(filled.iter().map(|buffer| buffer.as_ptr()).collect::<Vec<_>>(), places);
    disk.end().await;
}
