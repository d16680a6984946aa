//! Eight writers and a login that use one store at the same time.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;

use iscsi_initiator::{Config, Initiator};
use tempfile::TempDir;

use crate::change::{Change, target};
use crate::child::Orders;
use crate::credential::TestCredential;
use crate::held::{Held, Lookup};
use crate::portals::Stage;
use crate::store::{self, FileStore, Opening};

const WRITERS: u64 = 8;

/// Changes of each writer: half of them set a secret, half clear it.
const CHANGES: u64 = 2000;

/// The target of the logins.
const SHARED: &str = "shared";

/// The last line of a writer that lost no change.
const KEPT: &str = "everything was kept";

/// The change that a writer makes to one of its two targets. One begins with a set, the other with a clear.
fn own_change(writer: u64, number: u64) -> Change {
    let target = Some(target(format!("{writer}-{}", number % 2)));
    if (number / 2 + number).is_multiple_of(2) {
        Change::SetReverse(target, TestCredential::numbered(writer * CHANGES + number))
    } else {
        Change::ClearReverse(target)
    }
}

/// The change that the first writer makes to the shared target.
fn toggle(number: u64) -> Change {
    Change::SetReverse(Some(target(SHARED)), target_credential(number))
}

/// The credentials of the shared target: one for even numbers, one for odd ones.
fn target_credential(number: u64) -> TestCredential {
    let secret = if number.is_multiple_of(2) { b"xxxxxxxxxxxx".to_vec() } else { vec![b'y'; 200] };
    TestCredential { name: Some("disk".to_owned()), secret }
}

fn initiator_credential() -> TestCredential {
    TestCredential { name: Some("host".to_owned()), secret: b"forward secret".to_vec() }
}

/// The child: makes changes, and checks after each that all of its changes are in force.
pub(crate) fn write(orders: &Orders) {
    let store = Opening::Existing.open(&orders.store).unwrap();
    let mut held = Held::default();
    for number in 0..orders.changes {
        make(&store, &mut held, own_change(orders.number, number));
        if orders.number == 0 {
            make(&store, &mut held, toggle(number));
        }
    }
    println!("{KEPT}");
}

fn make(store: &FileStore, held: &mut Held, change: Change) {
    held.apply(change.clone());
    store::apply(store, change).unwrap();
    for target in held.targets.keys() {
        assert_eq!(store::lookup(store, target).unwrap(), held.lookup(target), "{target}");
    }
}

/// The parent: logs in while the children write, and checks in the end that no change was lost.
pub(crate) fn run(test: &str) {
    let folder = folder();
    let directory = folder.path().join("store");
    let mut held = Held::default();
    let store = Opening::Creating.open(&directory).unwrap();
    make(&store, &mut held, Change::SetForward(target(SHARED), initiator_credential()));
    make(&store, &mut held, toggle(1));
    let writers = Writers::start(test, &directory);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(log_in_meanwhile(Arc::new(store), writers));
    for (writer, number) in (0..WRITERS).flat_map(|writer| (0..CHANGES).map(move |number| (writer, number))) {
        held.apply(own_change(writer, number));
    }
    held.apply(toggle(CHANGES - 1));
    assert_eq!(store::read(&Opening::Existing.open(&directory).unwrap()), Ok(held));
    assert_eq!(store::files(&directory), *store::OWN_FILES);
}

/// The directory of the store: in memory if possible, since so many changes would take minutes on a slow disk.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

async fn log_in_meanwhile(store: Arc<FileStore>, mut writers: Writers) {
    let mut stages = [
        Stage::set(&target(SHARED), &initiator_credential(), &target_credential(0)).await,
        Stage::set(&target(SHARED), &initiator_credential(), &target_credential(1)).await,
    ];
    let config = Config::new("iqn.2001-04.com.example:host".parse().unwrap()).unwrap();
    let initiator = Initiator::new(config, Arc::clone(&store) as Arc<_>);
    let mut seen = [0; 2];
    while writers.are_busy() {
        for stage in &mut stages {
            stage.log_in(&initiator).await;
        }
        seen[turn(&store)] += 1;
    }
    writers.kept_everything();
    stages.iter().for_each(Stage::is_sound);
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
}

/// Checks that one of the two credentials is in force, completely.
fn turn(store: &FileStore) -> usize {
    let found = store::lookup(store, &target(SHARED)).unwrap();
    let whole = [0, 1].into_iter().position(|number| found == Lookup::Known(target_credential(number)));
    whole.unwrap_or_else(|| panic!("{found:?}"))
}

/// The children. Dropping this ends them.
struct Writers(Vec<Child>);

impl Writers {
    fn start(test: &str, store: &Path) -> Self {
        let start = |number| {
            let mut command = Orders { store: store.to_owned(), number, changes: CHANGES }.command(test);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        Self((0..WRITERS).map(start).collect())
    }

    fn are_busy(&mut self) -> bool {
        self.0.iter_mut().any(|child| child.try_wait().unwrap().is_none())
    }

    fn kept_everything(mut self) {
        for child in self.0.drain(..) {
            let output = child.wait_with_output().unwrap();
            let kept = String::from_utf8_lossy(&output.stdout).contains(KEPT);
            assert!(output.status.success() && kept, "{output:?}");
        }
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            _ = child.kill();
            _ = child.wait();
        }
    }
}
