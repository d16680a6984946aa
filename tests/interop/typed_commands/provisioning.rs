//! WRITE SAME, UNMAP, GET LBA STATUS and SANITIZE.

use iscsi_initiator::scsi::{
    BlockRange, Command, GetLbaStatus, LbaReportType, LbaStatus, ProvisioningStatus, Read16, Sanitize,
    SanitizeOperation, SanitizeOverwrite, Unmap, UnmapList, WriteSame10, WriteSame16,
};

use super::outcome::{DONE, Outcome};
use super::row::{Row, row};
use super::unit::{BLOCK, BLOCK_SIZE, BLOCKS, LBA, LENGTH, Unit, block, old};
use super::writes::changes;

pub(super) fn rows() -> Vec<Row> {
    [same_blocks(), unmapped_blocks(), sanitized_units()].into_iter().flatten().collect()
}

fn same_blocks() -> Vec<Row> {
    let ten = WriteSame10 { lba: LBA, blocks: BLOCKS.into(), data: block().into(), ..WriteSame10::default() };
    let data = Some(block().into());
    let sixteen = WriteSame16 { lba: LBA.into(), blocks: BLOCKS.into(), data, ..WriteSame16::default() };
    let zeros = Some(vec![0; BLOCK].into());
    vec![
        row("", ten.clone(), async |unit, command| {
            changes(unit, command, block().repeat(BLOCKS.into())).await
        }),
        row("zeros, UNMAP", WriteSame10 { data: vec![0; BLOCK].into(), unmap: true, ..ten }, zeroes),
        row("", sixteen.clone(), async |unit, command| {
            changes(unit, command, block().repeat(BLOCKS.into())).await
        }),
        row("without data (NDOB)", WriteSame16 { data: None, ..sixteen.clone() }, zeroes),
        row("zeros, UNMAP", WriteSame16 { data: zeros, unmap: true, ..sixteen.clone() }, zeroes),
        row("without data, UNMAP", WriteSame16 { data: None, unmap: true, ..sixteen.clone() }, zeroes),
        row("anchored", WriteSame16 { data: None, unmap: true, anchor: true, ..sixteen }, zeroes),
    ]
}

fn unmapped_blocks() -> Vec<Row> {
    let status = GetLbaStatus { lba: LBA.into(), ranges: 16, report_type: LbaReportType::ALL };
    vec![
        row("", unmap(), zeroes),
        row("anchored", Unmap { anchor: true, ..unmap() }, zeroes),
        row("no range", Unmap::default(), async |unit, command| unit.send(command).await.map(|()| DONE)),
        row("after a write", status, async |unit, command| {
            unit.fill().await;
            Ok(state(&unit.send(command).await?))
        }),
        row("after UNMAP", status, async |unit, command| {
            unit.fill().await;
            unit.send(&unmap()).await?;
            Ok(state(&unit.send(command).await?))
        }),
    ]
}

/// UNMAP of the range.
fn unmap() -> Unmap {
    let range = BlockRange { lba: LBA.into(), blocks: BLOCKS.into() };
    Unmap { ranges: UnmapList::new(&[range]).unwrap(), ..Unmap::default() }
}

/// The state of the range, which the first descriptor begins with.
fn state(status: &LbaStatus) -> &'static str {
    match status.ranges.first() {
        Some(first) if first.lba != u64::from(LBA) => "GOOD, and another block",
        Some(first) if first.blocks < u32::from(BLOCKS) => "GOOD, in parts",
        Some(first) => match first.status {
            ProvisioningStatus::DEALLOCATED => "done: deallocated",
            ProvisioningStatus::MAPPED_OR_UNKNOWN => "done: mapped or unknown",
            _ => "done: another state",
        },
        None => "GOOD, and no block",
    }
}

fn sanitized_units() -> Vec<Row> {
    let pattern = SanitizeOverwrite::new(vec![0; BLOCK], 1).unwrap();
    let exit = Sanitize::new(SanitizeOperation::ExitFailureMode);
    vec![
        row("overwrite", Sanitize::new(SanitizeOperation::Overwrite(pattern)), erases),
        row("block erase", Sanitize::new(SanitizeOperation::BlockErase), erases),
        row("cryptographic erase", Sanitize::new(SanitizeOperation::CryptographicErase), erases),
        row("exit failure mode", exit, async |unit, command| unit.send(command).await.map(|()| DONE)),
    ]
}

/// The range no longer has the old data, or cannot be read.
async fn erases(unit: &Unit, command: &Sanitize) -> Outcome {
    unit.fill().await;
    unit.send(command).await?;
    let (lba, blocks, block_size) = (LBA.into(), BLOCKS.into(), BLOCK_SIZE);
    let data = unit.send(&Read16 { lba, blocks, block_size, ..Read16::default() }).await;
    Ok(if data.is_ok_and(|data| data == old()) { "GOOD, without an effect" } else { DONE })
}

/// The command leaves zeros in the range.
async fn zeroes<C: Command<Answer = ()>>(unit: &Unit, command: &C) -> Outcome {
    changes(unit, command, vec![0; LENGTH]).await
}
