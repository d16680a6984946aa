//! Execution of a case under callgrind.

use std::env;
use std::error::Error;
use std::process::Command;

use super::cases;
use iscsi_benches::metered::METERED;

/// A case and its instructions.
pub(crate) type Count = (String, u64);

/// Every case, in the order of the table.
pub(crate) fn count_all() -> Result<Vec<Count>, Box<dyn Error>> {
    cases::names().map(|name| Ok((name.clone(), count(&name)?))).collect()
}

/// The instructions that callgrind counted in `metered`, per PDU or text.
fn count(case: &str) -> Result<u64, Box<dyn Error>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(format!("--toggle-collect={METERED}")).arg(env::current_exe()?).args(["--case", case]);
    let output = valgrind
        .output()
        .map_err(|error| format!("valgrind: {error}; install it with: apt-get install -y valgrind"))?;
    let divisor: u64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let number =
        text.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, number)| number.trim());
    let collected: u64 =
        number.ok_or_else(|| format!("callgrind said nothing of {case}: {text}"))?.parse()?;
    Ok(collected / divisor)
}
