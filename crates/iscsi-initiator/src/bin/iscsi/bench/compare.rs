//! `iscsi bench compare`: two runs side by side.

mod differences;
mod figures;
mod io;
mod login;

use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::Table;
use serde::Serialize;

use super::figures::{NONE, kibibytes, mebibytes_per_second, number_of_three_digits, time};
use super::results::{AnyResults, read};
use crate::arguments::values::Output;
use crate::failure::Failure;
use crate::messages::{note, warn};
use crate::output;
use differences::{Common, Comparability, Difference, Run};
use figures::{Figure, Side, Unit};

/// The number of the schema of a comparison.
const SCHEMA: u32 = 1;

/// Two runs, A and B. Fields are added, never changed or removed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Comparison {
    /// The number of this schema: 1.
    schema: u32,
    /// The first run.
    a: Origin,
    /// The second run.
    b: Origin,
    /// Whether both runs did the same on the same kind of machine. If not, no figure names the better run.
    comparable: bool,
    /// Whether both runs were long enough to predict the next one. If not, no figure names the better run.
    long_enough: bool,
    /// Differences between the runs.
    differences: Vec<Difference>,
    /// The figures of both.
    figures: Vec<Figure>,
}

/// A run, and the file that holds its results.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Origin {
    /// The file.
    file: String,
    /// Name and version of the program that made it.
    program: String,
    /// When the measurement began, in seconds since 1970.
    began_unix_s: u64,
    /// URLs of the targets.
    targets: Vec<String>,
}

impl Origin {
    fn new(file: &Path, run: &impl Run) -> Self {
        let Common { program, began_unix_s, targets, .. } = run.common();
        Self {
            file: file.display().to_string(),
            program: program.to_owned(),
            began_unix_s,
            targets: targets.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// Compares the results in two files.
fn compare<R: Run>((a_file, a): (&Path, &R), (b_file, b): (&Path, &R)) -> Comparison {
    let differences = differences::differences(a, b);
    let comparability = Comparability::new(a, b, &differences);
    let mut figures = R::figures(a, b, comparability);
    figures.retain(|figure| !figure.is_empty());
    Comparison {
        schema: SCHEMA,
        a: Origin::new(a_file, a),
        b: Origin::new(b_file, b),
        comparable: comparability.comparable,
        long_enough: comparability.long_enough,
        differences,
        figures,
    }
}

pub(super) const EXAMPLE: &str = "Example: iscsi bench compare before.json after.json";
pub(super) const DETAILS: &str = "\
A figure names the better run only if both runs did the same on the same kind
of machine, for at least 5 seconds and 1000 logins or operations each, and the figures
differ by more than 5 %: two equal runs can differ as much.";

#[derive(Args)]
pub(crate) struct Compare {
    /// Output of `iscsi bench login` or `iscsi bench io` with --output json
    #[arg(value_name = "A.json")]
    a: PathBuf,
    /// Output of another run of the same benchmark
    #[arg(value_name = "B.json")]
    b: PathBuf,
}

impl Compare {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        match (read(&self.a)?, read(&self.b)?) {
            (AnyResults::Login(a), AnyResults::Login(b)) => self.show(output, &*a, &*b),
            (AnyResults::Io(a), AnyResults::Io(b)) => self.show(output, &*a, &*b),
            (a, b) => Err(self.other_benchmarks(&a, &b)),
        }
    }

    fn show<R: Run>(&self, output: Output, a: &R, b: &R) -> Result<(), Failure> {
        let comparison = compare((&self.a, a), (&self.b, b));
        comparison.differences.iter().for_each(show_difference);
        if !comparison.comparable {
            note("no run is called better: the runs are not comparable");
        } else if !comparison.long_enough {
            let operations = R::OPERATIONS;
            note(&format!("no run is called better: that takes 5 seconds and 1000 {operations} of each"));
        }
        output::show(output, &comparison, table)
    }

    fn other_benchmarks(&self, a: &AnyResults, b: &AnyResults) -> Failure {
        let (a, b, a_command, b_command) = (&self.a, &self.b, a.command(), b.command());
        Failure::File {
            message: format!(
                "{} is a result of `{a_command}`, {} one of `{b_command}`: they measure different things",
                a.display(),
                b.display()
            ),
            source: None,
            hint: Some("compare two results of the same benchmark"),
        }
    }
}

fn show_difference(Difference { what, a, b, comparable }: &Difference) {
    let text = format!("{what} differs: A {a}, B {b}");
    if *comparable { note(&text) } else { warn(&text) }
}

fn table(comparison: &Comparison) -> Table {
    let mut table = output::table(&["", "A", "B", "B/A", ""]);
    (1..=3).for_each(|column| output::align_right(&mut table, column));
    for figure in &comparison.figures {
        output::add_row(&mut table, &row(figure));
    }
    table
}

fn row(figure: &Figure) -> [String; 5] {
    let shown = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), |value| show(value, figure.unit));
    let ratio = figure.ratio.map_or_else(|| NONE.to_owned(), |ratio| format!("{ratio:.2}"));
    [figure.name.clone(), shown(figure.a), shown(figure.b), ratio, better_run(figure)]
}

fn show(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond => format!("{}/s", number_of_three_digits(value)),
        Unit::Percent => format!("{} %", number_of_three_digits(value)),
        Unit::BytesPerSecond => mebibytes_per_second(value),
        Unit::Microseconds => time(value),
        Unit::Bytes => kibibytes(value),
    }
}

fn better_run(figure: &Figure) -> String {
    match figure.better {
        Some(Side::A) => format!("A {}", figure.word),
        Some(Side::B) => format!("B {}", figure.word),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
