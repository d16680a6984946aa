//! The work of a parent: generate secrets, write them to a store, start a target with them, and run a child.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::{env, str};

use iscsi_initiator::{ChapAlgorithm, IscsiName};
use iscsi_secrets::{FileStore, ForwardCredential, ReverseCredential, Scope, Secret, SecretStore as _};
use iscsi_tests::ram_disk::{Account, Config, Credentials, RamDisk, Running, Target};

use crate::canary::{self, Canary, LENGTH};
use crate::orders::Orders;

/// Begins a line about a place in memory.
pub(crate) const FOUND: &str = "found: ";
/// The last line of a child that came to its end.
pub(crate) const SCANNED: &str = "scanned to the end";

/// Files beside the store that hold the secrets, as an administrator's would.
pub(crate) const FORWARD_FILE: &str = "forward";
pub(crate) const REVERSE_FILE: &str = "reverse";

/// The report of a child.
pub(crate) struct Child {
    /// Places that hold a secret or a part of one.
    pub(crate) found: Vec<String>,
}

pub(crate) fn target_name() -> IscsiName {
    "iqn.2001-04.com.example:disk".parse().unwrap()
}

/// Runs the test of this name in a process of its own, against a target in this one.
pub(crate) fn run(test: &str, algorithm: ChapAlgorithm, leak: bool) -> Child {
    let (forward, reverse) = (canary::random(), canary::random());
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    fill(&store, &forward, &reverse);
    write(&folder.path().join(FORWARD_FILE), &forward);
    write(&folder.path().join(REVERSE_FILE), &reverse);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let target = runtime.block_on(serve(&forward, &reverse));
    let (forward, reverse) = (Canary::of(&forward), Canary::of(&reverse));
    let child =
        report(&spawn(test, &Orders { portal: target.portal(), store, algorithm, forward, reverse, leak }));
    assert!(target.report().violations.is_empty(), "{:?}", target.report().violations);
    child
}

fn write(path: &Path, secret: &[u8]) {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(secret).unwrap();
}

fn fill(store: &Path, forward: &[u8; LENGTH], reverse: &[u8; LENGTH]) {
    let store = FileStore::open(store).unwrap();
    let name = IscsiName::new(target_name().as_str()).unwrap();
    let forward =
        ForwardCredential::new(Some("host".to_owned()), Secret::from_bytes(forward).unwrap()).unwrap();
    let reverse =
        ReverseCredential::new(Some("disk".to_owned()), Secret::from_bytes(reverse).unwrap()).unwrap();
    store.set_forward(name.clone().into(), forward).unwrap();
    store.set_reverse(Scope::Target(name), reverse).unwrap();
}

async fn serve(forward: &[u8; LENGTH], reverse: &[u8; LENGTH]) -> Running {
    let mut target = Target::new(target_name());
    target.credentials = Credentials::Mutual {
        initiator: Account::new("host", forward),
        target: Account::new("disk", reverse),
    };
    let mut config = Config::with_targets([target]);
    config.unit_attention = false;
    RamDisk::serve(config).await.unwrap()
}

/// On one thread, the test runs on the child's first one.
fn spawn(test: &str, orders: &Orders) -> Output {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    orders.give(&mut child);
    child.output().unwrap()
}

fn report(output: &Output) -> Child {
    let text = str::from_utf8(&output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains(SCANNED), "{}\n{text}\n{error}", output.status);
    let found = text.lines().filter_map(|line| line.split_once(FOUND)).map(|(_, place)| place.to_owned());
    Child { found: found.collect() }
}
