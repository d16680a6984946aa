//! A private file system for a child: `tmpfs` in a mount namespace, which ends with the child.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use crate::child::Orders;

/// A shell script that mounts and then executes the rest of the line.
const MOUNT: &str = r#"mount -t tmpfs -o "mode=0700,$1" tmpfs "$2" && shift 2 && exec "$@""#;

/// Ways to create a namespace: for any user; for root where the first is forbidden.
const NAMESPACES: [&[&str]; 2] =
    [&["unshare", "--user", "--map-root-user", "--mount"], &["unshare", "--mount"]];

/// The last line of a child that succeeded.
const PLAYED: &str = "played to the end";

/// Runs a role in a child with a file system of these options. The role gets the mounted directory.
pub(crate) fn run(test: &str, options: &str, role: fn(&Path)) {
    if let Some(orders) = Orders::received() {
        role(&orders.store);
        return println!("{PLAYED}");
    }
    let place = tempfile::tempdir().unwrap();
    let orders = Orders { store: place.path().to_owned(), number: 0, changes: 0 };
    let output = within(options, place.path(), |outer| orders.command_within(outer, test));
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains(PLAYED), "{}\n{said}\n{error}", output.status);
}

/// Changes one option of the file system at `place`. The type is given so that old options are not passed again: their
/// owner may be unknown in the namespace.
pub(crate) fn remount(place: &Path, option: &str) {
    let option = format!("remount,{option}");
    let output = Command::new("mount").args(["-o", &option, "tmpfs"]).arg(place).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Runs a command in which `place` is such a file system.
fn within(options: &str, place: &Path, command: impl Fn(&[&OsStr]) -> Command) -> Output {
    let mounting = ["sh", "-c", MOUNT, "sh", options].map(OsStr::new);
    let line = |namespace: &[&'static str]| -> Vec<&OsStr> {
        namespace.iter().copied().map(OsStr::new).chain(mounting).chain([place.as_os_str()]).collect()
    };
    let possible = NAMESPACES.into_iter().find(|namespace| {
        let line = line(namespace);
        Command::new(line[0]).args(&line[1..]).arg("true").status().is_ok_and(|status| status.success())
    });
    let namespace = possible.expect(
        "`unshare` (util-linux) and `mount` make a file system: run as root, or allow user namespaces",
    );
    command(&line(namespace)).output().unwrap()
}
