//! `iscsi copy`

mod ends;
mod identity;
mod streams;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use clap::Args;
use comfy_table::Table;
use iscsi_initiator::BlockDevice;
use serde::Serialize;

pub(super) use ends::opened;

use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size};
use crate::credentials::secret_source;
use crate::failure::Failure;
use crate::output;
use crate::transfer::comparison::Comparison;
use crate::transfer::copy::{Copy, Tally};
use crate::transfer::end::{self, End, Ready};
use crate::transfer::journal::{Identity, Journal};
use crate::transfer::offload::{Offload, Offloading};
use crate::transfer::progress::{Progress, warn_of_recovered_errors};
use crate::transfer::source::Source;
use crate::transfer::unit_limits::UnitLimits;

pub(super) const EXAMPLE: &str =
    "Example: iscsi copy iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0 disk.img";
pub(super) const DETAILS: &str = "\
Unmapped blocks, holes and zeros become holes of a file, and zeroed blocks of a
logical unit. Exit code 0 means that everything is on stable storage; with
--verify, that it was read back and is equal (exit code 10 if not). BYTES may
have a unit: K, M, G, T or KiB, MiB, GiB, TiB are powers of 1024.";

/// Copies between logical units, files and streams.
#[derive(Args)]
pub(crate) struct CopyData {
    #[arg(help = "iscsi://host[:port]/target/lun, a file, or - (standard input)")]
    source: String,
    #[arg(help = "iscsi://host[:port]/target/lun, a file, or - (standard output)")]
    destination: String,
    /// First byte that is read [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    from: u64,
    /// First byte that is written [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    to: u64,
    /// Bytes to copy [default: up to the end]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    length: Option<u64>,
    /// Read back what was written, and compare it
    #[arg(long)]
    verify: bool,
    /// Go on where a copy with this journal was interrupted
    #[arg(long, value_name = "JOURNAL")]
    resume: Option<PathBuf>,
    /// Write zeros as data
    #[arg(long)]
    no_sparse: bool,
    /// EXTENDED COPY: auto, never or always
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true
    )]
    offload: Offloading,
    #[command(flatten)]
    limits: UnitLimits,
    #[command(flatten)]
    unit: UnitOptions,
}

/// A copy that is complete.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// Bytes copied.
    bytes: u64,
    /// Of them, zeros that were not sent as data.
    zero_bytes: u64,
    /// Of them, bytes that the target copied by itself (EXTENDED COPY).
    offloaded_bytes: u64,
    /// Bytes that an earlier run had copied, which are not among them.
    resumed_bytes: u64,
    /// Whether the destination was read back and is equal.
    verified: bool,
    /// The time that it took.
    seconds: f64,
}

/// What is copied: source, destination and range.
struct Names {
    source: String,
    destination: String,
}

impl CopyData {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let ends = [End::parse(&self.source)?, End::parse(&self.destination)?];
        self.check(&ends)?;
        let names = Names { source: ends[0].name_of_source(), destination: ends[1].name_of_destination() };
        let (is_stream, start) = (matches!(ends[1], End::Stream), Instant::now());
        let mut progress = Progress::new();
        let copied =
            end::with_ends(&self.unit, self.limits.overrides(), ends, async |source, destination| {
                self.copy(source, destination, &names, &mut progress).await
            });
        let copied = Box::pin(copied).await;
        let mut report = progress.end(copied, |done, length| {
            format!("copy ended early: {} has the first {done} of {length} bytes", names.destination)
        })?;
        report.seconds = start.elapsed().as_secs_f64();
        // A stream has the data, and nothing else.
        if is_stream || output == Output::Table {
            eprintln!("{}", summary(&report));
            return Ok(());
        }
        output::show(output, &report, |_| Table::new())
    }

    fn check(&self, ends: &[End; 2]) -> Result<(), Failure> {
        let [source, destination] = ends;
        let files = self.unit.session.files().into_iter();
        secret_source::check_standard_input(files.chain([source.path()]))?;
        let is_stream = |end: &End| matches!(end, End::Stream);
        let streams = [is_stream(source), is_stream(destination)];
        let usage = |message: &str, hint| Err(Failure::usage(message, hint));
        match streams {
            [true, true] => usage("both ends are streams", "name a logical unit or a file"),
            [true, _] | [_, true] if self.resume.is_some() => {
                usage("a stream cannot be resumed", "leave --resume out, or name a file")
            }
            [_, true] if self.verify || self.to > 0 => usage(
                "standard output can neither be read back nor have a beginning",
                "leave --verify and --to out, or name a file",
            ),
            [true, _] if self.from > 0 => {
                usage("standard input is read from its beginning", "leave --from out, or name a file")
            }
            _ => Ok(()),
        }
    }

    async fn copy(
        &self,
        source: Ready,
        destination: Ready,
        names: &Names,
        progress: &mut Progress,
    ) -> Result<Report, Failure> {
        match (source, destination) {
            (Ready::Stream, destination) => self.copy_from_stream(destination, names, progress).await,
            (source, Ready::Stream) => self.copy_to_stream(source, progress).await,
            (source, destination) => self.copy_parts(source, destination, names, progress).await,
        }
    }

    async fn copy_parts(
        &self,
        source: Ready,
        destination: Ready,
        names: &Names,
        progress: &mut Progress,
    ) -> Result<Report, Failure> {
        let offload = self.offload_between(&source, &destination).await?;
        let apart = ends::Apart::of(&source, &destination)?;
        let identity = match &self.resume {
            Some(_) => Some(identity::of([&source, &destination], names, [self.from, self.to]).await?),
            None => None,
        };
        let (source, size) = opened(source).await?;
        let length = self.length_within(size)?;
        apart.check(self.from, self.to, length)?;
        let journal = self.resume.as_deref().zip(identity);
        let journal = journal.map(|(path, copy)| Journal::new(path, Identity { length, ..copy }));
        let start = journal.as_ref().map_or(Ok(0), Journal::done)?;
        let destination = self.open_destination(destination, start)?;
        self.check_fits(&destination, length)?;
        destination.set_end(self.to.saturating_add(length)).await?;
        let tally = Arc::new(Tally::default());
        let (from, to, is_sparse) = (self.from, self.to, !self.no_sparse);
        let copy = Copy { source, destination, from, to, length, is_sparse, offload, tally };
        progress.begin("copying", length);
        copy.run(start, progress, journal.as_ref()).await?;
        if self.verify {
            let back = copy.destination.as_source();
            let comparison = Comparison { first: (&copy.source, from), second: (&back, to), length };
            equal(comparison.run(progress).await?, names, to)?;
        }
        journal.as_ref().map_or(Ok(()), Journal::remove)?;
        [device_of(&copy.source), copy.destination.device()]
            .into_iter()
            .flatten()
            .for_each(warn_of_recovered_errors);
        Ok(self.report(length - start, start, &copy.tally))
    }

    /// What can copy by itself, if the options permit it.
    async fn offload_between(
        &self,
        source: &Ready,
        destination: &Ready,
    ) -> Result<Option<Arc<Offload>>, Failure> {
        let found = match (self.offload, source, destination) {
            (Offloading::Never, ..) => return Ok(None),
            (_, Ready::Unit(first, session, lun), Ready::Unit(second, other, other_lun))
                if ends::is_same_session(session, other) =>
            {
                let units = [(first, *lun), (second, *other_lun)];
                Offload::between(session, units, self.offload == Offloading::Always).await?
            }
            _ => Err("the ends are not two logical units of one target"),
        };
        match found {
            Ok(offload) => Ok(Some(Arc::new(offload))),
            Err(reason) if self.offload == Offloading::Always => Err(Failure::usage(
                format!("the target cannot copy by itself: {reason}"),
                "with --offload auto the data are read and written then",
            )),
            Err(reason) => {
                tracing::info!(reason, "the data are read and written");
                Ok(None)
            }
        }
    }

    fn report(&self, bytes: u64, resumed_bytes: u64, tally: &Tally) -> Report {
        Report {
            bytes,
            zero_bytes: tally.zeros.load(Ordering::Relaxed),
            offloaded_bytes: tally.offloaded.load(Ordering::Relaxed),
            resumed_bytes,
            verified: self.verify,
            seconds: 0.0,
        }
    }
}

const fn device_of(source: &Source) -> Option<&BlockDevice> {
    match source {
        Source::Unit(device) => Some(device),
        Source::File(_) => None,
    }
}

/// Fails if there is a difference.
fn equal(difference: Option<u64>, names: &Names, to: u64) -> Result<(), Failure> {
    match difference {
        None => Ok(()),
        Some(at) => Err(Failure::Differs(format!(
            "what was read back from {} differs from the source at offset {}",
            names.destination,
            to + at
        ))),
    }
}

fn summary(report: &Report) -> String {
    let Report { bytes, zero_bytes, offloaded_bytes, resumed_bytes, verified, seconds } = report;
    let mut text = format!("copied {bytes} bytes in {seconds:.1} s");
    for (count, what) in [
        (zero_bytes, "zeros that were not sent"),
        (offloaded_bytes, "copied by the target"),
        (resumed_bytes, "copied before"),
    ] {
        if *count > 0 {
            text = format!("{text}, {count} {what}");
        }
    }
    if *verified { text + "; read back and equal" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_there_is() {
        let mut report = Report {
            bytes: 10,
            zero_bytes: 0,
            offloaded_bytes: 0,
            resumed_bytes: 0,
            verified: false,
            seconds: 1.26,
        };
        assert_eq!(summary(&report), "copied 10 bytes in 1.3 s");
        (report.zero_bytes, report.offloaded_bytes, report.resumed_bytes, report.verified) = (1, 2, 3, true);
        assert_eq!(
            summary(&report),
            "copied 10 bytes in 1.3 s, 1 zeros that were not sent, 2 copied by the target, 3 copied before; read back and equal"
        );
    }

    #[test]
    fn the_schema_file_documents_the_output_of_copy() {
        let file = expect_test::expect_file!["../../../../schemas/copy.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}
