use std::collections::BTreeSet;

use iscsi_initiator::scsi::{Capacity, Transfer};
use iscsi_initiator::{Lun, TaskManagement};

use super::{Action, BlockStamp, Extent, Operation, Workload};
use crate::world::Seed;

const BLOCK_SIZE: u32 = 512;
const DISK: Capacity = Capacity { blocks: 64, block_size: BLOCK_SIZE };
/// Negotiated lengths in blocks: a segment, the first burst, and a burst.
const SEGMENT: u32 = 1;
const FIRST_BURST: u32 = 2;
const MAX_BURST: u32 = 4;

fn workload(number: u64) -> Workload {
    Workload::new(DISK, Seed::new(number))
}

fn workloads() -> impl Iterator<Item = Workload> {
    (0..200).map(workload)
}

fn reads(workload: &Workload) -> Vec<Extent> {
    let read = |operation: &Operation| match operation.action {
        Action::Read(extent) => Some(extent),
        _ => None,
    };
    workload.operations().iter().filter_map(read).collect()
}

fn writes(workload: &Workload) -> Vec<Extent> {
    let write = |operation: &Operation| match operation.action {
        Action::Write { extent, .. } => Some(extent),
        _ => None,
    };
    workload.operations().iter().filter_map(write).collect()
}

#[test]
fn a_workload_has_72_operations_and_a_logout() {
    for workload in workloads() {
        let operations = workload.operations();
        assert_eq!(operations.len(), 73);
        assert!(operations.iter().map(|operation| operation.number).eq(1..=73));
        let logouts = operations.iter().filter(|operation| operation.action == Action::Logout);
        assert_eq!((logouts.count(), operations[72].action), (1, Action::Logout));
        let count = |action| operations.iter().filter(|operation| operation.action == action).count();
        let others = [
            Action::Flush,
            Action::SendTargets,
            Action::TestUnitReady,
            Action::Inquiry,
            Action::ReadCapacity10,
            Action::ReadCapacity16,
            Action::AbortTask,
            Action::AbortTaskSet,
            Action::ClearTaskSet,
            Action::QueryTaskSet,
            Action::ResetUnit,
            Action::Register,
        ];
        assert_eq!(others.map(count), [6, 3, 2, 1, 1, 1, 4, 1, 1, 1, 1, 2]);
        assert_eq!(operations.iter().filter(|operation| operation.ping().is_some()).count(), 2);
        assert_eq!((writes(&workload).len(), reads(&workload).len()), (24, 22));
    }
}

#[test]
fn one_seed_gives_the_same_workload_and_another_one_another() {
    assert_eq!(workload(5).operations(), workload(5).operations());
    assert_ne!(workload(5).operations(), workload(6).operations());
}

#[test]
fn extents_stay_on_the_disk() {
    for blocks in [1, 2, 15, 16, 17, 64, 1 << 33] {
        let disk = Capacity { blocks, ..DISK };
        let workload = Workload::new(disk, Seed::new(blocks));
        for extent in writes(&workload).into_iter().chain(reads(&workload)) {
            assert!(extent.blocks >= 1 && extent.lba + u64::from(extent.blocks) <= blocks, "{extent:?}");
        }
    }
}

/// Half of the transfers are placed among the first blocks, and some of the others get there.
#[test]
fn the_first_blocks_are_busy() {
    let workloads: Vec<_> = workloads().collect();
    let starts = workloads.iter().flat_map(|workload| [writes(workload), reads(workload)].concat());
    let starts: Vec<_> = starts.map(|extent| extent.lba).collect();
    let busy = starts.iter().filter(|lba| **lba <= 8).count();
    assert!((50..70).contains(&(100 * busy / starts.len())), "{busy} of {}", starts.len());
}

/// Transfers reach every block of the disk, and writes overlap other ones.
#[test]
fn extents_overlap() {
    let mut touched = BTreeSet::new();
    for workload in workloads() {
        let writes = writes(&workload);
        let overlaps = |(at, extent): (usize, &Extent)| {
            let others = writes.iter().enumerate().filter(|(other, _)| *other != at);
            let lbas: BTreeSet<_> = others.flat_map(|(_, other)| other.lbas()).collect();
            extent.lbas().any(|lba| lbas.contains(&lba))
        };
        let overlapping = writes.iter().enumerate().filter(|write| overlaps(*write)).count();
        assert!(overlapping >= 8, "{overlapping} overlapping writes");
        touched.extend(writes.iter().chain(&reads(&workload)).flat_map(|extent| extent.lbas()));
    }
    assert!(touched.into_iter().eq(0..64));
}

#[test]
fn some_writes_are_stable_and_most_are_not() {
    for workload in workloads() {
        let stable =
            |operation: &&Operation| matches!(operation.action, Action::Write { is_stable: true, .. });
        assert_eq!(workload.operations().iter().filter(stable).count(), 3);
    }
}

/// The parts of a write's data: segments in the command, segments without R2T, and R2Ts (RFC 7143, 4.2.5.2).
fn transfer(blocks: u32, immediate_data: bool, initial_r2t: bool) -> (u32, u32, u32) {
    let immediate = if immediate_data { blocks.min(SEGMENT) } else { 0 };
    let unsolicited = if initial_r2t { 0 } else { blocks.min(FIRST_BURST) - immediate };
    (immediate, unsolicited, (blocks - immediate - unsolicited).div_ceil(MAX_BURST))
}

#[test]
fn writes_have_bursts_of_every_kind() {
    let kinds = |immediate_data, initial_r2t| {
        let kind = move |write: Extent| transfer(write.blocks, immediate_data, initial_r2t);
        let several = |(immediate, unsolicited, r2ts): (u32, u32, u32)| (immediate, unsolicited, r2ts.min(2));
        let first: BTreeSet<_> = writes(&workload(0)).into_iter().map(kind).map(several).collect();
        for other in workloads() {
            let kinds: BTreeSet<_> = writes(&other).into_iter().map(kind).map(several).collect();
            assert_eq!(kinds, first);
        }
        first.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(kinds(true, false), [(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 1, 2)]);
    assert_eq!(kinds(true, true), [(1, 0, 0), (1, 0, 1), (1, 0, 2)]);
    assert_eq!(kinds(false, false), [(0, 1, 0), (0, 2, 0), (0, 2, 1), (0, 2, 2)]);
    assert_eq!(kinds(false, true), [(0, 0, 1), (0, 0, 2)]);
}

/// Data-In PDUs carry one block each; a sequence ends after a burst.
#[test]
fn reads_have_one_pdu_several_and_several_sequences() {
    for workload in workloads() {
        let lengths: BTreeSet<_> = reads(&workload).into_iter().map(|read| read.blocks).collect();
        assert!(
            lengths.is_superset(&BTreeSet::from([1, 2, MAX_BURST, MAX_BURST + 1, 4 * MAX_BURST])),
            "{lengths:?}"
        );
    }
}

#[test]
fn written_blocks_name_their_operation() {
    let workload = workload(1);
    let mut written = 0;
    for operation in workload.operations() {
        let (Action::Write { extent, is_stable }, Some(command)) =
            (operation.action, operation.command(BLOCK_SIZE))
        else {
            continue;
        };
        let Transfer::Write(data) = command.transfer else { panic!("{command:?}") };
        let stamps: Vec<_> =
            data.pieces()[0].chunks(512).map(|block| BlockStamp::read(block).unwrap().unwrap()).collect();
        let stamp = |lba| BlockStamp { operation: operation.number, lba };
        assert_eq!(stamps, extent.lbas().map(stamp).collect::<Vec<_>>());
        assert_eq!(command.cdb[1], if is_stable { 0x08 } else { 0 });
        assert_eq!(command.cdb[2..6], u32::try_from(extent.lba).unwrap().to_be_bytes());
        written += 1;
    }
    assert_eq!(written, 24);
}

#[test]
fn requests_are_commands_text_task_management_pings_or_the_logout() {
    let of = |action| Operation { number: 1, action };
    let name = |action| of(action).command(BLOCK_SIZE).map(|command| command.name);
    assert_eq!(name(Action::Read(Extent { lba: 3, blocks: 2 })), Some("READ (10)"));
    assert_eq!(name(Action::Flush), Some("SYNCHRONIZE CACHE (10)"));
    assert_eq!(name(Action::TestUnitReady), Some("TEST UNIT READY"));
    assert_eq!(name(Action::Inquiry), Some("INQUIRY"));
    assert_eq!(name(Action::ReadCapacity10), Some("READ CAPACITY (10)"));
    assert_eq!(name(Action::ReadCapacity16), Some("READ CAPACITY (16)"));
    assert_eq!((name(Action::SendTargets), name(Action::Logout)), (None, None));
    assert_eq!(of(Action::SendTargets).text().as_deref(), Some(b"SendTargets=\0".as_slice()));
    assert_eq!((of(Action::Flush).text(), of(Action::Logout).text()), (None, None));
    let function = |action| of(action).management(Lun::ZERO).map(TaskManagement::name);
    assert_eq!(function(Action::AbortTaskSet), Some("ABORT TASK SET"));
    assert_eq!(function(Action::ClearTaskSet), Some("CLEAR TASK SET"));
    assert_eq!(function(Action::QueryTaskSet), Some("QUERY TASK SET"));
    assert_eq!(function(Action::ResetUnit), Some("LOGICAL UNIT RESET"));
    assert_eq!((function(Action::AbortTask), function(Action::Flush)), (None, None));
    assert_eq!(of(Action::Ping { length: 3 }).ping().as_deref(), Some([0, 1, 2].as_slice()));
    assert_eq!(of(Action::Flush).ping(), None);
}
