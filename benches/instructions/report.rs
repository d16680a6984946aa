//! The table of counts, and how far a count may move.

use std::error::Error;
use std::fs;
use std::path::Path;

use super::counting::Count;

/// Room in percent.
const ROOM: u64 = 5;

pub(crate) fn print(counts: &[Count]) {
    print!("{}", table(counts));
}

pub(crate) fn write(counts: &[Count], file: &Path) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(file, table(counts))?)
}

/// Prints every count beside the committed one; true when all stay within the room and none is missing.
pub(crate) fn check(counts: &[Count], file: &Path) -> Result<bool, Box<dyn Error>> {
    let baseline = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let baseline = parse(&baseline);
    let mut held = baseline.len() == counts.len();
    for (name, count) in counts {
        let known = baseline.iter().find(|line| line.0 == name).map(|line| line.1);
        let fits = known.is_some_and(|known| {
            *count * 100 <= known * (100 + ROOM) && known * (100 - ROOM) <= *count * 100
        });
        held &= fits;
        let verdict = if fits { "" } else { "  <-- out of its room: improve it, or write the table anew" };
        println!("{count:>9}  was {:>9}  {name}{verdict}", known.unwrap_or(0));
    }
    Ok(held)
}

fn table(counts: &[Count]) -> String {
    counts.iter().map(|(name, count)| format!("{count:>9}  {name}\n")).collect::<Vec<_>>().concat()
}

fn parse(table: &str) -> Vec<(&str, u64)> {
    let lines = table.lines().filter_map(|line| line.trim().split_once("  "));
    lines.filter_map(|(count, name)| Some((name, count.parse().ok()?))).collect()
}
