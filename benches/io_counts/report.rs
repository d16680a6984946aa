//! The table of counts, and its comparison with the committed one.

use std::fs;
use std::path::Path;
use std::process::Command;

use iscsi_benches::io::Failure;

use crate::counting::Counted;
use crate::goals;

/// Allowed difference from the committed instructions, in percent. A smaller number is outside, too: the table would no
/// longer show the next change.
const TOLERANCE: f64 = 5.0;

const HEADING: &str = "instructions   calls  EAGAIN  allocations  faults  per operation of";

pub(crate) fn print(counted: &[Counted]) {
    print!("{}", table(counted));
}

/// The table, under the compiler that made the instructions.
pub(crate) fn write(counted: &[Counted], file: &Path) -> Result<(), Failure> {
    Ok(fs::write(file, format!("# {}\n{}", compiler()?, table(counted)))?)
}

/// Prints all counts, what moved, and the goals that are missed. Returns true if there is neither.
pub(crate) fn check(counted: &[Counted], file: &Path) -> Result<bool, Failure> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    print(counted);
    let moved = moved(counted, &parse(&text));
    if !moved.is_empty() {
        println!(
            "compiler of the table: {}; this one: {}",
            text.lines().next().unwrap_or_default(),
            compiler()?
        );
    }
    for known in goals::known_misses(counted) {
        println!("goal out of reach: {known}");
    }
    let complaints: Vec<String> = moved.into_iter().chain(goals::missed(counted)).collect();
    for complaint in &complaints {
        println!("{complaint}");
    }
    Ok(complaints.is_empty())
}

/// One line for each case whose instructions are outside the tolerance, or that is only in one of the tables.
fn moved(counted: &[Counted], baseline: &[(&str, f64)]) -> Vec<String> {
    let known = |case: &str| baseline.iter().find(|(name, _)| *name == case).map(|(_, count)| *count);
    let of_case = |(name, counts): &Counted| match known(name) {
        None => Some(format!("not in the table: {name}")),
        Some(was) if (counts.instructions - was).abs() * 100.0 <= was * TOLERANCE => None,
        Some(was) => Some(format!(
            "moved from {was} to {} instructions: {name}; improve it, or write a new table",
            counts.instructions
        )),
    };
    let gone = baseline.iter().filter(|(name, _)| counted.iter().all(|(case, _)| case != name));
    counted.iter().filter_map(of_case).chain(gone.map(|(name, _)| format!("not counted: {name}"))).collect()
}

fn compiler() -> Result<String, Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?.trim().to_owned())
}

fn table(counted: &[Counted]) -> String {
    let rows = counted.iter().map(|(name, counts)| format!("{counts}  {name}\n"));
    format!("{HEADING}\n{}", rows.collect::<Vec<_>>().concat())
}

/// Cases and instructions of a table; the line of the compiler and the heading are passed over.
fn parse(table: &str) -> Vec<(&str, f64)> {
    let rows = table.lines().filter_map(|line| {
        let mut columns = line.trim().splitn(2, "  ");
        let instructions = columns.next()?.parse().ok()?;
        Some((columns.next()?.rsplit("  ").next()?, instructions))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;

    fn counted(name: &'static str, instructions: f64) -> Counted {
        (name, Counts { instructions, calls: 1.25, ..Counts::default() })
    }

    #[test]
    fn a_table_that_was_written_is_read_again() {
        let table =
            format!("# rustc\n{}", table(&[counted("4 KiB read, depth 1", 4321.0), counted("b", 7.0)]));
        assert_eq!(parse(&table), [("4 KiB read, depth 1", 4321.0), ("b", 7.0)]);
    }

    #[test]
    fn five_percent_in_both_directions_are_tolerated() {
        let baseline = [("a", 1000.0)];
        for within in [950.0, 1000.0, 1050.0] {
            assert!(moved(&[counted("a", within)], &baseline).is_empty(), "{within}");
        }
        for outside in [949.0, 1051.0] {
            assert_eq!(moved(&[counted("a", outside)], &baseline).len(), 1, "{outside}");
        }
    }

    #[test]
    fn a_case_that_is_only_in_one_table_is_no_agreement() {
        assert_eq!(moved(&[counted("new", 1.0)], &[]), ["not in the table: new"]);
        assert_eq!(moved(&[], &[("old", 1.0)]), ["not counted: old"]);
    }
}
