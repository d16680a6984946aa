//! Commands that read, valid and invalid.

use iscsi_pdu::{InitiatorPdu, Lun, ScsiStatus};

use super::by_hand::{cdb, cdb_10, log_in_plainly, offer, plain_config};
use crate::ram_disk::{LogicalUnit, RamDisk};

#[tokio::test]
async fn inquiry_capacity_write_read_with_digests_and_without() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    for digests in [false, true] {
        let mut session = log_in_plainly(running.portal(), offer(digests)).await;
        let inquiry = session.read(cdb(&[0x12, 0, 0, 0, 36]), 36).await;
        assert_eq!((inquiry.status, &inquiry.data[8..16]), (ScsiStatus::GOOD, &b"RAMDISK "[..]));
        let capacity = session.read(cdb(&[0x25]), 8).await;
        assert_eq!(capacity.data, [0, 1, 0xff, 0xff, 0, 0, 2, 0]);
        let mut write = session.command(cdb_10(0x2a, 9, 2), false, true, 1024);
        write.data = (0..=255).cycle().skip(usize::from(digests)).take(1024).collect::<Vec<u8>>().into();
        let written = write.data.clone();
        session.send(&InitiatorPdu::ScsiCommand(write)).await;
        assert_eq!(session.end().await.status, ScsiStatus::GOOD);
        let read = session.read(cdb_10(0x28, 9, 2), 1024).await;
        assert_eq!(read.data, written);
        let medium = running.read_medium(&super::by_hand::disk_name(), 0, 9 * 512, 1024);
        assert_eq!(medium.as_deref(), Some(&written[..]));
    }
    assert!(running.report().violations.is_empty());
}

#[tokio::test]
async fn long_read_obeys_segment_and_burst_lengths() {
    for status_in_data_in in [true, false] {
        let mut config = plain_config();
        config.status_in_data_in = status_in_data_in;
        let running = RamDisk::serve(config).await.unwrap();
        let mut small = offer(true);
        small.parameters.max_recv_data_segment_length = 1536;
        small.parameters.max_burst_length = 4096;
        small.parameters.first_burst_length = 4096;
        let mut session = log_in_plainly(running.portal(), small).await;
        let read = session.read(cdb_10(0x28, 0, 200), 200 * 512).await;
        assert_eq!((read.status, read.data.len(), read.residual), (ScsiStatus::GOOD, 200 * 512, 0));
    }
}

#[tokio::test]
async fn residuals_say_what_did_not_fit() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let less = session.read(cdb_10(0x28, 0, 1), 1000).await;
    assert_eq!((less.data.len(), less.underflow, less.overflow, less.residual), (512, true, false, 488));
    let more = session.read(cdb_10(0x28, 0, 2), 700).await;
    assert_eq!((more.data.len(), more.underflow, more.overflow, more.residual), (700, false, true, 324));
}

#[tokio::test]
async fn refusals_carry_their_sense() {
    let running = RamDisk::serve(plain_config()).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let unknown_operation = session.read(cdb(&[0xff]), 0).await;
    assert_eq!(unknown_operation.sense_codes(), (5, 0x20, 0));
    let mut beyond = cdb_10(0x28, 0xff, 2);
    beyond[3] = 1;
    beyond[4] = 0xff;
    assert_eq!(session.read(beyond, 1024).await.sense_codes(), (5, 0x21, 0));
    let mut no_unit = session.command(cdb(&[0x00]), false, false, 0);
    no_unit.lun = Lun::from_number(5).unwrap();
    session.send(&InitiatorPdu::ScsiCommand(no_unit)).await;
    assert_eq!(session.end().await.sense_codes(), (5, 0x25, 0));
}

#[tokio::test]
async fn first_command_meets_unit_attention() {
    let mut config = plain_config();
    config.unit_attention = true;
    config.targets[0].units.push(LogicalUnit { number: 300, ..LogicalUnit::default() });
    let running = RamDisk::serve(config).await.unwrap();
    let mut session = log_in_plainly(running.portal(), offer(false)).await;
    let luns = session.read(cdb(&[0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), 256).await;
    assert_eq!(luns.data[..8], [0, 0, 0, 16, 0, 0, 0, 0]);
    assert_eq!(luns.data[16..18], [0x41, 0x2c]);
    assert_eq!(session.read(cdb(&[0x00]), 0).await.sense_codes(), (6, 0x29, 0));
    assert_eq!(session.read(cdb(&[0x00]), 0).await.status, ScsiStatus::GOOD);
}
