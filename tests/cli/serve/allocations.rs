//! Requests allocate nothing, once there are buffers and workers for as many as are under way.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::client::{Client, Form, READ, WRITE};
use super::{MIB, Served, thin};
use crate::program::Place;

/// Requests under way at a time.
const DEPTH: u64 = 32;
/// The bytes of each.
const LENGTH: u64 = 4096;

/// The program in valgrind, which counts its allocations.
fn in_valgrind(place: &Place, program: &Command) -> Command {
    let mut command = Command::new("valgrind");
    command.arg(format!("--log-file={}", place.path("allocations").display()));
    command.args(["--leak-check=no", "--undef-value-errors=no"]);
    command.arg(program.get_program()).args(program.get_args());
    command.current_dir(place.path(".")).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Reads and writes in turn, so many at a time, and receives their replies.
fn exchange(client: &mut Client, batches: u64) {
    for batch in 0..batches {
        let (command, data) = if batch % 2 == 0 { (READ, 0) } else { (WRITE, 4096) };
        let requests = (0..DEPTH).flat_map(|cookie| {
            let header = client.request(command, 0, cookie, (cookie * LENGTH, LENGTH));
            [header, vec![7; data]].concat()
        });
        let requests: Vec<_> = requests.collect();
        client.stream.write_all(&requests).unwrap();
        for _ in 0..DEPTH {
            let reply = client.receive(if command == READ { 4096 } else { 0 });
            assert_eq!(reply.error, 0);
        }
    }
}

/// The allocations of a server from its start to its end.
fn allocations(batches: u64) -> u64 {
    let served = Served::run_by(Some(in_valgrind), vec![thin(0, MIB)], &[]);
    let mut client = served.client().go("", Form::Simple);
    exchange(&mut client, batches);
    drop(client);
    served.end().expect(0);
    let log = fs::read_to_string(served.place.path("allocations")).unwrap();
    let line = log.lines().find_map(|line| line.split("total heap usage: ").nth(1));
    let count = line.and_then(|line| line.split(' ').next()).unwrap_or_else(|| panic!("{log}"));
    count.replace(',', "").parse().unwrap()
}

#[test]
fn requests_allocate_nothing() {
    let (few, many) = (40, 240);
    let (first, then) = (allocations(few), allocations(many));
    let requests = (many - few) * DEPTH;
    println!("{requests} more requests: {} more allocations", then.saturating_sub(first));
    // Three seconds after the login, the program asks for other portals, which takes some hundred.
    assert!(then <= first + requests / 20, "{first} allocations, then {then}");
}
