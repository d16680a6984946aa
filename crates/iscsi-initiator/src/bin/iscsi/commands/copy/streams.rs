//! Copies from standard input and to standard output.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::{CopyData, Names, Report, device_of, opened};
use crate::credentials::secret_source::DASH;
use crate::failure::Failure;
use crate::transfer::checksum::{self, Algorithm, Hashers};
use crate::transfer::copy::{Copy, PieceWriter, Tally};
use crate::transfer::destination::Destination;
use crate::transfer::end::Ready;
use crate::transfer::local_data::{self, Inflow, Sink};
use crate::transfer::parts::Parts;
use crate::transfer::progress::{Progress, warn_of_recovered_errors};
use crate::transfer::{PIECE_LENGTH, PIECES};

impl CopyData {
    /// Writes what comes from standard input.
    pub(super) async fn copy_from_stream(
        &self,
        destination: Ready,
        names: &Names,
        progress: &mut Progress,
    ) -> Result<Report, Failure> {
        let destination = self.open_destination(destination, 0)?;
        let space = match destination.device() {
            Some(device) => device.capacity().bytes().saturating_sub(self.to),
            None => u64::MAX - self.to,
        };
        let most = self.length.unwrap_or(u64::MAX);
        let file = local_data::open(Path::new(DASH))?;
        let mut inflow = Inflow::start(file, usize::try_from(PIECE_LENGTH).unwrap_or(1 << 20));
        let tally = Arc::new(Tally::default());
        let copy = Copy {
            source: destination.as_source(),
            destination: destination.clone(),
            from: 0,
            to: self.to,
            length: space,
            is_sparse: !self.no_sparse,
            offload: None,
            tally: Arc::clone(&tally),
        };
        progress.begin("copying", self.length.unwrap_or(space));
        let (mut writer, mut taken) = (PieceWriter::new(copy), 0);
        let mut hashers = Hashers::new(if self.verify { &[Algorithm::Blake3] } else { &[] });
        while taken < most
            && let Some(mut piece) = inflow.next().await.map_err(Failure::local("read standard input"))?
        {
            piece.truncate(usize::try_from(most - taken).unwrap_or(usize::MAX));
            taken += piece.len() as u64;
            if taken > space {
                return Err(unfitting(format!(
                    "{} has more than the {space} bytes for which there is space",
                    names.source
                )));
            }
            hashers.update(&piece);
            writer.write(piece, progress).await?;
        }
        if self.length.is_some_and(|length| taken < length) {
            return Err(unfitting(format!("{} has {taken} bytes, and --length is {most}", names.source)));
        }
        let length = writer.finish(progress).await?;
        destination.set_end(self.to + length).await?;
        if self.verify {
            self.verify_checksum(hashers, &destination, length, names, progress).await?;
        }
        destination.device().into_iter().for_each(warn_of_recovered_errors);
        Ok(self.report(length, 0, &tally))
    }

    /// A stream is gone once it is read: what it was is known by its checksum.
    async fn verify_checksum(
        &self,
        sent: Hashers,
        destination: &Destination,
        length: u64,
        names: &Names,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut back = Hashers::new(&[Algorithm::Blake3]);
        checksum::add(&mut back, &destination.as_source(), self.to, length, progress).await?;
        if back.finish() == sent.finish() {
            return Ok(());
        }
        Err(Failure::Differs(format!(
            "what was read back from {} is not what was written",
            names.destination
        )))
    }

    /// Writes a source to standard output.
    pub(super) async fn copy_to_stream(
        &self,
        source: Ready,
        progress: &mut Progress,
    ) -> Result<Report, Failure> {
        let (source, size) = opened(source).await?;
        let length = self.length_within(size)?;
        progress.begin("copying", length);
        let mut sink = Sink::start(local_data::create(Path::new(DASH))?, progress.counter());
        let tally = Tally::default();
        let mut parts = Parts::new(&source, self.from..self.from + length, !self.no_sparse);
        let mut pieces: VecDeque<JoinHandle<Result<Bytes, Failure>>> = VecDeque::new();
        while let Some(part) = parts.next().await? {
            let count = part.range.end - part.range.start;
            tally.zeros.fetch_add(if part.is_zero { count } else { 0 }, Ordering::Relaxed);
            let mut from = part.range.start;
            while from < part.range.end {
                while pieces.len() >= PIECES {
                    pass_on(&mut pieces, &mut sink, progress).await?;
                }
                let length = (part.range.end - from).min(PIECE_LENGTH);
                let source = source.clone();
                pieces.push_back(tokio::spawn(async move {
                    if part.is_zero { Ok(zeros(length)) } else { source.read(from, length).await }
                }));
                from += length;
            }
        }
        while !pieces.is_empty() {
            pass_on(&mut pieces, &mut sink, progress).await?;
        }
        sink.finish().await.map_err(Failure::local("write to standard output"))?;
        device_of(&source).into_iter().for_each(warn_of_recovered_errors);
        Ok(self.report(length, 0, &tally))
    }
}

/// Hands the first piece to the sink.
async fn pass_on(
    pieces: &mut VecDeque<JoinHandle<Result<Bytes, Failure>>>,
    sink: &mut Sink,
    progress: &Progress,
) -> Result<(), Failure> {
    let Some(first) = pieces.pop_front() else { return Ok(()) };
    let data = match first.await {
        Ok(data) => data?,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    sink.write(data).await.map_err(Failure::local("write to standard output"))?;
    progress.show();
    Ok(())
}

fn zeros(length: u64) -> Bytes {
    vec![0; usize::try_from(length).unwrap_or(0)].into()
}

/// A stream that has another length than what was expected of it.
const fn unfitting(message: String) -> Failure {
    Failure::File { message, source: None, hint: Some("what came before is written") }
}
