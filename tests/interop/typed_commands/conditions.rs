//! Commands about the state of a unit, its log and its buffer.

use iscsi_initiator::Error;
use iscsi_initiator::scsi::{
    BufferMode, LogSense, MediumRemoval, PreventAllowMediumRemoval, ReadBuffer, ReadBufferDescriptor,
    RequestSense, SenseKey, StartStopUnit, TestUnitReady, WriteBuffer,
};

use super::outcome::{DONE, Outcome, answered};
use super::row::{Row, row};
use super::unit::{BLOCK, Unit, block};

pub(super) fn rows() -> Vec<Row> {
    [states(), logs(), buffers()].into_iter().flatten().collect()
}

fn states() -> Vec<Row> {
    let prevent = |prevent| PreventAllowMediumRemoval { prevent };
    let descriptors = RequestSense { descriptor_format: true, ..RequestSense::default() };
    let start = StartStopUnit { start: true, ..StartStopUnit::default() };
    vec![
        row("", TestUnitReady, async |unit, command| unit.send(command).await.map(|()| DONE)),
        row("", RequestSense::default(), no_sense),
        row("descriptor format", descriptors, no_sense),
        row("prevented", prevent(MediumRemoval::PREVENTED), async |unit, command| {
            let outcome = unit.send(command).await;
            // Whatever the target made of it, the medium is free for the others.
            let _ = unit.send(&PreventAllowMediumRemoval::default()).await;
            outcome.map(|()| DONE)
        }),
        row("allowed", prevent(MediumRemoval::ALLOWED), async |unit, command| {
            unit.send(command).await.map(|()| DONE)
        }),
        row("stop", StartStopUnit::default(), stop),
        row("start", start, async |unit, command| {
            unit.send(command).await?;
            unit.send(&TestUnitReady).await.map(|()| DONE)
        }),
    ]
}

async fn no_sense(unit: &Unit, command: &RequestSense) -> Outcome {
    let sense = unit.send(command).await?;
    Ok(answered((sense.key, sense.asc, sense.ascq) == (SenseKey::NO_SENSE, 0, 0)))
}

/// A unit that has been stopped is not ready, until it is started.
async fn stop(unit: &Unit, command: &StartStopUnit) -> Outcome {
    unit.send(command).await?;
    let state = unit.send(&TestUnitReady).await;
    unit.send(&StartStopUnit { start: true, ..StartStopUnit::default() }).await?;
    match state {
        Ok(()) => Ok("done; the unit is still ready"),
        Err(Error::Command { sense: Some(sense), .. }) if sense.key == SenseKey::NOT_READY => Ok(DONE),
        Err(error) => Err(error),
    }
}

fn logs() -> Vec<Row> {
    let subpages = LogSense { subpage: 0xff, ..LogSense::default() };
    vec![
        row("list of pages", LogSense::default(), async |unit, command| {
            Ok(answered(unit.send(command).await?.page_codes().contains(&0)))
        }),
        row("list of subpages", subpages, async |unit, command| {
            Ok(answered(unit.send(command).await?.subpage_codes().contains(&(0, 0))))
        }),
    ]
}

fn buffers() -> Vec<Row> {
    let read = |mode| ReadBuffer { mode, allocation_length: 512, ..ReadBuffer::default() };
    vec![
        row("descriptor", ReadBufferDescriptor::default(), async |unit, command| {
            unit.send(command).await.map(|_| DONE)
        }),
        row("", WriteBuffer::new(BufferMode::DATA, block()), round_trip),
        row("echo", WriteBuffer::new(BufferMode::ECHO, block()), round_trip),
        row("", read(BufferMode::DATA), async |unit, command| unit.send(command).await.map(|_| DONE)),
        row("echo", read(BufferMode::ECHO), async |unit, command| unit.send(command).await.map(|_| DONE)),
    ]
}

/// READ BUFFER returns what WRITE BUFFER has written.
async fn round_trip(unit: &Unit, command: &WriteBuffer) -> Outcome {
    unit.send(command).await?;
    let allocation_length = u32::try_from(BLOCK).unwrap();
    let read = ReadBuffer { mode: command.mode, allocation_length, ..ReadBuffer::default() };
    Ok(answered(unit.send(&read).await? == block()))
}
