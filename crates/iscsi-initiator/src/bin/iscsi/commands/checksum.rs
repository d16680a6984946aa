//! `iscsi checksum`

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::copy::opened;
use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size};
use crate::credentials::secret_source::{self, DASH};
use crate::failure::Failure;
use crate::output;
use crate::session;
use crate::transfer::PIECE_LENGTH;
use crate::transfer::checksum::{self, Algorithm, Checksums, Hashers};
use crate::transfer::end::{self, End, Ready};
use crate::transfer::local_data::{self, Inflow};
use crate::transfer::progress::Progress;
use crate::transfer::unit_limits::UnitLimits;

pub(super) const EXAMPLE: &str = "Example: iscsi checksum iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
SOURCE is a logical unit, a file, a block device, or - for standard input.
Unmapped blocks that read as zeros, and holes of files, are not read. The
checksum is that of the bytes, so sha256sum and b3sum print the same for a file
with the same content. BYTES may have a unit: K, M, G, T or KiB, MiB, GiB, TiB
are powers of 1024.";

#[derive(Args)]
pub(crate) struct Checksum {
    #[arg(help = "iscsi://host[:port]/target/lun, a file, or - (standard input)")]
    source: String,
    /// A list of sha256 and blake3
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "sha256")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    algorithm: Vec<Algorithm>,
    /// Beginning of the range [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    offset: u64,
    /// Its length [default: up to the end]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    length: Option<u64>,
    #[command(flatten)]
    limits: UnitLimits,
    #[command(flatten)]
    unit: UnitOptions,
}

/// The checksums of a range.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// Bytes of the range.
    bytes: u64,
    /// SHA-256 in hexadecimal digits; null if it was not asked for.
    sha256: Option<String>,
    /// BLAKE3 in hexadecimal digits; null if it was not asked for.
    blake3: Option<String>,
}

impl Checksum {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let end = End::parse(&self.source)?;
        secret_source::check_standard_input(self.unit.session.files().into_iter().chain([end.path()]))?;
        let (name, mut progress) = (end.name_of_source(), Progress::new());
        let summed = match end {
            End::Stream => session::until_interrupted(self.of_stream()).await,
            // One end is all there is.
            end => {
                let ends = [end, End::Stream];
                let work = end::with_ends(&self.unit, self.limits.overrides(), ends, async |source, _| {
                    self.of_source(source, &mut progress).await
                });
                Box::pin(work).await
            }
        };
        progress.hide();
        let (bytes, Checksums { sha256, blake3 }) = summed?;
        output::show(output, &Report { bytes, sha256, blake3 }, |report| {
            let mut table = output::table(&[]);
            for sum in [&report.sha256, &report.blake3].into_iter().flatten() {
                output::add_row(&mut table, &[format!("{sum}  {name}")]);
            }
            table
        })
    }

    async fn of_source(&self, source: Ready, progress: &mut Progress) -> Result<(u64, Checksums), Failure> {
        let (source, size) = opened(source).await?;
        let available = size.checked_sub(self.offset);
        let length = self.length.or(available).filter(|length| available.is_some_and(|left| *length <= left));
        let length = length.ok_or_else(|| {
            let text = format!("the range reaches beyond the {size} bytes of the source");
            Failure::usage(text, "use a smaller --offset or --length")
        })?;
        progress.begin("reading", length);
        let mut hashers = Hashers::new(&self.algorithm);
        checksum::add(&mut hashers, &source, self.offset, length, progress).await?;
        Ok((length, hashers.finish()))
    }

    async fn of_stream(&self) -> Result<(u64, Checksums), Failure> {
        if self.offset > 0 || self.length.is_some() {
            return Err(Failure::usage(
                "standard input is read from its beginning to its end",
                "leave --offset and --length out, or name a file",
            ));
        }
        let stream = local_data::open(Path::new(DASH))?;
        let mut inflow = Inflow::start(stream, usize::try_from(PIECE_LENGTH).unwrap_or(1 << 20));
        let (mut hashers, mut length) = (Hashers::new(&self.algorithm), 0);
        while let Some(piece) = inflow.next().await.map_err(Failure::local("read standard input"))? {
            length += piece.len() as u64;
            hashers.update(&piece);
        }
        Ok((length, hashers.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_checksum() {
        let file = expect_test::expect_file!["../../../../schemas/checksum.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}
