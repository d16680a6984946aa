//! Third-party copies, from the disk to itself.

use iscsi_initiator::Error;
use iscsi_initiator::scsi::{
    BlockCopy, BlockRange, Command, CopyState, CscdDescriptor, ExtendedCopy, PopulateToken,
    ReceiveCopyOperatingParameters, ReceiveCopyStatus, ReceiveFailedSegmentDetails,
    ReceiveRodTokenInformation, RodToken, WriteUsingToken,
};

use super::outcome::{DONE, Outcome, answered};
use super::row::{Row, row};
use super::unit::{BLOCK_SIZE, BLOCKS, LBA, LENGTH, Unit, new};
use super::writes::changes;

/// The first block of the data that are copied to the range.
const SOURCE: u32 = 1024;
const LIST_ID: u8 = 7;

pub(super) fn rows() -> Vec<Row> {
    [copies(), tokens()].into_iter().flatten().collect()
}

fn copies() -> Vec<Row> {
    vec![
        row("", ReceiveCopyOperatingParameters, async |unit, command| {
            let parameters = unit.send(command).await?;
            Ok(answered(parameters.takes(0x02) && parameters.takes(0xe4)))
        }),
        row("blocks to blocks", ExtendedCopy::default(), async |unit, _| {
            let copy = copy(unit).await?;
            changes(unit, &copy, new()).await
        }),
        row("an empty list", ExtendedCopy::default(), async |unit, command| {
            unit.send(command).await.map(|()| DONE)
        }),
        row("after a copy", ReceiveCopyStatus { list_id: LIST_ID }, async |unit, command| {
            let copy = copy(unit).await?;
            unit.send(&copy).await?;
            Ok(answered(unit.send(command).await?.state == CopyState::COMPLETED))
        }),
        row("after a copy", ReceiveFailedSegmentDetails { list_id: LIST_ID }, async |unit, command| {
            let copy = copy(unit).await?;
            unit.send(&copy).await?;
            Ok(answered(unit.send(command).await?.is_none()))
        }),
    ]
}

fn tokens() -> Vec<Row> {
    let ranges = vec![BlockRange { lba: LBA.into(), blocks: BLOCKS.into() }];
    let zeros = WriteUsingToken { ranges: ranges.clone(), ..WriteUsingToken::new(RodToken::zeros()) };
    vec![
        row("", PopulateToken { list_id: 1, ranges, ..PopulateToken::default() }, sends),
        row("zeros", WriteUsingToken { list_id: 2, ..zeros }, async |unit, command| {
            changes(unit, command, vec![0; LENGTH]).await
        }),
        row("without an operation", ReceiveRodTokenInformation::new(3), async |unit, command| {
            unit.send(command).await.map(|_| "GOOD, although there was none")
        }),
    ]
}

async fn sends<C: Command<Answer = ()>>(unit: &Unit, command: &C) -> Outcome {
    unit.send(command).await.map(|()| DONE)
}

/// A copy of new data to the range, with the first designator of the disk that a descriptor can take: a NAA one if there is one.
async fn copy(unit: &Unit) -> Result<ExtendedCopy, Error> {
    let identification = unit.session.device_identification(unit.lun()).await?;
    let own = identification.designators.iter().filter(|known| known.association == 0);
    let own = own.filter(|known| known.bytes.len() <= CscdDescriptor::MAX_DESIGNATOR);
    let designator = own.max_by_key(|known| known.designator_type == 3).expect("the disk has a designator");
    let source = iscsi_initiator::scsi::write_blocks(SOURCE.into(), BLOCKS.into(), new());
    unit.session.execute(unit.lun(), source).await?;
    let segment = BlockCopy {
        source_lba: SOURCE.into(),
        destination_lba: LBA.into(),
        blocks: BLOCKS.into(),
        ..BlockCopy::default()
    };
    Ok(ExtendedCopy {
        list_id: LIST_ID,
        units: vec![CscdDescriptor::identification(designator, BLOCK_SIZE).unwrap()],
        segments: vec![segment.into()],
        ..ExtendedCopy::default()
    })
}
