//! The table of counts, and its comparison with the committed one.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::counting::Count;
use super::goals;

/// Allowed difference from the committed count, in percent.
const TOLERANCE: u64 = 5;

pub(crate) fn print(counts: &[Count]) {
    print!("{}", table(counts));
}

/// The table, under the compiler that made the instructions.
pub(crate) fn write(counts: &[Count], file: &Path) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(file, format!("# {}\n{}", compiler()?, table(counts)))?)
}

/// Prints every count beside the committed one. Returns true if all are within the tolerance, none is missing, and no goal
/// is missed.
pub(crate) fn check(counts: &[Count], file: &Path) -> Result<bool, Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let baseline = parse(&text);
    let moved = counts.iter().filter(|count| !stays(count, &baseline)).count();
    if moved > 0 || baseline.len() != counts.len() {
        let made_by = text.lines().next().unwrap_or_default();
        println!(
            "{moved} moved; the table of {} was made by {made_by}, this is {}",
            baseline.len(),
            compiler()?
        );
        return Ok(false);
    }
    let missed = goals::missed(counts);
    for goal in &missed {
        println!("goal missed: {goal}");
    }
    Ok(missed.is_empty())
}

fn stays((name, count): &Count, baseline: &[(&str, u64)]) -> bool {
    let known = baseline.iter().find(|line| line.0 == name).map_or(0, |line| line.1);
    let stays = *count * 100 <= known * (100 + TOLERANCE) && known * (100 - TOLERANCE) <= *count * 100;
    let verdict = if stays { "" } else { "  <-- outside the tolerance: improve it, or write a new table" };
    println!("{count:>9}  was {known:>9}  {name}{verdict}");
    stays
}

fn compiler() -> Result<String, Box<dyn Error>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?.trim().to_owned())
}

fn table(counts: &[Count]) -> String {
    counts.iter().map(|(name, count)| format!("{count:>9}  {name}\n")).collect::<Vec<_>>().concat()
}

fn parse(table: &str) -> Vec<(&str, u64)> {
    let lines = table.lines().filter_map(|line| line.trim().split_once("  "));
    lines.filter_map(|(count, name)| Some((name, count.parse().ok()?))).collect()
}
