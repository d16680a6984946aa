//! Discards, zeroes and the state of blocks.

use iscsi_initiator::{BlockDevice, Error, Overrides, Zeroing};
use iscsi_tests::ram_disk::LogicalUnit;

use super::*;

/// The sum of mapped bytes and of those known to be zeros.
async fn sums(device: &BlockDevice) -> (u64, u64) {
    let (end, mut at, mut mapped, mut zeros) = (device.capacity().bytes(), 0, 0, 0);
    while at < end {
        for part in device.block_status(at, end - at).await.unwrap() {
            assert!(part.offset == at && part.length > 0);
            at += part.length;
            mapped += if part.is_mapped { part.length } else { 0 };
            zeros += if part.reads_zeros { part.length } else { 0 };
        }
    }
    assert_eq!(at, end);
    (mapped, zeros)
}

#[tokio::test]
async fn discards_unmap_whole_blocks() {
    let disk = Disk::new(thin()).await;
    let end = BLOCKS * BLOCK;
    disk.device.write_at(0, pattern(end, 0)).await.unwrap();
    assert_eq!(sums(&disk.device).await, (end, 0));
    let before = disk.count();
    assert_eq!(disk.device.discard(100, 10 * BLOCK).await.unwrap(), 9 * BLOCK);
    assert_eq!(disk.device.discard(BLOCK - 1, BLOCK).await.unwrap(), 0);
    assert_eq!(disk.device.discard(end, 0).await.unwrap(), 0);
    assert!(matches!(disk.device.discard(1, end).await, Err(Error::InvalidArgument(_))));
    let commands = disk.commands_since(before);
    assert_eq!(commands.iter().map(|command| command.0).collect::<Vec<_>>(), [UNMAP]);
    assert_eq!(sums(&disk.device).await, (end - 9 * BLOCK, 9 * BLOCK));
    let mut model = pattern(end, 0);
    model[512..10 * 512].fill(0);
    assert!(disk.medium() == model);
    disk.end().await;
}

/// A list of the states of blocks that does not fit one answer is asked for piece by piece.
#[tokio::test]
async fn the_state_of_many_ranges_comes_in_pieces() {
    let disk = Disk::new(LogicalUnit { blocks: 8192, ..thin() }).await;
    for number in 0..1500 {
        disk.device.write_at(number * 2 * BLOCK, vec![1; 512]).await.unwrap();
    }
    let whole = 8192 * BLOCK;
    let first = disk.device.block_status(0, whole).await.unwrap();
    assert_eq!(first.len(), 1024);
    assert_eq!(first.last().map(|part| part.offset + part.length), Some(1024 * BLOCK));
    assert_eq!(sums(&disk.device).await, (1500 * BLOCK, whole - 1500 * BLOCK));
    // Parts of a range that begins and ends within blocks.
    let parts = disk.device.block_status(100, BLOCK).await.unwrap();
    let parts: Vec<_> = parts.iter().map(|part| (part.offset, part.length, part.reads_zeros)).collect();
    assert_eq!(parts, [(100, 412, false), (512, 100, true)]);
    assert_eq!(disk.device.block_status(0, 0).await.unwrap(), []);
    disk.end().await;
}

#[tokio::test]
async fn a_fully_provisioned_unit_discards_nothing_and_is_mapped() {
    let disk = Disk::new(LogicalUnit { is_thin: false, ..thin() }).await;
    let before = disk.count();
    assert_eq!(disk.device.discard(0, BLOCKS * BLOCK).await.unwrap(), 0);
    assert_eq!(disk.commands_since(before), []);
    assert_eq!(sums(&disk.device).await, (BLOCKS * BLOCK, 0));
    disk.end().await;
}

/// Fills a device, zeroes a range of any bytes, and compares. Returns the commands without those of parts of blocks.
async fn zeroed(disk: &Disk, range: std::ops::Range<u64>, zeroing: Zeroing) -> Vec<u8> {
    let mut model = pattern(BLOCKS * BLOCK, 3);
    disk.device.write_at(0, model.clone()).await.unwrap();
    let before = disk.count();
    disk.device.write_zeroes(range.start, range.end - range.start, zeroing).await.unwrap();
    let commands = disk.commands_since(before).into_iter();
    let whole = commands.filter(|(operation, ..)| ![0x28, COMPARE_AND_WRITE].contains(operation));
    let whole = whole.map(|(operation, ..)| operation).collect();
    model[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].fill(0);
    assert!(disk.medium() == model, "{range:?}");
    whole
}

#[tokio::test]
async fn zeroes_are_written_by_the_cheapest_command() {
    let all = || 5..BLOCKS * BLOCK - 7;
    let thin_disk = Disk::new(thin()).await;
    assert_eq!(zeroed(&thin_disk, all(), Zeroing::MayUnmap).await, [WRITE_SAME_16]);
    assert_eq!(sums(&thin_disk.device).await.0, 2 * BLOCK);
    assert_eq!(zeroed(&thin_disk, all(), Zeroing::KeepMapped).await, [WRITE_SAME_16]);
    assert_eq!(sums(&thin_disk.device).await.0, BLOCKS * BLOCK);
    // Less than a block.
    assert_eq!(zeroed(&thin_disk, 3..400, Zeroing::MayUnmap).await, []);
    assert_eq!(zeroed(&thin_disk, 400..600, Zeroing::MayUnmap).await, []);
    assert_eq!(zeroed(&thin_disk, 512..512, Zeroing::MayUnmap).await, []);
    thin_disk.end().await;
    let thick = Disk::new(LogicalUnit { is_thin: false, ..thin() }).await;
    assert_eq!(zeroed(&thick, all(), Zeroing::MayUnmap).await, [WRITE_SAME_16]);
    thick.end().await;
}

#[tokio::test]
async fn overrides_keep_commands_from_being_sent() {
    let mut overrides = Overrides::default();
    overrides.no_write_same = true;
    let disk = Disk::with(thin(), overrides).await;
    assert_eq!(zeroed(&disk, 512..BLOCKS * BLOCK, Zeroing::MayUnmap).await, [UNMAP]);
    // 2 MiB but one block, by 256 KiB.
    assert_eq!(zeroed(&disk, 512..BLOCKS * BLOCK, Zeroing::KeepMapped).await, [WRITE_10; 8]);
    disk.end().await;
    overrides.no_unmap = true;
    overrides.max_transfer_length = Some(128 << 10);
    let disk = Disk::with(thin(), overrides).await;
    assert_eq!(zeroed(&disk, 0..BLOCKS * BLOCK, Zeroing::MayUnmap).await, [WRITE_10; 16]);
    assert_eq!(disk.device.discard(0, BLOCK).await.unwrap(), 0);
    assert_eq!(disk.device.max_transfer_length(), 128 << 10);
    disk.end().await;
}

/// What a unit refuses is not tried twice, and the next way follows.
#[tokio::test]
async fn units_that_refuse_a_way_of_zeroing_get_the_next() {
    for (refused, is_mapped) in [
        (&[WRITE_SAME_16][..], false),
        (&[WRITE_SAME_16, WRITE_SAME_10], false),
        (&[WRITE_SAME_16, WRITE_SAME_10, UNMAP], true),
    ] {
        let (scripted, device) = without(thin(), refused).await;
        device.write_at(0, pattern(BLOCKS * BLOCK, 0)).await.unwrap();
        for _ in 0..2 {
            device.write_zeroes(0, BLOCKS * BLOCK, Zeroing::MayUnmap).await.unwrap();
            let data = device.read_at(0, 2 << 20).await.unwrap();
            assert!(data.iter().all(|byte| *byte == 0), "{refused:x?}");
            let mapped = if is_mapped { BLOCKS * BLOCK } else { 0 };
            assert_eq!(sums(&device).await.0, mapped, "{refused:x?}");
        }
        let tried = sent(&scripted, WRITE_SAME_16);
        assert_eq!(tried, 1, "{refused:x?}");
    }
}

/// A unit that does not tell which blocks are mapped has them written after an UNMAP.
#[tokio::test]
async fn an_unmap_that_cannot_be_checked_is_followed_by_zeros() {
    let (_scripted, device) = without(thin(), &[WRITE_SAME_16, WRITE_SAME_10, 0x9e]).await;
    device.write_at(0, pattern(BLOCKS * BLOCK, 0)).await.unwrap();
    device.write_zeroes(0, BLOCKS * BLOCK, Zeroing::MayUnmap).await.unwrap();
    let data = device.read_at(0, 2 << 20).await.unwrap();
    assert!(data.iter().all(|byte| *byte == 0));
}
