//! Commands that write blocks.

use iscsi_initiator::Error;
use iscsi_initiator::scsi::{
    Command, CompareAndWrite, OrWrite16, ShortLba, SynchronizeCache10, SynchronizeCache16, Write6, Write10,
    Write12, Write16, WriteAndVerify10, WriteAndVerify12, WriteAndVerify16, WriteAtomic16,
};

use super::outcome::Outcome;
use super::reads::miscompares_with;
use super::row::{Row, row};
use super::unit::{BLOCKS, LBA, Unit, new, old};

pub(super) fn rows() -> Vec<Row> {
    [writes(), verified_writes(), compared_writes(), flushes()].into_iter().flatten().collect()
}

fn writes() -> Vec<Row> {
    let ten = Write10 { lba: LBA, blocks: BLOCKS.into(), data: new().into(), ..Write10::default() };
    let twelve = Write12 { lba: LBA, blocks: BLOCKS.into(), data: new().into(), ..Write12::default() };
    let sixteen =
        Write16 { lba: LBA.into(), blocks: BLOCKS.into(), data: new().into(), ..Write16::default() };
    let atomic = WriteAtomic16 {
        lba: LBA.into(),
        blocks: BLOCKS.into(),
        data: new().into(),
        ..WriteAtomic16::default()
    };
    vec![
        row(
            "",
            Write6 { lba: ShortLba::new(LBA).unwrap(), blocks: BLOCKS, data: new().into() },
            writes_new_data,
        ),
        row("DPO and FUA", Write10 { dpo: true, fua: true, ..ten.clone() }, writes_new_data),
        row("beyond the last block", Write10 { lba: u32::MAX, ..ten.clone() }, writes_new_data),
        row("", ten, writes_new_data),
        row("", twelve, writes_new_data),
        row("DPO and FUA", Write16 { dpo: true, fua: true, ..sixteen.clone() }, writes_new_data),
        row("beyond the last block", Write16 { lba: u64::MAX, ..sixteen.clone() }, writes_new_data),
        row("", sixteen, writes_new_data),
        row("", atomic, writes_new_data),
    ]
}

fn verified_writes() -> Vec<Row> {
    let blocks = BLOCKS.into();
    let ten = WriteAndVerify10 { lba: LBA, blocks, data: new().into(), ..WriteAndVerify10::default() };
    let blocks = BLOCKS.into();
    let twelve = WriteAndVerify12 { lba: LBA, blocks, data: new().into(), ..WriteAndVerify12::default() };
    let sixteen = WriteAndVerify16 {
        lba: LBA.into(),
        blocks: BLOCKS.into(),
        data: new().into(),
        ..WriteAndVerify16::default()
    };
    vec![
        row("data compared", WriteAndVerify10 { byte_check: true, ..ten.clone() }, writes_new_data),
        row("", ten, writes_new_data),
        row("data compared", WriteAndVerify12 { byte_check: true, ..twelve.clone() }, writes_new_data),
        row("", twelve, writes_new_data),
        row("data compared", WriteAndVerify16 { byte_check: true, ..sixteen.clone() }, writes_new_data),
        row("", sixteen, writes_new_data),
    ]
}

/// Writes whose result depends on the old data.
fn compared_writes() -> Vec<Row> {
    let (lba, blocks) = (LBA.into(), BLOCKS.into());
    let or = OrWrite16 { lba, blocks, data: new().into(), ..OrWrite16::default() };
    let compare = |expected: Vec<u8>| CompareAndWrite {
        lba: LBA.into(),
        blocks: 1,
        expected: expected[..512].to_vec().into(),
        data: new()[..512].to_vec().into(),
        ..CompareAndWrite::default()
    };
    vec![
        row("", or, async |unit, command| {
            changes(unit, command, old().iter().zip(new()).map(|(old, new)| old | new).collect()).await
        }),
        row("equal data", compare(old()), async |unit, command| {
            changes(unit, command, [&new()[..512], &old()[512..]].concat()).await
        }),
        row("unequal data", compare(new()), miscompares_with),
    ]
}

fn flushes() -> Vec<Row> {
    let (lba, blocks) = (LBA.into(), BLOCKS.into());
    let some = SynchronizeCache10 { lba: LBA, blocks: BLOCKS.into(), ..SynchronizeCache10::default() };
    vec![
        row("", some, keeps_data),
        row("all blocks", SynchronizeCache10::default(), keeps_data),
        row("IMMED", SynchronizeCache10 { immediate: true, ..some }, keeps_data),
        row("", SynchronizeCache16 { lba, blocks, ..SynchronizeCache16::default() }, keeps_data),
    ]
}

/// The command leaves the new data in the range.
async fn writes_new_data<C: Command<Answer = ()>>(unit: &Unit, command: &C) -> Outcome {
    changes(unit, command, new()).await
}

/// The command leaves the old data in the range.
async fn keeps_data<C: Command<Answer = ()>>(unit: &Unit, command: &C) -> Outcome {
    changes(unit, command, old()).await
}

/// The command leaves these data in the range. One that fails changes nothing.
pub(super) async fn changes<C: Command<Answer = ()>>(unit: &Unit, command: &C, expected: Vec<u8>) -> Outcome {
    unit.fill().await;
    match unit.send(command).await {
        Ok(()) => unit.holds(&expected).await,
        Err(error) => {
            let is_unchanged = !error.leaves_session_open() || unit.contents().await == old();
            assert!(is_unchanged, "{} fails, and changes data: {error}", C::NAME);
            Err::<_, Error>(error)
        }
    }
}
