//! Concurrent commands of one user: none reinstates the session of another.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::process::{Child, Command, Stdio};

use iscsi_tests::external_targets::{Tgt, TgtTarget};
use iscsi_tests::ram_disk::{self, RamDisk, Running, Target};
use tokio::runtime::Runtime;

use crate::program::User;

const NAME: &str = "iqn.2001-04.com.example:disk";

fn command(user: &User, arguments: &[&str]) -> Command {
    let mut command = user.command();
    command.args(arguments).args(["--initiator-name", "iqn.2001-04.com.example:host"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts that many at once; all of them succeed.
fn all_succeed(user: &User, count: usize, arguments: &[&str]) {
    let children: Vec<Child> = (0..count).map(|_| command(user, arguments).spawn().unwrap()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
    }
}

/// NAM-06, NAM-10, DIS-16: tgt ends a session when another login has the same initiator name and ISID.
#[test]
fn nam_06_nam_10_dis_16_fifty_commands_at_tgt() {
    let tgt = Tgt::builder().target(TgtTarget::named("disk")).start();
    let (user, url) = (User::new(), tgt.url("disk", TgtTarget::FILE_LUN));
    all_succeed(&user, 50, &["luns", &url]);
    all_succeed(&user, 50, &["info", &url]);
    all_succeed(&user, 50, &["discover", &tgt.portal().to_string()]);
}

/// A RAM disk, and a user of it.
struct Stage {
    running: Running,
    user: User,
    url: String,
    _runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let config = ram_disk::Config::with_targets([Target::new(NAME.parse().unwrap())]);
        let running = runtime.block_on(RamDisk::serve(config)).unwrap();
        let url = format!("iscsi://{}/{NAME}/0", running.portal());
        Self { running, user: User::new(), url, _runtime: runtime }
    }

    /// A process in the middle of a session, which waits until its output is read.
    fn reader(&self) -> Child {
        let mut child = command(&self.user, &["read", &self.url, "-o", "-"]).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 512]).unwrap();
        child
    }

    /// The ISID of one more session.
    fn isid(&self) -> String {
        let shown = self.user.run(&["login", &self.url, "--output", "json"]).expect(&[0]).stdout;
        let (_, rest) = shown.split_once("\"isid\": \"").unwrap();
        rest[..12].to_owned()
    }
}

/// Takes all that a reader reads.
fn finish(mut reader: Child) {
    let mut rest = Vec::new();
    reader.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert!(reader.wait().unwrap().success());
    assert_eq!(rest.len() + 512, 64 << 20);
}

/// NAM-06, NAM-07: concurrent processes have different ISIDs; that of a killed process is used by the next one.
#[test]
fn nam_06_nam_07_processes_that_live_at_once() {
    let stage = Stage::new();
    let first = stage.isid();
    assert!(first.starts_with("80") && first.ends_with("0000"), "{first}");
    let mut readers: Vec<Child> = (0..10).map(|_| stage.reader()).collect();
    assert!(stage.isid().ends_with("000a"));
    assert_eq!(stage.running.report().reinstatements, 0);

    let mut victim = readers.remove(4);
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_eq!(stage.isid(), format!("{}0004", &first[..8]));
    readers.into_iter().for_each(finish);
    assert_eq!(stage.isid(), first);
}

/// NAM-06: where nothing can be kept, commands work none the less, each with an ISID drawn at random.
#[test]
fn nam_06_without_a_usable_directory() {
    let stage = Stage::new();
    let path = stage.user.path("store/isid");
    DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
    let readers = [stage.reader(), stage.reader()];
    let drawn: BTreeSet<_> = (0..3).map(|_| stage.isid()).collect();
    assert_eq!(drawn.len(), 3);
    let shown = stage.user.run(&["-vv", "login", &stage.url]).expect(&[0]).stderr;
    assert!(shown.contains("the ISID is random"), "{shown}");
    readers.into_iter().for_each(finish);
    assert_eq!(stage.running.report().reinstatements, 0);
    assert!(path.is_dir());
}
