//! Running a case under callgrind.

use std::env;
use std::error::Error;
use std::process::Command;

use super::cases;

/// A case and its instructions per round.
pub(crate) type Count = (String, u64);

/// Rounds of the shorter run; the longer one has as many again, and what both spend on starting cancels out.
const ROUNDS: u64 = 1000;

/// Every case, in the order of the table.
pub(crate) fn count_all() -> Result<Vec<Count>, Box<dyn Error>> {
    cases::names().map(|name| Ok((name.clone(), count(&name)?))).collect()
}

fn count(case: &str) -> Result<u64, Box<dyn Error>> {
    let (short, long) = (collected(case, ROUNDS)?, collected(case, 2 * ROUNDS)?);
    Ok(long.saturating_sub(short) / ROUNDS)
}

/// What callgrind collected in a run of so many rounds.
fn collected(case: &str, rounds: u64) -> Result<u64, Box<dyn Error>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
    let output = valgrind
        .args([case, &rounds.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}; install it with: apt-get install -y valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let number =
        text.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, number)| number.trim());
    Ok(number.ok_or_else(|| format!("callgrind said nothing of {case}: {text}"))?.parse()?)
}
