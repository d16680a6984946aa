//! Lines from standard input, each answered by one line.

use std::io;

use iscsi_tests::own_process::resident_bytes;
use iscsi_tests::ram_disk::Running;
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

/// Obeys until standard input ends.
pub(crate) async fn obey(running: &Running) -> io::Result<()> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match line.trim() {
            "report" => println!("{}", report(running)?),
            "cut" => println!("cut={}", running.cut_sessions()),
            other => return Err(io::Error::other(format!("{other:?} is neither report nor cut"))),
        }
    }
    Ok(())
}

/// Counts by name. The rules broken go to standard error, in words.
fn report(running: &Running) -> io::Result<String> {
    let report = running.report();
    report.violations.iter().for_each(|rule| eprintln!("violation: {rule}"));
    Ok(format!(
        "open={} connections={} normal={} mutual={} discovery={} logouts={} reinstatements={} refusals={} \
         violations={} panics={} resident={}",
        report.connections - report.connections_closed,
        report.connections,
        report.normal_sessions,
        report.mutual_sessions,
        report.discovery_sessions,
        report.logouts,
        report.reinstatements,
        report.refusals.len(),
        report.violations.len(),
        report.panics,
        resident_bytes()?,
    ))
}
