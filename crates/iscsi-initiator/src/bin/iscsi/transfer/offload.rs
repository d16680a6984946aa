//! Copies that the target carries out by itself: EXTENDED COPY between two of its units.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use clap::ValueEnum;
use iscsi_initiator::scsi::{
    BlockCopy, CopyOperatingParameters, CscdDescriptor, Designator, ExtendedCopy, ListIdUsage,
    ReceiveCopyOperatingParameters,
};
use iscsi_initiator::{BlockDevice, Error, Lun, Session};
use tokio::sync::Semaphore;

use super::PIECE_LENGTH;
use crate::failure::Failure;
use crate::messages::note;

/// `--offload`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Offloading {
    /// If both units are of one target that supports it
    Auto,
    /// Never
    Never,
    /// Always; otherwise the copy fails
    Always,
}

/// The most bytes of one command: the target copies them within the time limit of a command.
const MOST_BYTES: u64 = 32 << 20;
/// The most commands at a time.
const MOST_COPIES: u16 = 4;
/// The types of descriptors that are sent: blocks to blocks, and identification.
const DESCRIPTORS: [u8; 2] = [0x02, 0xe4];

/// A target that copies between two of its units.
pub(crate) struct Offload {
    session: Session,
    /// The unit that the commands are sent to.
    lun: Lun,
    units: [CscdDescriptor; 2],
    block_size: u64,
    piece_length: u64,
    usage: ListIdUsage,
    /// The next list identifier.
    list_id: AtomicU8,
    /// Commands that may be under way.
    places: Semaphore,
    /// Whether the copy fails if the target does not carry it out.
    is_required: bool,
    /// Whether the target has refused.
    is_refused: AtomicBool,
}

impl Offload {
    /// Asks the target. The error is the reason why it cannot copy between the units.
    ///
    /// # Cancel safety
    /// When the future is dropped, nothing has changed.
    pub(crate) async fn between(
        session: &Session,
        units: [(&BlockDevice, Lun); 2],
        is_required: bool,
    ) -> Result<Result<Self, &'static str>, Failure> {
        let [(source, source_lun), (destination, lun)] = units;
        let block_size = destination.capacity().block_size;
        if source.capacity().block_size != block_size {
            return Ok(Err("the block sizes of the units differ"));
        }
        let Some(parameters) = answer(session.send(lun, &ReceiveCopyOperatingParameters).await)? else {
            return Ok(Err("the target does not support EXTENDED COPY"));
        };
        if DESCRIPTORS.iter().any(|kind| !parameters.takes(*kind)) {
            return Ok(Err("the target does not copy blocks to blocks of units named by identification"));
        }
        let first = descriptor(session, source_lun, block_size).await?;
        let second = descriptor(session, lun, block_size).await?;
        let (Some(first), Some(second)) = (first, second) else {
            return Ok(Err("a unit has no designator that EXTENDED COPY can name"));
        };
        let Some(piece_length) = piece_length(&parameters, block_size.into()) else {
            return Ok(Err("the segments of the target's EXTENDED COPY are shorter than 512 KiB"));
        };
        let usage = if parameters.supports_no_list_id { ListIdUsage::None } else { ListIdUsage::Discard };
        Ok(Ok(Self {
            session: session.clone(),
            lun,
            units: [first, second],
            block_size: block_size.into(),
            piece_length,
            usage,
            list_id: AtomicU8::new(1),
            places: Semaphore::new(places(&parameters).into()),
            is_required,
            is_refused: AtomicBool::new(false),
        }))
    }

    /// The bytes of each command.
    pub(crate) const fn piece_length(&self) -> u64 {
        self.piece_length
    }

    /// Has a range copied. `false` if it has to be read and written.
    ///
    /// # Cancel safety
    /// When the future is dropped, any part of the range may be written.
    pub(crate) async fn copy(&self, from: u64, to: u64, length: u64) -> Result<bool, Failure> {
        let is_whole = [from, to, length].iter().all(|bytes| bytes.is_multiple_of(self.block_size));
        let blocks = u16::try_from(length / self.block_size).ok().filter(|_| is_whole);
        let Some(blocks) = blocks.filter(|_| !self.is_refused.load(Ordering::Relaxed)) else {
            return Ok(false);
        };
        let segment = BlockCopy {
            source: 0,
            destination: 1,
            source_lba: from / self.block_size,
            destination_lba: to / self.block_size,
            blocks,
            ..BlockCopy::default()
        };
        let list_id = match self.usage {
            ListIdUsage::None => 0,
            _ => self.list_id.fetch_add(1, Ordering::Relaxed),
        };
        let command = ExtendedCopy {
            list_id,
            list_id_usage: self.usage,
            units: self.units.to_vec(),
            segments: vec![segment.into()],
            ..ExtendedCopy::default()
        };
        let _place = self.places.acquire().await;
        self.carried_out(self.session.send(self.lun, &command).await)
    }

    /// Whether the target has carried a copy out. After the first one that it refuses, it is asked for no other.
    fn carried_out(&self, outcome: Result<(), Error>) -> Result<bool, Failure> {
        match outcome {
            Ok(()) => Ok(true),
            Err(error @ (Error::Command { .. } | Error::TargetFailure { .. })) if !self.is_required => {
                if !self.is_refused.swap(true, Ordering::Relaxed) {
                    note(&format!("{error}; the data are read and written instead"));
                }
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The answer to a question that a target may not know.
fn answer<T>(outcome: Result<T, Error>) -> Result<Option<T>, Failure> {
    match outcome {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.leaves_session_open() => {
            tracing::debug!(%error, "no answer");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A description of the unit, by a name that is unique in the world.
async fn descriptor(session: &Session, lun: Lun, block_size: u32) -> Result<Option<CscdDescriptor>, Failure> {
    let page = answer(session.device_identification(lun).await)?.unwrap_or_default();
    // Of an NAA name and an EUI-64, the former.
    let of_type = |kind| {
        page.designators.iter().find(move |name| name.association == 0 && name.designator_type == kind)
    };
    let named = |name: &Designator| CscdDescriptor::identification(name, block_size);
    Ok([3, 2].into_iter().filter_map(of_type).find_map(named))
}

/// The bytes of one command: whole pieces, so that each begins at a block boundary. `None` for less than one.
fn piece_length(parameters: &CopyOperatingParameters, block_size: u64) -> Option<u64> {
    let stated = match parameters.max_segment_length {
        0 => u64::MAX,
        stated => stated.into(),
    };
    let most = stated.min(MOST_BYTES).min(u64::from(u16::MAX) * block_size);
    Some(most / PIECE_LENGTH * PIECE_LENGTH).filter(|length| *length > 0)
}

fn places(parameters: &CopyOperatingParameters) -> u16 {
    let stated = [parameters.total_concurrent_copies, parameters.max_concurrent_copies.into()];
    stated.into_iter().filter(|most| *most > 0).fold(MOST_COPIES, u16::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(max_segment_length: u32, copies: (u16, u8)) -> CopyOperatingParameters {
        let mut parameters = CopyOperatingParameters::default();
        parameters.max_segment_length = max_segment_length;
        (parameters.total_concurrent_copies, parameters.max_concurrent_copies) = copies;
        parameters
    }

    #[test]
    fn commands_are_whole_pieces_within_all_limits() {
        let piece = 512_u32 << 10;
        let length = |most, block_size| piece_length(&parameters(most, (0, 0)), block_size);
        assert_eq!(length(0, 512), Some((32 << 20) - (512 << 10)));
        assert_eq!(length(0, 4096), Some(32 << 20));
        assert_eq!(length(piece, 512), Some(512 << 10));
        assert_eq!(length(piece - 1, 512), None);
        assert_eq!(length(3 * piece - 1, 512), Some(1 << 20));
    }

    #[test]
    fn no_more_copies_than_the_target_takes() {
        for (copies, most) in [((0, 0), 4), ((1, 0), 1), ((0, 2), 2), ((9, 9), 4), ((3, 9), 3)] {
            assert_eq!(places(&parameters(0, copies)), most);
        }
    }
}
