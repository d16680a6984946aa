//! A file size limit that is reached in the middle of a file.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Output;

use crate::child::Orders;
use crate::expectation;
use crate::history::History;
use crate::kill_outcome::{KillOutcome, outcome_of_kill};
use crate::store::{DATABASE, Opening};
use crate::writer::Progress;

/// A limit in blocks of 512 bytes, without a core dump of the killed process.
const LIMITED: &str = r#"ulimit -c 0; ulimit -f 8; exec "$@""#;

/// A file size limit at which the write fails instead of the process being killed.
const LIMITED_AND_DEAF: &str = r#"trap "" XFSZ; ulimit -c 0; ulimit -f 8; exec "$@""#;

const SIGXFSZ: i32 = 25;

/// Changes made before the limit is reached.
const REFUSED: &str = "refused after";

/// A change fails with an error that names the limit.
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

/// The child: makes changes until one fails.
pub(crate) fn meet(orders: &Orders) {
    let mut history = History::new(orders.store.clone());
    let store = Opening::Creating.open(history.directory()).unwrap();
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
    assert_eq!(outcome_of_kill(&Progress::of(&output.stdout), &mut history), KillOutcome::Before);
    goes_on(history);
}

fn run(shell: &str, test: &str, history: &History) -> Output {
    let outer = ["sh", "-c", shell, "sh"].map(OsStr::new);
    Orders::endless(history.directory(), history.next()).command_within(&outer, test).output().unwrap()
}

/// Checks that without the limit the state is as before, and the change succeeds.
fn goes_on(mut history: History) {
    let store = Opening::Existing.open(history.directory()).unwrap();
    history.change(&store).unwrap();
    history.is_true();
}
