//! Two runs side by side.

mod difference;
mod figure;
mod figures;
mod judge;

use std::path::Path;

use serde::Serialize;

pub(crate) use difference::Difference;
pub(crate) use figure::{Figure, Side, Unit};

use super::results::Results;
use judge::Judge;

/// The number of the schema of a comparison.
const SCHEMA: u32 = 1;

/// Two runs, A and B.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    pub(crate) a: Origin,
    pub(crate) b: Origin,
    /// Was the same done on the same kind of machine? If not, no side of a figure is called the better one.
    pub(crate) comparable: bool,
    /// Did both go on for so long that the figures say something about the next run? If not, neither is called better.
    pub(crate) long_enough: bool,
    /// What is not the same.
    pub(crate) differences: Vec<Difference>,
    pub(crate) figures: Vec<Figure>,
}

/// Which run it was.
#[derive(Debug, Serialize)]
pub(crate) struct Origin {
    pub(crate) file: String,
    pub(crate) program: String,
    pub(crate) began_unix_s: u64,
    pub(crate) targets: Vec<String>,
}

impl Origin {
    fn new(file: &Path, results: &Results) -> Self {
        Self {
            file: file.display().to_string(),
            program: results.program.clone(),
            began_unix_s: results.began_unix_s,
            targets: results.plan.targets.clone(),
        }
    }
}

/// Compares what two files hold.
pub(crate) fn compare((a_file, a): (&Path, &Results), (b_file, b): (&Path, &Results)) -> Comparison {
    let differences = difference::differences(a, b);
    let judge = Judge::new(a, b, &differences);
    Comparison {
        schema: SCHEMA,
        a: Origin::new(a_file, a),
        b: Origin::new(b_file, b),
        comparable: judge.comparable,
        long_enough: judge.long_enough,
        differences,
        figures: figures::figures(a, b, judge),
    }
}

#[cfg(test)]
mod tests;
