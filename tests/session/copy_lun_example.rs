//! The example `copy_lun` of the library, from one unit of the RAM disk to another one.

use std::time::Duration;

use iscsi_initiator::Lun;
use iscsi_tests::ram_disk::{Execution, LogicalUnit, RamDisk, Running};

use crate::copy_lun::copy;
use crate::stage::{open_config, target_name};

const BLOCK: u64 = 512;
/// 10 MiB, 40 pieces.
const BLOCKS: u64 = 20_480;

const READ_10: u8 = 0x28;
const SYNCHRONIZE_CACHE_10: u8 = 0x35;

/// A source and a destination, both thin and of zeros.
async fn two_units() -> Running {
    let mut config = open_config();
    let unit = |number| LogicalUnit { number, blocks: BLOCKS, is_thin: true, ..LogicalUnit::default() };
    config.targets[0].units = vec![unit(0), unit(1)];
    RamDisk::serve(config).await.unwrap()
}

fn write(running: &Running, unit: u16, offset: u64, data: &[u8]) {
    running.with_engine(|engine| engine.write_for_another(&target_name(), unit, offset, data));
}

fn medium(running: &Running, unit: u16) -> Vec<u8> {
    let length = usize::try_from(BLOCKS * BLOCK).unwrap();
    running.read_medium(&target_name(), unit, 0, length).unwrap()
}

fn urls(running: &Running) -> Vec<String> {
    let url = |unit| format!("iscsi://{}/{}/{unit}", running.portal(), target_name());
    vec![url(0), url(1)]
}

fn executions(running: &Running, operation: u8) -> Vec<Execution> {
    let all = running.with_engine(|engine| engine.executions().to_vec());
    all.into_iter().filter(|done| done.operation == operation).collect()
}

/// Three parts are mapped: at the beginning, in the middle, and one that is longer than a piece.
#[tokio::test]
async fn the_example_copies_what_is_mapped_and_zeroes_the_rest() {
    let running = two_units().await;
    write(&running, 1, 0, &vec![0xff; usize::try_from(BLOCKS * BLOCK).unwrap()]);
    let parts = [(0, 1), (1000, 7), (10_000, 2000)];
    for (seed, (lba, blocks)) in (1..).zip(parts) {
        write(&running, 0, lba * BLOCK, &vec![seed; usize::try_from(blocks * BLOCK).unwrap()]);
    }
    assert_eq!(copy(urls(&running)).await.unwrap(), 2008 * BLOCK);
    assert!(medium(&running, 1) == medium(&running, 0));
    let is_mapped = |done: &Execution| {
        parts.iter().any(|(lba, blocks)| *lba <= done.lba && done.lba + done.blocks <= lba + blocks)
    };
    let reads = executions(&running, READ_10);
    assert!(reads.iter().all(is_mapped), "{reads:?}");
    assert_eq!(reads.iter().map(|read| read.blocks).sum::<u64>(), 2008);
    let last = running.with_engine(|engine| *engine.executions().last().unwrap());
    assert_eq!((last.operation, last.lun), (SYNCHRONIZE_CACHE_10, Lun::from_number(1).unwrap()));
    let report = running.report();
    assert_eq!((report.logouts, report.violations), (2, Vec::new()));
}

/// Each READ takes a second: the first 32 have arrived when the first one ends, and the next one comes after it.
#[tokio::test]
async fn the_example_has_32_commands_in_flight() {
    const TIME: Duration = Duration::from_secs(1);
    let running = two_units().await;
    write(&running, 0, 0, &vec![7; usize::try_from(BLOCKS * BLOCK).unwrap()]);
    running.with_engine(|engine| engine.set_service_time(READ_10, TIME));
    assert_eq!(copy(urls(&running)).await.unwrap(), BLOCKS * BLOCK);
    let times: Vec<_> = executions(&running, READ_10).iter().map(|read| read.time).collect();
    assert_eq!(times.len(), 40);
    assert!(times[31] < times[0] + TIME, "{times:?}");
    assert!(times[32] >= times[0] + TIME, "{times:?}");
    assert!(medium(&running, 1) == medium(&running, 0));
}

#[tokio::test]
async fn the_example_needs_two_urls() {
    for arguments in [vec![], vec!["iscsi://127.0.0.1/iqn.2001-04.com.example:disk/0".to_owned()]] {
        assert_eq!(copy(arguments).await.unwrap_err().to_string(), "two URLs are needed");
    }
}
