//! `iscsi bench compare`

use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;

use crate::arguments::values::Output;
use crate::bench::compare::{Comparison, Difference, Figure, Side, Unit, compare};
use crate::bench::figures::{NONE, kibibytes, number_of_three_digits, time};
use crate::bench::results_file::read;
use crate::failure::{Failure, note, warn};
use crate::output;

pub(super) const EXAMPLE: &str = "Example: iscsi bench compare before.json after.json";
pub(super) const DETAILS: &str = "\
A figure names the better run only if both runs did the same on the same kind
of machine, for at least 5 seconds and 1000 logins each, and the figures differ
by more than 5 %: two equal runs can differ as much.";

#[derive(Args)]
pub(crate) struct Compare {
    /// Output of `iscsi bench login --output json`
    #[arg(value_name = "A.json")]
    a: PathBuf,
    /// The same of another run
    #[arg(value_name = "B.json")]
    b: PathBuf,
}

impl Compare {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        let (a, b) = (read(&self.a)?, read(&self.b)?);
        let comparison = compare((&self.a, &a), (&self.b, &b));
        comparison.differences.iter().for_each(tell);
        if !comparison.comparable {
            note("like is not compared with like, so neither is called better");
        } else if !comparison.long_enough {
            note("neither is called better: that takes 5 seconds and 1000 logins of each");
        }
        output::show(output, &comparison, table)
    }
}

fn tell(Difference { what, a, b, comparable }: &Difference) {
    let text = format!("{what} not the same: A {a}, B {b}");
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
    [figure.name.clone(), shown(figure.a), shown(figure.b), ratio, verdict(figure)]
}

fn show(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond => format!("{}/s", number_of_three_digits(value)),
        Unit::Percent => format!("{} %", number_of_three_digits(value)),
        Unit::Microseconds => time(value),
        Unit::Bytes => kibibytes(value),
    }
}

fn verdict(figure: &Figure) -> String {
    match figure.better {
        Some(Side::A) => format!("A {}", figure.word),
        Some(Side::B) => format!("B {}", figure.word),
        None => String::new(),
    }
}
