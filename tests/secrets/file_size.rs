//! A limit of the size of files that a process may write: it is met in the middle of a file.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Output;

use crate::child::Orders;
use crate::expectation;
use crate::history::History;
use crate::store::{DATABASE, Opening};
use crate::verdict::{Verdict, judge};
use crate::writer::Progress;

/// Blocks of 512 bytes; no core of a process that is killed.
const LIMITED: &str = r#"ulimit -c 0; ulimit -f 8; exec "$@""#;

/// The same, and the write fails instead.
const LIMITED_AND_DEAF: &str = r#"trap "" XFSZ; ulimit -c 0; ulimit -f 8; exec "$@""#;

const SIGXFSZ: i32 = 25;

/// Changes that were made before the limit was met.
const REFUSED: &str = "refused after";

/// The writer is refused a change, and is told why.
pub(crate) fn refuses(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::new(folder.path().join("store"));
    let output = run(LIMITED_AND_DEAF, test, &history);
    let said = String::from_utf8_lossy(&output.stdout);
    let made = said.lines().find_map(|line| line.split_once(REFUSED)).map(|(_, made)| made.trim().parse());
    let made: u64 = made.unwrap_or_else(|| panic!("{output:?}")).unwrap();
    assert!(output.status.success(), "{output:?}");
    while history.next() < made {
        history.advance();
    }
    goes_on(history);
}

/// What the child does: change until it is refused.
pub(crate) fn meet(orders: &Orders) {
    let mut history = History::new(orders.store.clone());
    let store = Opening::Making.open(history.directory()).unwrap();
    let error = history.change_until_refused(&store);
    expectation::refuses(&error, ErrorKind::FileTooLarge, &history.directory().join(DATABASE));
    history.is_true();
    println!("{REFUSED} {}", history.next());
}

/// The writer is killed in the middle of the file.
pub(crate) fn kills(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::new(folder.path().join("store"));
    let output = run(LIMITED, test, &history);
    assert_eq!(output.status.signal(), Some(SIGXFSZ), "{output:?}");
    assert_eq!(judge(&Progress::of(&output.stdout), &mut history), Verdict::Before);
    goes_on(history);
}

fn run(shell: &str, test: &str, history: &History) -> Output {
    let outer = ["sh", "-c", shell, "sh"].map(OsStr::new);
    Orders::endless(history.directory(), history.next()).command_within(&outer, test).output().unwrap()
}

/// Without the limit everything is as before, and the change is made.
fn goes_on(mut history: History) {
    let store = Opening::ConflictPolicy.open(history.directory()).unwrap();
    history.change(&store).unwrap();
    history.is_true();
}
