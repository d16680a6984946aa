//! `iscsi compare`

use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::copy::opened;
use crate::arguments::values::Output;
use crate::arguments::{UnitOptions, size};
use crate::failure::Failure;
use crate::output;
use crate::transfer::comparison::Comparison;
use crate::transfer::end::{self, End, Ready};
use crate::transfer::progress::Progress;
use crate::transfer::unit_limits::UnitLimits;

pub(super) const EXAMPLE: &str =
    "Example: iscsi compare disk.img iscsi://192.0.2.1/iqn.2001-04.com.example:disk/0";
pub(super) const DETAILS: &str = "\
FIRST and SECOND are logical units, files or block devices. Exit code 0 means
that they are equal, 10 that a byte differs or that one of them is longer.
Parts that both report as zeros (unmapped blocks, holes) are not read. BYTES may
have a unit: K, M, G, T or KiB, MiB, GiB, TiB are powers of 1024.";

#[derive(Args)]
pub(crate) struct Compare {
    #[arg(help = "iscsi://host[:port]/target/lun, or a file")]
    first: String,
    #[arg(help = "iscsi://host[:port]/target/lun, or a file")]
    second: String,
    /// Where FIRST begins [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    from: u64,
    /// Where SECOND begins [default: 0]
    #[arg(long, value_name = "BYTES", default_value = "0", hide_default_value = true, value_parser = size::parse)]
    to: u64,
    /// Bytes to compare [default: both up to their ends]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    length: Option<u64>,
    #[command(flatten)]
    limits: UnitLimits,
    #[command(flatten)]
    unit: UnitOptions,
}

/// A comparison that found no difference.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report {
    /// Bytes compared.
    bytes: u64,
    /// The time that it took.
    seconds: f64,
}

impl Compare {
    pub(super) async fn run(&self, output: Output) -> Result<(), Failure> {
        let ends = [End::parse(&self.first)?, End::parse(&self.second)?];
        let (names, start) = ([ends[0].name_of_source(), ends[1].name_of_source()], Instant::now());
        let mut progress = Progress::new();
        let compared = end::with_ends(&self.unit, self.limits.overrides(), ends, async |first, second| {
            self.compare(first, second, &names, &mut progress).await
        });
        let compared = Box::pin(compared).await;
        progress.hide();
        let report = Report { bytes: compared?, seconds: start.elapsed().as_secs_f64() };
        output::show(output, &report, |report| {
            let mut table = output::table(&[]);
            output::add_row(&mut table, &[format!("equal: {} bytes", report.bytes)]);
            table
        })
    }

    async fn compare(
        &self,
        first: Ready,
        second: Ready,
        [first_name, second_name]: &[String; 2],
        progress: &mut Progress,
    ) -> Result<u64, Failure> {
        let (first, first_size) = opened(first).await?;
        let (second, second_size) = opened(second).await?;
        let sizes = [(first_size, self.from, first_name), (second_size, self.to, second_name)];
        let available = sizes.map(|(size, offset, _)| size.saturating_sub(offset));
        for (size, offset, name) in sizes {
            if size.checked_sub(offset).is_none_or(|rest| self.length.is_some_and(|length| length > rest)) {
                let text = format!("the range reaches beyond the {size} bytes of {name}");
                return Err(Failure::usage(text, "use smaller values of --from, --to and --length"));
            }
        }
        let common = available.into_iter().min().unwrap_or(0);
        let length = self.length.unwrap_or(common);
        progress.begin("comparing", length);
        let comparison = Comparison { first: (&first, self.from), second: (&second, self.to), length };
        if let Some(at) = comparison.run(progress).await? {
            let text = format!(
                "{first_name} and {second_name} differ: the first difference is at offsets {} and {}",
                self.from + at,
                self.to + at
            );
            return Err(Failure::Differs(text));
        }
        let [first_left, second_left] = available;
        if self.length.is_none() && first_left != second_left {
            let text = format!(
                "the first {length} bytes are equal, and {first_name} has {first_left} bytes, {second_name} {second_left}"
            );
            return Err(Failure::Differs(text));
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_documents_the_output_of_compare() {
        let file = expect_test::expect_file!["../../../../schemas/compare.schema.json"];
        crate::output::expect_schema::<Report>(&file);
    }
}
