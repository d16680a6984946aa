//! The limit of open files, which is checked before anything else.

use crate::client::{self, Client};
use crate::program::command;
use crate::target::{self, Target};

/// Sets soft and hard limit of what comes after.
const LIMITED: [&str; 4] = ["sh", "-c", r#"ulimit -Sn 64 && ulimit -Hn 1000 && exec "$@""#, "sh"];

/// Both programs refuse to start if the limit of open files is too low for the sessions.
pub(crate) fn are_checked_first() {
    let client = client::words_of_program("127.0.0.1:1", "5000");
    refuses(&target::words_of_program("5000"));
    refuses(&[&client[..], &["driven", "--at-once", "1"]].concat());
}

fn refuses(program: &[&str]) {
    let output = command(&[&["timeout", "60"], &LIMITED[..], program].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let hint = "5064 open files are needed and 1000 allowed: raise the limit with `ulimit -n 5064`";
    assert!(text.contains(hint), "{text}");
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
}

/// A soft limit that is too low is no obstacle.
pub(crate) fn are_raised() {
    const SESSIONS: u32 = 300;
    let target = Target::start_within(&LIMITED, SESSIONS);
    let mut client = Client::start_within(&LIMITED, target.portal(), SESSIONS);
    client.log_in(SESSIONS);
    client.is_served(SESSIONS);
    client.end();
    target.end();
}
