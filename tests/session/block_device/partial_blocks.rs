//! Writes of parts of blocks, and atomic exchanges of whole ones.

use iscsi_initiator::scsi::SenseKey;
use iscsi_initiator::{Comparison, Error};

use super::*;

/// Two sessions write the two halves of each of some blocks at the same time, and neither undoes what the other has written.
#[tokio::test]
async fn writers_of_two_parts_of_a_block_do_not_undo_each_other() {
    let disk = Disk::new(thin()).await;
    let other = log_in(disk.running.portal()).await.unwrap();
    let other = BlockDevice::open(&other, Lun::ZERO).await.unwrap();
    for round in 0..100 {
        let write = |device: BlockDevice, at: u64, byte: u8| async move {
            device.write_at(round % 3 * BLOCK + at, vec![byte; 256]).await.unwrap();
        };
        let (first, second) = (disk.device.clone(), other.clone());
        let byte = u8::try_from(round).unwrap();
        tokio::join!(write(first, 0, byte), write(second, 256, byte ^ 0xff));
        let block = disk.device.read_at(round % 3 * BLOCK, 512).await.unwrap();
        assert_eq!(block[..], [vec![byte; 256], vec![byte ^ 0xff; 256]].concat()[..], "{round}");
    }
    // Of both sessions at least one had to compare again, or the test has shown nothing.
    let compared = disk.commands_since(0).iter().filter(|command| command.0 == COMPARE_AND_WRITE).count();
    assert!(compared >= 200, "{compared}");
}

/// Without COMPARE AND WRITE, clones of one device keep writes of parts of blocks apart.
#[tokio::test]
async fn clones_of_a_device_keep_parts_of_blocks_apart() {
    let mut overrides = Overrides::default();
    overrides.no_compare_and_write = true;
    let disk = Disk::with(thin(), overrides).await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..64_u64 {
        let device = disk.device.clone();
        writers.spawn(async move {
            device.write_at(number * 8, vec![u8::try_from(number + 1).unwrap(); 8]).await.unwrap();
        });
    }
    writers.join_all().await;
    let expected: Vec<u8> = (1..=64).flat_map(|number| [number; 8]).collect();
    assert_eq!(disk.medium()[..512], expected);
    assert!(disk.commands_since(0).iter().all(|command| command.0 != COMPARE_AND_WRITE));
    disk.end().await;
}

/// A unit that refuses the command in spite of its limits is asked once.
#[tokio::test]
async fn a_unit_that_refuses_to_compare_is_written() {
    let (scripted, device) = without(thin(), &[COMPARE_AND_WRITE]).await;
    for number in 0..3 {
        device.write_at(number * 512 + 1, b"part".to_vec()).await.unwrap();
        assert_eq!(device.read_at(number * 512, 6).await.unwrap()[..], *b"\0part\0");
    }
    assert_eq!(sent(&scripted, COMPARE_AND_WRITE), 1);
}

/// A block that changes whenever it is compared is an error after 64 attempts, and is not written.
#[tokio::test]
async fn a_block_that_others_change_all_the_time_is_an_error() {
    let script = Script::new().log_in(config(thin())).serve_but(|command, moment| {
        let is_compared = command.cdb[0] == COMPARE_AND_WRITE;
        is_compared.then(|| check_condition(command, moment, Sense::MISCOMPARE))
    });
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let session = log_in(scripted.portal()).await.unwrap();
    let device = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let error = device.write_at(700, b"part".to_vec()).await.unwrap_err();
    assert!(
        matches!(error, Error::Command { sense: Some(sense), .. } if sense.key == SenseKey::MISCOMPARE),
        "{error}"
    );
    assert_eq!(sent(&scripted, COMPARE_AND_WRITE), 64);
}

#[tokio::test]
async fn blocks_are_exchanged_if_they_are_the_expected_ones() {
    let disk = Disk::new(thin()).await;
    let (zeros, new) = (vec![0; 1024], pattern(1024, 0));
    let exchange = |expected: &[u8], new: &[u8]| {
        let (device, expected, new) = (disk.device.clone(), expected.to_vec(), new.to_vec());
        async move { device.compare_and_write(512, expected, new).await }
    };
    assert_eq!(exchange(&zeros, &new).await, Ok(Comparison::Written));
    assert_eq!(disk.medium()[512..1536], new);
    let mut almost = new.clone();
    almost[600] ^= 1;
    assert_eq!(exchange(&almost, &zeros).await, Ok(Comparison::Differs { at: Some(600) }));
    assert_eq!(disk.medium()[512..1536], new);
    for (expected, new) in [(512, 1024), (0, 0), (100, 100), (1024 * 512, 1024 * 512)] {
        let refused = exchange(&vec![0; expected], &vec![0; new]).await;
        assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{expected} {new}");
    }
    disk.end().await;
    let mut overrides = Overrides::default();
    overrides.no_compare_and_write = true;
    let disk = Disk::with(thin(), overrides).await;
    let refused = disk.device.compare_and_write(0, zeros.clone(), zeros).await;
    assert_eq!(refused, Err(Error::NotSupported { lun: Lun::ZERO, command: "COMPARE AND WRITE" }));
    disk.end().await;
}
