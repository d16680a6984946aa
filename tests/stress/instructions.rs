//! Instructions of a login in user space, counted by callgrind.
//!
//! Each login is counted separately, and the least count is used: if an answer has not arrived when the client polls the
//! socket, the client polls again, which adds some percent at random.

use std::fs;
use std::path::Path;

use crate::client;
use crate::program::{Program, command};
use crate::target::Target;

/// Logins counted.
const LOGINS: u32 = 24;
/// Largest difference, in percent of the count without other sessions.
const TOLERANCE: u64 = 10;
/// The function before which callgrind writes its counts and starts again.
const COUNTED: &str = "--dump-before=*::counted::counted_login*";

pub(crate) fn one_and_many_alike(many: u32) {
    // On one processor, the target answers while the client waits and not beside it.
    let cpu = first_processor();
    let pinned = ["taskset", "--cpu-list", &cpu];
    let target = Target::start_within(&pinned, many);
    let [alone, beside] = [1, many].map(|sessions| count(&pinned, &target, sessions));
    let ratio = percent(beside, alone);
    println!(
        "a login with its logout takes {alone} instructions as the only session and {beside} as one of {many}: \
         {ratio} %"
    );
    assert!(ratio.abs_diff(100) <= TOLERANCE, "{ratio} %");
    target.end();
}

/// Instructions of one login while so many sessions are open, itself included.
fn count(pinned: &[&str], target: &Target, sessions: u32) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("--callgrind-out-file={}", folder.path().join("counts").display());
    let valgrind = ["valgrind", "--quiet", "--tool=callgrind", COUNTED, &file];
    let (sessions, logins) = (sessions.to_string(), LOGINS.to_string());
    let client = client::words_of_program(target.portal(), &sessions);
    let words = [pinned, &valgrind, &client, &["counted", "--logins", &logins]].concat();
    Program::start(&mut command(&words)).end();
    // The first count is of all that came before, the last one has the end of the process in it.
    (2..=LOGINS).map(|login| total(&folder.path().join(format!("counts.{login}")))).min().unwrap()
}

/// The sum of counts in a file of callgrind.
fn total(file: &Path) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let number = text.lines().find_map(|line| line.strip_prefix("summary: "));
    number.unwrap_or_else(|| panic!("no count in {text}")).trim().parse().unwrap()
}

fn percent(part: u64, whole: u64) -> u64 {
    (100 * part + whole / 2) / whole
}

/// The first processor that this process may use.
fn first_processor() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    list.trim().chars().take_while(char::is_ascii_digit).collect()
}
