//! Each command of block devices, through a session, to the RAM disk.

mod whole_unit;

use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::scsi::{
    BlockRange, Capacity, Command, CompareAndWrite, DefectFormat, GetLbaStatus, LbaReportType, LbaStatus,
    OrWrite16, PreFetch10, PreFetch16, Protect, ProvisioningStatus, RawCommand, Read6, Read10, Read12,
    Read16, ReadCapacity10, ReadCapacity16, ReadDefectData10, ReadDefectData12, Sanitize, SanitizeOperation,
    SanitizeOverwrite, SenseKey, ShortLba, SynchronizeCache10, SynchronizeCache16, Unmap, UnmapList,
    Verify10, Verify12, Verify16, VerifyData, Write6, Write10, Write12, Write16, WriteAndVerify10,
    WriteAndVerify12, WriteAndVerify16, WriteAtomic16, WriteData, WriteSame10, WriteSame16,
};
use iscsi_initiator::{Error, Lun, Session};
use iscsi_pdu::ScsiStatus;
use iscsi_tests::ram_disk::{LogicalUnit, RamDisk, Running};

use crate::stage::{log_in, open_config};

const BLOCK: usize = 512;
const BLOCK_SIZE: u32 = 512;
const BLOCKS: u64 = 1024;

/// A RAM disk with a thin unit that has a write cache, and a session to it.
struct Disk {
    running: Running,
    session: Session,
}

impl Disk {
    async fn new() -> Self {
        let mut config = open_config();
        config.targets[0].units =
            vec![LogicalUnit { blocks: BLOCKS, is_thin: true, write_cache: true, ..LogicalUnit::default() }];
        let running = RamDisk::serve(config).await.unwrap();
        let session = log_in(running.portal()).await.unwrap();
        Self { running, session }
    }

    async fn send<C: Command>(&self, command: &C) -> C::Answer {
        self.session.send(Lun::ZERO, command).await.unwrap_or_else(|error| panic!("{}: {error}", C::NAME))
    }

    /// Sense key and additional sense code of a command that fails.
    async fn fails<C: Command<Answer: std::fmt::Debug>>(&self, command: &C) -> (SenseKey, u8) {
        match self.session.send(Lun::ZERO, command).await {
            Err(Error::Command { sense: Some(sense), .. }) => (sense.key, sense.asc),
            outcome => panic!("{}: {outcome:?}", C::NAME),
        }
    }

    async fn read(&self, lba: u64, blocks: u32) -> Bytes {
        self.send(&Read16 { lba, blocks, block_size: BLOCK_SIZE, ..Read16::default() }).await
    }

    async fn write(&self, lba: u64, data: Vec<u8>) {
        let blocks = u32::try_from(data.len() / BLOCK).unwrap();
        self.send(&Write16 { lba, blocks, data: data.into(), ..Write16::default() }).await;
    }

    async fn status(&self, lba: u64, ranges: u32, report_type: LbaReportType) -> LbaStatus {
        self.send(&GetLbaStatus { lba, ranges, report_type }).await
    }

    /// First block, number of blocks and status of each range from here on.
    async fn ranges(&self, lba: u64) -> Vec<(u64, u32, ProvisioningStatus)> {
        let status = self.status(lba, 100, LbaReportType::ALL).await;
        status.ranges.iter().map(|range| (range.lba, range.blocks, range.status)).collect()
    }

    async fn end(self) {
        self.session.logout().await.unwrap();
        assert_eq!(self.running.report().violations, Vec::<String>::new());
        assert_eq!(self.running.report().panics, 0);
    }
}

fn blocks_of(byte: u8, count: usize) -> Vec<u8> {
    vec![byte; count * BLOCK]
}

const MISCOMPARE: (SenseKey, u8) = (SenseKey(0x0e), 0x1d);
const OUT_OF_RANGE: (SenseKey, u8) = (SenseKey::ILLEGAL_REQUEST, 0x21);
const INVALID_FIELD: (SenseKey, u8) = (SenseKey::ILLEGAL_REQUEST, 0x24);

#[tokio::test]
async fn what_each_form_of_write_wrote_each_form_of_read_reads() {
    let disk = Disk::new().await;
    let (dpo, fua, group) = (true, true, 3);
    let data = |byte| WriteData::from(blocks_of(byte, 2));
    disk.send(&Write6 { lba: ShortLba::new(10).unwrap(), blocks: 2, data: data(1) }).await;
    disk.send(&Write10 { lba: 12, blocks: 2, data: data(2), fua, group, ..Write10::default() }).await;
    disk.send(&Write12 { lba: 14, blocks: 2, data: data(3), dpo, ..Write12::default() }).await;
    disk.send(&Write16 { lba: 16, blocks: 2, data: data(4), dpo, fua, group, ..Write16::default() }).await;
    let expected = (1..=4).flat_map(|byte| blocks_of(byte, 2)).collect::<Vec<_>>();
    let block_size = BLOCK_SIZE;
    assert_eq!(disk.send(&Read6 { lba: ShortLba::new(10).unwrap(), blocks: 8, block_size }).await, expected);
    assert_eq!(
        disk.send(&Read10 { lba: 10, blocks: 8, block_size, fua, ..Read10::default() }).await,
        expected
    );
    assert_eq!(
        disk.send(&Read12 { lba: 10, blocks: 8, block_size, dpo, ..Read12::default() }).await,
        expected
    );
    let read = Read16 { lba: 10, blocks: 8, block_size, dpo, fua, group, ..Read16::default() };
    assert_eq!(disk.send(&read).await, expected);
    let all = Read6 { blocks: 0, block_size, ..Read6::default() };
    assert_eq!(disk.send(&all).await.len(), 256 * BLOCK);
    assert_eq!(disk.fails(&Read16 { protect: Protect::CHECKED, ..read }).await, INVALID_FIELD);
    disk.end().await;
}

#[tokio::test]
async fn what_the_other_writes_wrote_is_read() {
    let disk = Disk::new().await;
    let data = |byte| WriteData::from(blocks_of(byte, 2));
    let byte_check = true;
    disk.send(&WriteAndVerify10 { lba: 0, blocks: 2, data: data(1), ..WriteAndVerify10::default() }).await;
    disk.send(&WriteAndVerify12 {
        lba: 2,
        blocks: 2,
        data: data(2),
        byte_check,
        ..WriteAndVerify12::default()
    })
    .await;
    disk.send(&WriteAndVerify16 {
        lba: 4,
        blocks: 2,
        data: data(3),
        byte_check,
        ..WriteAndVerify16::default()
    })
    .await;
    let atomic = WriteAtomic16 { lba: 6, blocks: 2, data: data(4), fua: true, ..WriteAtomic16::default() };
    disk.send(&atomic).await;
    disk.send(&WriteAtomic16 { lba: 8, atomic_boundary: 1, data: data(8), ..atomic }).await;
    let bits = OrWrite16 { lba: 7, blocks: 2, data: data(0x61), ..OrWrite16::default() };
    disk.send(&bits).await;
    disk.send(&bits).await;
    let read = disk.read(0, 10).await;
    let found: Vec<_> = read.chunks_exact(BLOCK).map(|block| block[BLOCK - 1]).collect();
    assert_eq!(found, [1, 1, 2, 2, 3, 3, 4, 0x65, 0x69, 8]);
    disk.end().await;
}

#[tokio::test]
async fn verify_compares_with_nothing_with_all_blocks_and_with_one() {
    let disk = Disk::new().await;
    disk.write(8, blocks_of(7, 3)).await;
    let mut other = blocks_of(7, 3);
    other[BLOCK + 1] = 8;
    let (same, other) = (WriteData::from(blocks_of(7, 3)), WriteData::from(other));
    let one = |byte| VerifyData::SameBlock(blocks_of(byte, 1).into());
    for (data, lba, matches) in [
        (VerifyData::None, 8, true),
        (VerifyData::None, 0, true),
        (VerifyData::Blocks(same.clone()), 8, true),
        (VerifyData::Blocks(same), 7, false),
        (VerifyData::Blocks(other), 8, false),
        (one(7), 8, true),
        (one(7), 9, false),
        (one(8), 8, false),
    ] {
        let ten = Verify10 { lba, blocks: 3, data: data.clone(), ..Verify10::default() };
        let twelve = Verify12 { lba, blocks: 3, data: data.clone(), ..Verify12::default() };
        let sixteen = Verify16 { lba: lba.into(), blocks: 3, data, ..Verify16::default() };
        if matches {
            disk.send(&ten).await;
            disk.send(&twelve).await;
            disk.send(&sixteen).await;
        } else {
            assert_eq!(disk.fails(&ten).await, MISCOMPARE);
            assert_eq!(disk.fails(&twelve).await, MISCOMPARE);
            assert_eq!(disk.fails(&sixteen).await, MISCOMPARE);
        }
    }
    disk.end().await;
}

#[tokio::test]
async fn compare_and_write_writes_only_what_was_expected() {
    let disk = Disk::new().await;
    disk.write(8, blocks_of(1, 2)).await;
    let swap = |expected, byte| CompareAndWrite {
        lba: 8,
        blocks: 2,
        expected: blocks_of(expected, 2).into(),
        data: blocks_of(byte, 2).into(),
        ..CompareAndWrite::default()
    };
    assert_eq!(disk.fails(&swap(2, 3)).await, MISCOMPARE);
    assert_eq!(disk.read(8, 2).await, blocks_of(1, 2));
    disk.send(&swap(1, 2)).await;
    assert_eq!(disk.read(8, 2).await, blocks_of(2, 2));
    assert_eq!(disk.fails(&swap(1, 2)).await, MISCOMPARE);
    disk.end().await;
}

/// Sixteen sessions want the same block at once: one gets it.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_compare_and_write_one_succeeds() {
    let disk = Disk::new().await;
    let portal = disk.running.portal();
    let contenders = (1..=16).map(|byte| {
        tokio::spawn(async move {
            let session = log_in(portal).await.unwrap();
            let (expected, data) = (blocks_of(0, 1).into(), blocks_of(byte, 1).into());
            let swap = CompareAndWrite { blocks: 1, expected, data, ..CompareAndWrite::default() };
            let outcome = session.send(Lun::ZERO, &swap).await;
            session.logout().await.unwrap();
            (byte, outcome.is_ok())
        })
    });
    let contenders: Vec<_> = contenders.collect();
    let mut winners = Vec::new();
    for contender in contenders {
        let (byte, has_won) = contender.await.unwrap();
        winners.extend(has_won.then_some(byte));
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(disk.read(0, 1).await, blocks_of(winners[0], 1));
    disk.end().await;
}

#[tokio::test]
async fn write_same_writes_one_block_everywhere_and_zeros_without_data() {
    let disk = Disk::new().await;
    let block = WriteData::from(blocks_of(5, 1));
    disk.send(&WriteSame10 { lba: 0, blocks: 9, data: block.clone(), ..WriteSame10::default() }).await;
    let write = WriteSame16 { lba: 9, blocks: 9, data: Some(block), ..WriteSame16::default() };
    disk.send(&write).await;
    assert_eq!(disk.read(0, 18).await, blocks_of(5, 18));
    disk.send(&WriteSame16 { lba: 1, blocks: 16, data: None, ..WriteSame16::default() }).await;
    assert_eq!(disk.read(0, 18).await, [blocks_of(5, 1), blocks_of(0, 16), blocks_of(5, 1)].concat());
    assert_eq!(disk.ranges(0).await[0], (0, 18, ProvisioningStatus::MAPPED_OR_UNKNOWN));
    disk.send(&WriteSame16 { lba: BLOCKS - 3, blocks: 0, ..write.clone() }).await;
    assert_eq!(disk.read(BLOCKS - 4, 4).await, [blocks_of(0, 1), blocks_of(5, 3)].concat());
    let anchored = WriteSame16 { unmap: true, anchor: true, ..write };
    assert_eq!(disk.fails(&anchored).await, INVALID_FIELD);
    disk.end().await;
}
