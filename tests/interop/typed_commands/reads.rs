//! Commands that read blocks, or compare them.

use bytes::Bytes;
use iscsi_initiator::Error;
use iscsi_initiator::scsi::{
    Command, DefectFormat, PreFetch10, PreFetch16, Read6, Read10, Read12, Read16, ReadCapacity10,
    ReadCapacity16, ReadDefectData10, ReadDefectData12, ShortLba, Verify10, Verify12, Verify16, VerifyData,
};

use super::outcome::{DONE, Outcome, answered};
use super::row::{Row, row};
use super::unit::{BLOCK, BLOCK_SIZE, BLOCKS, LBA, Unit, block, new, old};
use crate::scratch::SIZE;

pub(super) fn rows() -> Vec<Row> {
    [capacities(), reads(), verifications(), miscompares(), defects()].into_iter().flatten().collect()
}

fn capacities() -> Vec<Row> {
    const BLOCKS_OF_DISK: u64 = SIZE / BLOCK as u64;
    vec![
        row("", ReadCapacity10, async |unit, command| {
            let capacity = unit.send(command).await?;
            Ok(answered(capacity.is_some_and(|capacity| {
                (capacity.blocks, capacity.block_size) == (BLOCKS_OF_DISK, BLOCK_SIZE)
            })))
        }),
        row("", ReadCapacity16, async |unit, command| {
            let capacity = unit.send(command).await?.capacity;
            Ok(answered((capacity.blocks, capacity.block_size) == (BLOCKS_OF_DISK, BLOCK_SIZE)))
        }),
    ]
}

fn reads() -> Vec<Row> {
    let lba = ShortLba::new(LBA).unwrap();
    let ten = Read10 { lba: LBA, blocks: BLOCKS.into(), block_size: BLOCK_SIZE, ..Read10::default() };
    let sixteen =
        Read16 { lba: LBA.into(), blocks: BLOCKS.into(), block_size: BLOCK_SIZE, ..Read16::default() };
    let twelve = Read12 { lba: LBA, blocks: BLOCKS.into(), block_size: BLOCK_SIZE, ..Read12::default() };
    let sixteen_of_prefetch = PreFetch16 { lba: LBA.into(), blocks: BLOCKS.into(), ..PreFetch16::default() };
    vec![
        row("", Read6 { lba, blocks: BLOCKS, block_size: BLOCK_SIZE }, read),
        row("", ten, read),
        row("DPO and FUA", Read10 { dpo: true, fua: true, ..ten }, read),
        row("beyond the last block", Read10 { lba: u32::MAX, ..ten }, read),
        row("", twelve, read),
        row("", sixteen, read),
        row("DPO and FUA", Read16 { dpo: true, fua: true, ..sixteen }, read),
        row("beyond the last block", Read16 { lba: u64::MAX, ..sixteen }, read),
        row("", PreFetch10 { lba: LBA, blocks: BLOCKS.into(), ..PreFetch10::default() }, changes_nothing),
        row("", sixteen_of_prefetch, changes_nothing),
    ]
}

fn verifications() -> Vec<Row> {
    let ten = |data| Verify10 { lba: LBA, blocks: BLOCKS.into(), data, ..Verify10::default() };
    let twelve = |data| Verify12 { lba: LBA, blocks: BLOCKS.into(), data, ..Verify12::default() };
    let sixteen = |data| Verify16 { lba: LBA.into(), blocks: BLOCKS.into(), data, ..Verify16::default() };
    let equal = || VerifyData::Blocks(old().into());
    vec![
        row("of the medium", ten(VerifyData::None), changes_nothing),
        row("equal data", ten(equal()), changes_nothing),
        row("of the medium", twelve(VerifyData::None), changes_nothing),
        row("equal data", twelve(equal()), changes_nothing),
        row("of the medium", sixteen(VerifyData::None), changes_nothing),
        row("equal data", sixteen(equal()), changes_nothing),
    ]
}

/// Data that differ in the last byte, and one block that none of those on the medium is equal to.
fn miscompares() -> Vec<Row> {
    let mut last_differs = old();
    *last_differs.last_mut().unwrap() ^= 1;
    let unequal = || VerifyData::Blocks(last_differs.clone().into());
    let same_block = || VerifyData::SameBlock(block().into());
    let ten = |data| Verify10 { lba: LBA, blocks: BLOCKS.into(), data, ..Verify10::default() };
    let twelve = |data| Verify12 { lba: LBA, blocks: BLOCKS.into(), data, ..Verify12::default() };
    let sixteen = |data| Verify16 { lba: LBA.into(), blocks: BLOCKS.into(), data, ..Verify16::default() };
    vec![
        row("unequal data", ten(unequal()), miscompares_with),
        row("one block, unequal", ten(same_block()), miscompares_with),
        row("unequal data", twelve(unequal()), miscompares_with),
        row("unequal data", sixteen(unequal()), miscompares_with),
        row("one block, unequal", sixteen(same_block()), miscompares_with),
    ]
}

fn defects() -> Vec<Row> {
    let ten = ReadDefectData10 { grown: true, allocation_length: 4096, ..ReadDefectData10::default() };
    let format = DefectFormat::LONG_BLOCK;
    let twelve =
        ReadDefectData12 { grown: true, format, allocation_length: 4096, ..ReadDefectData12::default() };
    vec![
        row("", ten, async |unit, command| Ok(answered(unit.send(command).await?.length == 0))),
        row("", twelve, async |unit, command| Ok(answered(unit.send(command).await?.length == 0))),
    ]
}

/// A read returns the data of the range.
async fn read<C: Command<Answer = Bytes>>(unit: &Unit, command: &C) -> Outcome {
    unit.fill().await;
    let data = unit.send(command).await?;
    Ok(if data == old() { DONE } else { "GOOD, and wrong data" })
}

async fn changes_nothing<C: Command<Answer = ()>>(unit: &Unit, command: &C) -> Outcome {
    unit.fill().await;
    unit.send(command).await?;
    Ok(if unit.contents().await == old() { DONE } else { "GOOD, and changed data" })
}

/// A comparison with other data than those of the range fails, and changes nothing.
pub(super) async fn miscompares_with<C: Command<Answer = ()>>(unit: &Unit, command: &C) -> Outcome {
    unit.fill().await;
    let outcome = unit.send(command).await;
    if outcome.as_ref().is_ok() || outcome.as_ref().is_err_and(Error::leaves_session_open) {
        let found = unit.contents().await;
        assert!(found == old() || (outcome.is_ok() && found == new()), "{} writes other data", C::NAME);
        if outcome.is_ok() && found != old() {
            return Ok("GOOD, and written although the data differ");
        }
    }
    outcome.map(|()| "GOOD, although the data differ")
}
