//! Runs of each case: alone for page faults, under `strace` for system calls, under callgrind for instructions and
//! allocations. Each is run twice, short and long, and the difference is counted; the median of three such samples is taken.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use iscsi_benches::io::Failure;
use iscsi_benches::metered::METERED;
use iscsi_benches::server::Server;

use crate::case::{CASES, Case, Work};
use crate::counts::Counts;
use crate::{callgrind, strace};

/// Milliseconds for the client to go to sleep before it is answered, also under valgrind: its calls then do not depend on who
/// is faster.
const PAUSE: &str = "2";

/// Samples of a case, of which the one with the median of instructions counts: how often the writes of several bursts find the
/// socket full depends on who is faster.
const SAMPLES: usize = 3;

/// A case and its counts.
pub(crate) type Counted = (&'static str, Counts);

/// Every case, in the order of the table.
pub(crate) fn count_all() -> Result<Vec<Counted>, Failure> {
    let folder = tempfile::tempdir()?;
    CASES
        .iter()
        .map(|case| {
            Ok((case.name, count(case, folder.path()).map_err(|error| format!("{}: {error}", case.name))?))
        })
        .collect()
}

fn count(case: &Case, folder: &Path) -> Result<Counts, Failure> {
    let server = match case.work {
        Work::Logins => Server::start(&["--serve-logins"])?,
        Work::Session(_) | Work::Crc(_) => {
            Server::start(&["--serve", &case.work.depth().to_string(), PAUSE])?
        }
    };
    let address = server.address().to_string();
    let mut counted =
        (0..SAMPLES).map(|_| count_once(case, &address, folder)).collect::<Result<Vec<Counts>, Failure>>()?;
    counted.sort_by(|one, other| one.instructions.total_cmp(&other.instructions));
    counted.get(SAMPLES / 2).copied().ok_or_else(|| "no sample".into())
}

/// The counts of a short run and a long one.
fn count_once(case: &Case, address: &str, folder: &Path) -> Result<Counts, Failure> {
    let [short, long] = case.work.rounds();
    let counts = |rounds: u64| {
        let rounds = rounds.to_string();
        let client: Vec<String> = match case.work {
            Work::Session(workload) => {
                vec!["--client".into(), workload.to_string(), address.to_owned(), rounds]
            }
            Work::Logins => vec!["--logins".into(), address.to_owned(), rounds],
            Work::Crc(length) => vec!["--crc".into(), length.to_string(), rounds],
        };
        run(case.work, &client, folder)
    };
    let (counted_short, counted_long) = (counts(short)?, counts(long)?);
    Ok(Counts::per_operation(counted_short, counted_long, operations(case.work, long - short)?))
}

fn operations(work: Work, rounds: u64) -> Result<f64, Failure> {
    Ok(f64::from(u32::try_from(rounds)?) * f64::from(u32::try_from(work.depth())?))
}

/// The counts of whole runs with these arguments.
fn run(work: Work, client: &[String], folder: &Path) -> Result<Counts, Failure> {
    let record = folder.join("record");
    let file = record.to_str().ok_or("a temporary folder whose name is no text")?;
    let out = format!("--callgrind-out-file={file}");
    let toggle = format!("--toggle-collect={METERED}");
    output(
        &["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no", &out, &toggle],
        client,
    )?;
    let (instructions, allocations) =
        callgrind::parse(&fs::read_to_string(&record)?).ok_or("callgrind made no record")?;
    let mut counts =
        Counts { instructions: float(instructions)?, allocations: float(allocations)?, ..Counts::default() };
    if matches!(work, Work::Session(_) | Work::Logins) {
        output(&["strace", "-f", "-o", file], client)?;
        let (calls, eagain) =
            strace::parse(&fs::read_to_string(&record)?).ok_or("strace recorded no marks")?;
        (counts.calls, counts.eagain) = (float(calls)?, float(eagain)?);
        counts.faults = output(&[], client)?.trim().parse()?;
    }
    Ok(counts)
}

fn float(count: u64) -> Result<f64, Failure> {
    Ok(f64::from(u32::try_from(count)?))
}

/// The output of this program with these arguments, run by the command `outer` if there is one.
fn output(outer: &[&str], client: &[String]) -> Result<String, Failure> {
    let program = env::current_exe()?;
    let mut command = match outer.split_first() {
        None => Command::new(&program),
        Some((name, arguments)) => {
            let mut command = Command::new(name);
            command.args(arguments).arg(&program);
            command
        }
    };
    let name = outer.first().copied().unwrap_or("client");
    let output = command
        .args(client)
        .output()
        .map_err(|error| format!("{name}: {error}; install it with: apt-get install -y {name}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{name}: {}: {words}", output.status).into())
}
