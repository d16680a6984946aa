//! Reads of ranges that are longer than one command, or do not consist of whole blocks.

use std::collections::VecDeque;

use bytes::BytesMut;

use super::BlockDevice;
use super::reader::RangeReader;
use crate::error::Error;
use crate::handle::PendingCommand;

/// Reads whole blocks by several commands, each into its part of the buffer.
pub(super) async fn read_into(
    device: &BlockDevice,
    offset: u64,
    mut rest: BytesMut,
) -> Result<BytesMut, Error> {
    let block_size = device.block_size();
    let (mut lba, mut read) = (offset / block_size, BytesMut::new());
    let mut pending: VecDeque<PendingCommand> = VecDeque::new();
    while !rest.is_empty() || !pending.is_empty() {
        while !rest.is_empty() && device.may_send_another(pending.len()) {
            let blocks_left = rest.len() as u64 / block_size;
            let blocks = device.sizes.next(lba, blocks_left, device.sizes.per_command);
            let part = rest.split_to(blocks as usize * device.capacity.block_size as usize);
            pending.push_back(device.submit_read(lba, blocks, part).await?);
            lba += u64::from(blocks);
        }
        if let Some(first) = pending.pop_front() {
            // Parts of one buffer that lie side by side are joined without a copy.
            read.unsplit(device.complete(first).await?);
        }
    }
    Ok(read)
}

/// Reads a range of any bytes, and copies them.
pub(super) async fn copy_into(
    device: &BlockDevice,
    offset: u64,
    mut buffer: BytesMut,
) -> Result<BytesMut, Error> {
    let mut reader = RangeReader::new(device.clone(), offset, buffer.len() as u64);
    let mut rest = &mut buffer[..];
    while let Some(piece) = reader.next().await? {
        if let Some(place) = rest.split_off_mut(..piece.len()) {
            place.copy_from_slice(&piece);
        }
    }
    Ok(buffer)
}
