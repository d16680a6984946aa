//! The target under the library.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use iscsi_initiator::{
    AuthenticationMode, AuthenticationRequest, BlockDevice, Config, Initiator, Lun, Session,
};
use iscsi_login::DigestPreference;
use iscsi_secrets::MemoryStore;
use tokio::task::JoinSet;

use super::scsi::{Request, decode};
use super::{GatheringConfig, GatheringTarget, check_pattern, fill_pattern};

const NAME: &str = "iqn.2001-04.com.example:gathering";

async fn log_in(config: GatheringConfig, change: impl FnOnce(&mut Config)) -> Session {
    let target = GatheringTarget::bind(config).unwrap();
    let portal = target.address().unwrap().to_string().parse().unwrap();
    thread::spawn(move || target.serve());
    let mut config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    change(&mut config);
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let request = AuthenticationRequest { mode: AuthenticationMode::None, forward: None, reverse: None };
    initiator.login(&NAME.parse().unwrap(), &portal, &request).await.unwrap()
}

fn config(batch: usize) -> GatheringConfig {
    GatheringConfig::new(NAME.parse().unwrap(), batch)
}

/// As many reads at a time as a batch has: none waits for the time limit.
async fn read_batch(disk: &BlockDevice, batch: usize, length: usize) {
    let mut reads = JoinSet::new();
    for offset in (0..batch).map(|index| (index * length) as u64) {
        let disk = disk.clone();
        reads.spawn(async move { (offset, disk.read_into(offset, BytesMut::zeroed(length)).await.unwrap()) });
    }
    while let Some(read) = reads.join_next().await {
        let (offset, data) = read.unwrap();
        check_pattern(&data, offset, 0).unwrap();
    }
}

#[tokio::test]
async fn every_block_holds_its_own_pattern_with_and_without_digests() {
    for digest in [DigestPreference::None, DigestPreference::Crc32c] {
        let session = log_in(config(8), |config| {
            (config.offer.header_digest, config.offer.data_digest) = (digest, digest);
        })
        .await;
        let on = digest == DigestPreference::Crc32c;
        assert_eq!(session.details().completed.parameters.digests.data, on);
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        assert_eq!(disk.capacity().bytes(), 64 << 20);
        for length in [512, 4096, 65_536, 262_144, 1 << 20] {
            read_batch(&disk, 8, length).await;
        }
        session.logout().await.unwrap();
    }
}

#[tokio::test]
async fn written_data_are_read_back_whether_they_were_asked_for_or_not() {
    for (unsolicited, immediate) in [(true, true), (true, false), (false, true), (false, false)] {
        let session = log_in(config(1), |config| {
            config.offer.parameters.initial_r2t = !unsolicited;
            config.offer.parameters.immediate_data = immediate;
        })
        .await;
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        for (offset, length) in [(0, 4096), (8192, 262_144), (1 << 20, 1 << 20)] {
            let mut data = BytesMut::zeroed(length);
            fill_pattern(&mut data, offset, 1);
            disk.write_at(offset, data.freeze()).await.unwrap();
            check_pattern(&disk.read_at(offset, length).await.unwrap(), offset, 1).unwrap();
        }
        check_pattern(&disk.read_at(4096, 4096).await.unwrap(), 4096, 0).unwrap();
        session.logout().await.unwrap();
    }
}

#[tokio::test]
async fn a_batch_that_does_not_fill_is_answered_after_the_time_limit() {
    let session = log_in(config(2), |_| {}).await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let began = Instant::now();
    disk.write_at(0, Bytes::from_static(&[7; 512])).await.unwrap();
    assert!(began.elapsed() >= super::connection::PATIENCE);
}

#[test]
fn the_pattern_tells_offsets_and_generations_apart() {
    let mut block = [0; 512];
    fill_pattern(&mut block, 1024, 3);
    check_pattern(&block, 1024, 3).unwrap();
    assert!(check_pattern(&block, 512, 3).is_err());
    assert!(check_pattern(&block, 1024, 2).is_err());
    block[511] ^= 1;
    assert!(check_pattern(&block, 1024, 3).unwrap_err().starts_with("offset 1528 "));
}

#[test]
fn a_range_ends_within_the_disk() {
    let cdb = |lba: u8, blocks: u8| [0x28, 0, 0, 0, 0, lba, 0, 0, blocks, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(decode(&cdb(7, 1), 8 * 512), Request::Read(7 * 512..8 * 512));
    assert_eq!(decode(&cdb(7, 2), 8 * 512), Request::Illegal);
    assert_eq!(decode(&cdb(0, 0), 8 * 512), Request::Illegal);
}
