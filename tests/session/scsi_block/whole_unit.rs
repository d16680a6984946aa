//! Commands about the blocks of a unit as a whole: their provisioning, its cache, its size, its defects.

use super::*;

#[tokio::test]
async fn unmapped_blocks_are_reported_and_read_as_zeros() {
    const MAPPED: ProvisioningStatus = ProvisioningStatus::MAPPED_OR_UNKNOWN;
    const DEALLOCATED: ProvisioningStatus = ProvisioningStatus::DEALLOCATED;
    let disk = Disk::new().await;
    assert_eq!(disk.ranges(0).await, [(0, 1024, DEALLOCATED)]);
    disk.write(100, blocks_of(9, 100)).await;
    assert_eq!(disk.ranges(50).await, [(50, 50, DEALLOCATED), (100, 100, MAPPED), (200, 824, DEALLOCATED)]);
    let ranges = [BlockRange { lba: 110, blocks: 10 }, BlockRange { lba: 130, blocks: 1 }];
    let ranges = UnmapList::new(&ranges).unwrap();
    disk.send(&Unmap { ranges, ..Unmap::default() }).await;
    let unmap = WriteSame16 { lba: 199, blocks: 1, unmap: true, ..WriteSame16::default() };
    disk.send(&unmap).await;
    let zeros = WriteData::from(blocks_of(0, 1));
    let lba = 198;
    disk.send(&WriteSame10 { lba, blocks: 1, unmap: true, data: zeros, ..WriteSame10::default() }).await;
    let expected = [
        (105, 5, MAPPED),
        (110, 10, DEALLOCATED),
        (120, 10, MAPPED),
        (130, 1, DEALLOCATED),
        (131, 67, MAPPED),
        (198, 826, DEALLOCATED),
    ];
    assert_eq!(disk.ranges(105).await, expected);
    let read = disk.read(109, 12).await;
    assert_eq!(read, [blocks_of(9, 1), blocks_of(0, 10), blocks_of(9, 1)].concat());
    disk.end().await;
}

#[tokio::test]
async fn lists_of_statuses_end_by_their_length_and_have_what_was_asked_for() {
    let disk = Disk::new().await;
    for lba in [10, 20, 30] {
        disk.write(lba, blocks_of(1, 1)).await;
    }
    let all = disk.status(0, 100, LbaReportType::ALL).await;
    assert_eq!((all.ranges.len(), all.completion_condition, all.is_report_type_processed), (7, 3, true));
    let some = disk.status(0, 6, LbaReportType::ALL).await;
    assert_eq!((&some.ranges[..], some.completion_condition), (&all.ranges[..6], 1));
    assert_eq!(disk.status(0, 0, LbaReportType::ALL).await.ranges, []);
    for (report_type, count) in [
        (LbaReportType::KNOWN, 4),
        (LbaReportType::MAPPED, 3),
        (LbaReportType::DEALLOCATED, 4),
        (LbaReportType::ANCHORED, 0),
        (LbaReportType::UNREADABLE, 0),
    ] {
        assert_eq!(disk.status(0, 100, report_type).await.ranges.len(), count, "{report_type:?}");
    }
    let unknown = GetLbaStatus { lba: 0, ranges: 1, report_type: LbaReportType(0x20) };
    assert_eq!(disk.fails(&unknown).await, INVALID_FIELD);
    disk.end().await;
}

#[tokio::test]
async fn what_was_synchronized_survives_a_loss_of_power() {
    let disk = Disk::new().await;
    disk.write(0, blocks_of(1, 4)).await;
    disk.send(&SynchronizeCache10 { lba: 0, blocks: 1, ..SynchronizeCache10::default() }).await;
    disk.send(&SynchronizeCache16 { lba: 2, blocks: 1, immediate: true, ..SynchronizeCache16::default() })
        .await;
    let medium = || disk.running.read_medium(&crate::stage::target_name(), 0, 0, 4 * BLOCK).unwrap();
    assert_eq!(medium(), blocks_of(1, 4));
    disk.running.with_engine(|engine| engine.restart(Duration::from_secs(1)));
    let expected = [blocks_of(1, 1), blocks_of(0, 1), blocks_of(1, 1), blocks_of(0, 1)].concat();
    assert_eq!(medium(), expected);
}

#[tokio::test]
async fn pre_fetch_meets_its_condition() {
    let disk = Disk::new().await;
    disk.send(&PreFetch10 { lba: 4, blocks: 0, ..PreFetch10::default() }).await;
    disk.send(&PreFetch16 { lba: 4, blocks: 9, immediate: true, ..PreFetch16::default() }).await;
    let fetch = PreFetch16 { lba: 4, blocks: 9, ..PreFetch16::default() };
    let completion = disk.session.execute(Lun::ZERO, RawCommand::of(&fetch)).await.unwrap();
    assert_eq!(completion.status, ScsiStatus::CONDITION_MET);
    assert_eq!(disk.fails(&PreFetch16 { lba: BLOCKS, ..fetch }).await, OUT_OF_RANGE);
    disk.end().await;
}

#[tokio::test]
async fn both_forms_report_the_capacity() {
    let disk = Disk::new().await;
    let capacity = Capacity { blocks: BLOCKS, block_size: BLOCK_SIZE };
    assert_eq!(disk.send(&ReadCapacity10).await, Some(capacity));
    let unit = disk.send(&ReadCapacity16).await;
    assert_eq!((unit.capacity, unit.is_provisioned, unit.reads_zeros), (capacity, true, true));
    assert_eq!((unit.protection_type, unit.physical_block_exponent), (None, 0));
    disk.end().await;
}

#[tokio::test]
async fn sanitizing_leaves_the_pattern_or_zeros() {
    let disk = Disk::new().await;
    let overwrite = |count, invert| {
        let mut overwrite = SanitizeOverwrite::new(vec![0x0f, 0xf1, 0x1f], count).unwrap();
        overwrite.invert = invert;
        Sanitize::new(SanitizeOperation::Overwrite(overwrite))
    };
    for (count, invert, first) in [
        (1, false, [0x0f, 0xf1, 0x1f, 0x0f]),
        (1, true, [0x0f, 0xf1, 0x1f, 0x0f]),
        (2, true, [0xf0, 0x0e, 0xe0, 0xf0]),
    ] {
        disk.send(&overwrite(count, invert)).await;
        let all = disk.read(0, 1024).await;
        assert!(all.chunks_exact(BLOCK).all(|block| block[..4] == first), "{count} {invert}");
    }
    for operation in [SanitizeOperation::BlockErase, SanitizeOperation::CryptographicErase] {
        disk.write(3, blocks_of(1, 1)).await;
        disk.send(&Sanitize { immediate: true, ..Sanitize::new(operation) }).await;
        assert_eq!(disk.read(0, 1024).await, blocks_of(0, 1024));
    }
    disk.send(&Sanitize::new(SanitizeOperation::ExitFailureMode)).await;
    disk.end().await;
}

#[tokio::test]
async fn a_medium_in_memory_has_no_defects() {
    let disk = Disk::new().await;
    let format = DefectFormat::LONG_BLOCK;
    let ten = ReadDefectData10 { primary: true, grown: false, format, allocation_length: 100 };
    let list = disk.send(&ten).await;
    assert_eq!((list.primary, list.grown, list.format, list.length), (true, false, format, 0));
    let twelve = ReadDefectData12 { grown: true, format, allocation_length: 100, ..Default::default() };
    let list = disk.send(&twelve).await;
    assert_eq!((list.primary, list.grown, list.format), (false, true, format));
    assert_eq!((list.generation, list.records().count()), (Some(0), 0));
    disk.end().await;
}

#[tokio::test]
async fn nothing_reaches_beyond_the_end_of_the_unit() {
    let disk = Disk::new().await;
    let (lba, short) = (BLOCKS - 1, u32::try_from(BLOCKS).unwrap() - 1);
    let data = || WriteData::from(blocks_of(1, 2));
    let block_size = BLOCK_SIZE;
    assert_eq!(
        disk.fails(&Read10 { lba: short, blocks: 2, block_size, ..Read10::default() }).await,
        OUT_OF_RANGE
    );
    assert_eq!(
        disk.fails(&Read16 { lba: u64::MAX, blocks: 2, block_size, ..Read16::default() }).await,
        OUT_OF_RANGE
    );
    assert_eq!(
        disk.fails(&Write12 { lba: short, blocks: 2, data: data(), ..Write12::default() }).await,
        OUT_OF_RANGE
    );
    let verify = Verify16 { lba, blocks: 2, data: VerifyData::Blocks(data()), ..Verify16::default() };
    assert_eq!(disk.fails(&verify).await, OUT_OF_RANGE);
    let compare = CompareAndWrite { lba, blocks: 2, expected: data(), data: data(), ..Default::default() };
    assert_eq!(disk.fails(&compare).await, OUT_OF_RANGE);
    assert_eq!(
        disk.fails(&OrWrite16 { lba, blocks: 2, data: data(), ..Default::default() }).await,
        OUT_OF_RANGE
    );
    assert_eq!(
        disk.fails(&WriteAtomic16 { lba, blocks: 2, data: data(), ..Default::default() }).await,
        OUT_OF_RANGE
    );
    assert_eq!(disk.fails(&WriteSame16 { lba, blocks: 2, ..Default::default() }).await, OUT_OF_RANGE);
    let ranges = UnmapList::new(&[BlockRange { lba: 0, blocks: 1 }, BlockRange { lba, blocks: 2 }]).unwrap();
    assert_eq!(disk.fails(&Unmap { ranges, ..Unmap::default() }).await, OUT_OF_RANGE);
    let status = GetLbaStatus { lba: BLOCKS, ranges: 1, ..GetLbaStatus::default() };
    assert_eq!(disk.fails(&status).await, OUT_OF_RANGE);
    assert_eq!(disk.read(0, 1024).await, blocks_of(0, 1024));
    disk.end().await;
}
