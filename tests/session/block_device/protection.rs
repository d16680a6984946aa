//! Units that are write-protected, and writes that have to be stable.

use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::scsi::{ControlPage, ModeSelect10, ModeSense10};
use iscsi_initiator::{Error, Zeroing};
use iscsi_tests::ram_disk::LogicalUnit;

use super::*;

/// Sets the bit SWP of the control page.
async fn protect(session: &Session, is_protected: bool) {
    let sense = ModeSense10 { page: ControlPage::CODE, ..ModeSense10::default() };
    let mut parameters = session.send(Lun::ZERO, &sense).await.unwrap();
    parameters.pages[0].bytes[2] = if is_protected { 0x08 } else { 0 };
    session.send(Lun::ZERO, &ModeSelect10::new(&parameters).unwrap()).await.unwrap();
}

/// A unit that is protected at the opening is not written to, until it reports that its parameters have changed.
#[tokio::test]
async fn write_protection_is_known_before_the_first_write() {
    let disk = Disk::new(thin()).await;
    assert!(!disk.device.is_write_protected());
    assert_eq!(disk.device.properties().write_protected, Some(false));
    protect(&disk.session, true).await;
    let device = BlockDevice::open(&disk.session, Lun::ZERO).await.unwrap();
    assert!(device.is_write_protected());
    let refused = Error::WriteProtected { lun: Lun::ZERO };
    let before = disk.count();
    assert_eq!(device.write_at(0, vec![1; 512]).await, Err(refused.clone()));
    assert_eq!(device.write_at_fua(0, vec![1; 512]).await, Err(refused.clone()));
    assert_eq!(device.discard(0, 512).await, Err(refused.clone()));
    assert_eq!(device.write_zeroes(0, 512, Zeroing::MayUnmap).await, Err(refused.clone()));
    assert_eq!(device.compare_and_write(0, vec![0; 512], vec![0; 512]).await, Err(refused.clone()));
    assert_eq!(device.writer(0, 512).err(), Some(refused));
    assert_eq!(disk.count(), before);
    // The device that was opened before learns it by the first write.
    assert!(matches!(disk.device.write_at(0, vec![1; 512]).await, Err(Error::Command { .. })));
    assert!(disk.device.is_write_protected());
    // Another session lifts the protection, of which the unit reports that its mode parameters have changed.
    let other = log_in(disk.running.portal()).await.unwrap();
    protect(&other, false).await;
    disk.session.test_unit_ready(Lun::ZERO).await.unwrap();
    assert!(!device.is_write_protected());
    device.write_at(0, vec![1; 512]).await.unwrap();
    other.logout().await.unwrap();
    disk.end().await;
}

/// With FUA the data are stable at once; a unit without it is flushed.
#[tokio::test]
async fn stable_writes_survive_a_loss_of_power() {
    let cached = LogicalUnit { write_cache: true, ..thin() };
    let disk = Disk::new(cached).await;
    assert_eq!(disk.device.properties().force_unit_access, Some(true));
    disk.device.write_at(0, vec![1; 512]).await.unwrap();
    disk.device.write_at_fua(300, vec![2; 1000]).await.unwrap();
    assert!(disk.commands_since(0).iter().all(|command| command.0 != SYNCHRONIZE_CACHE_10));
    disk.running.with_engine(|engine| engine.restart(Duration::ZERO));
    let medium = disk.medium();
    assert_eq!(medium[300..1300], [2; 1000]);
    // The other bytes of a block that is written become stable with it.
    assert_eq!(medium[..300], [1; 300]);

    let (scripted, device) = without(cached, &[0x1a]).await;
    assert_eq!(device.properties().force_unit_access, None);
    device.write_at_fua(0, vec![3; 512]).await.unwrap();
    assert_eq!(sent(&scripted, SYNCHRONIZE_CACHE_10), 1);
}

/// Data in several pieces are written without being joined, also with FUA.
#[tokio::test]
async fn data_in_pieces_are_written_with_fua() {
    let disk = Disk::new(thin()).await;
    let data = Bytes::from(pattern(3000, 5));
    let pieces = vec![data.slice(..1), data.slice(1..2500), data.slice(2500..)];
    disk.device.write_at_fua(511, pieces).await.unwrap();
    assert_eq!(disk.medium()[511..3511], data);
    disk.end().await;
}
