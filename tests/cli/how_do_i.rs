//! The table "How do I ..." of the README: each command in it is run against a target.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use iscsi_tests::ram_disk::{Account, Config, Credentials, LogicalUnit, RamDisk, Running, Target};
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use crate::program::{Outcome, Place, TARGET, finish, text};

const README: &str = include_str!("../../README.md");
const FORWARD: &str = "how-do-i-forward-1";
const REVERSE: &str = "how-do-i-reverse-2";
const LENGTH: u64 = 8 << 20;

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It ends by itself, with exit code 0.
    Ends,
    /// It says that it is ready, and serves until it is told to stop.
    Serves,
    /// It needs the kernel's NBD driver: the program has to accept the arguments.
    Parsed,
}

/// A row: the task, what does it elsewhere, and the command of this program.
struct Row {
    task: &'static str,
    elsewhere: &'static str,
    command: &'static str,
}

impl Row {
    fn kind(&self) -> Kind {
        match self.command.split(' ').nth(1) {
            Some("serve" | "mount") => Kind::Serves,
            Some("attach" | "detach") => Kind::Parsed,
            _ => Kind::Ends,
        }
    }
}

/// The section, from its heading up to the next one.
fn section() -> &'static str {
    let begin = README.find("\n## How do I ...\n").unwrap();
    let rest = &README[begin + 1..];
    rest.get(3..).and_then(|text| text.find("\n## ")).map_or(rest, |end| &rest[..end + 3])
}

fn rows() -> Vec<Row> {
    let lines = section().lines().filter(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [task, elsewhere, command] = cells[..] else { panic!("three cells: {line}") };
            let command = command.strip_prefix('`').and_then(|command| command.strip_suffix('`'));
            Row { task, elsewhere, command: command.unwrap_or_else(|| panic!("one command: {line}")) }
        })
        .collect()
}

/// A target that requires mutual CHAP, with the logical units 1 and 2.
fn target(runtime: &Runtime) -> Running {
    let mut target = Target::new(TARGET.parse().unwrap());
    let initiator = Account::new("host", FORWARD.as_bytes());
    target.credentials = Credentials::Mutual { initiator, target: Account::new("disk", REVERSE.as_bytes()) };
    let unit = |number| LogicalUnit { number, blocks: LENGTH / 512, is_thin: true, ..LogicalUnit::default() };
    target.units = vec![unit(1), unit(2)];
    runtime.block_on(RamDisk::serve(Config::with_targets([target]))).unwrap()
}

/// A shell in which the variables of the section and the names of its files stand for those of the test.
struct Reader {
    place: Place,
    portal: String,
}

impl Reader {
    fn new(portal: String) -> Self {
        let place = Place::new();
        place.secret_file("initiator-secret", FORWARD.as_bytes());
        place.secret_file("target-secret", REVERSE.as_bytes());
        fs::create_dir(place.path("mnt")).unwrap();
        fs::create_dir(place.path("etc")).unwrap();
        place.file("etc/iscsid.conf", b"node.session.auth.password = imported-secret-1\n", 0o600);
        fs::write(place.path("disk.img"), vec![7; usize::try_from(LENGTH).unwrap()]).unwrap();
        fs::write(place.path("block"), [9; 4096]).unwrap();
        Self { place, portal }
    }

    /// A reader whose commands reach no target, so that no device of this host is attached.
    fn at_a_closed_port() -> Self {
        Self::new("127.0.0.1:1".to_owned())
    }

    /// The assignment that the section gives, and the command.
    fn script(&self, command: &str) -> String {
        let url = section().lines().find(|line| line.starts_with("URL=")).unwrap();
        let text = |name| text(&self.place.path(name));
        let script = format!("{url}\nexec {command}");
        script
            .replace("192.0.2.1", &self.portal)
            .replace("/mnt/disk", &text("mnt"))
            .replace("/etc/iscsi", &text("etc"))
    }

    fn shell(&self, command: &str) -> Command {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_iscsi"));
        let mut shell = Command::new("/bin/bash");
        shell.args(["-uc", &self.script(command)]).current_dir(self.place.path("")).stdin(Stdio::null());
        shell
            .env_clear()
            .env("PATH", program.parent().unwrap())
            .env("STATE_DIRECTORY", self.place.path("state"));
        shell
    }

    fn run(&self, command: &str) -> Outcome {
        finish(&mut self.shell(command))
    }

    /// Starts a command that serves, and returns it when it has printed its first line.
    fn serve(&self, command: &str) -> (Child, String) {
        let mut child = self.shell(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        (child, line)
    }
}

/// Ends a command that serves, with exit code 0.
#[track_caller]
fn stop(mut child: Child, row: &Row) {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success(), "{}: {said}", row.command);
}

#[test]
fn every_command_of_the_table_does_what_its_row_says() {
    let runtime = Runtime::new().unwrap();
    let target = target(&runtime);
    let reader = Reader::new(target.portal().to_string());
    let mut run = 0;
    for row in rows() {
        match row.kind() {
            Kind::Serves if row.command.starts_with("iscsi mount") && !cfg!(feature = "fuse") => {}
            Kind::Serves => {
                let (child, line) = reader.serve(row.command);
                assert!(!line.is_empty(), "{} did not start", row.command);
                stop(child, &row);
            }
            Kind::Ends => {
                let outcome = reader.run(row.command);
                assert_eq!(outcome.code, Some(0), "{}: {}{}", row.command, outcome.stdout, outcome.stderr);
            }
            Kind::Parsed => {
                let outcome = Reader::at_a_closed_port().run(row.command);
                assert!(!matches!(outcome.code, Some(0) | None), "{}: {}", row.command, outcome.stdout);
                // That is how refused arguments end.
                assert!(!outcome.stderr.contains("try '--help'"), "{}: {}", row.command, outcome.stderr);
            }
        }
        run += 1;
    }
    assert_eq!(run, rows().len());
    assert!(run >= 20, "{run} rows");
    let report = target.report();
    assert_eq!((report.normal_sessions, report.panics), (report.logouts, 0), "{report:?}");
    assert!(report.violations.is_empty(), "{report:?}");
}

/// A row without a command of a program that people know helps nobody, and one task has one row.
#[test]
fn every_row_has_a_task_and_a_command_that_is_known() {
    let rows = rows();
    for row in &rows {
        assert!(row.command.starts_with("iscsi ") && !row.task.is_empty(), "{}", row.command);
        assert!(row.elsewhere.contains('`'), "{}: {}", row.task, row.elsewhere);
    }
    let mut tasks: Vec<_> = rows.iter().map(|row| row.task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    assert_eq!(tasks.len(), rows.len());
    for known in ["iscsiadm", "iscsi-ls", "iscsi-inq", "iscsi-dd", "qemu-nbd", "qemu-img"] {
        assert!(rows.iter().any(|row| row.elsewhere.contains(known)), "{known}");
    }
}
