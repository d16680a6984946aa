//! A network of its own for a test, in which an address can disappear: the test runs in a child process.

use std::env;
use std::net::Ipv4Addr;
use std::process::Command;

/// The address that can disappear. It is reserved for documentation, so it leads nowhere else (RFC 5737).
pub(crate) const PORTAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// Set to the name of the test in the child.
const VARIABLE: &str = "ISCSI_TESTS_OUTAGE";

/// Ways to create a namespace: for any user; for root where the first is forbidden.
const NAMESPACES: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];

/// Runs the body of the test of this name in a child with a network of its own.
pub(crate) fn run(test: &str, body: impl FnOnce()) {
    if env::var_os(VARIABLE).is_some_and(|name| name == test) {
        ip(&["link", "set", "lo", "up"]);
        add_portal();
        return body();
    }
    let is_possible = |options: &&&[&str]| {
        Command::new("unshare").args(**options).arg("true").status().is_ok_and(|status| status.success())
    };
    let options = NAMESPACES.iter().find(is_possible);
    let options =
        options.expect("`unshare` (util-linux) makes a network: run as root, or allow user namespaces");
    let mut command = Command::new("unshare");
    command.args(*options).arg(env::current_exe().unwrap()).args([test, "--exact", "--nocapture"]);
    let status = command.env(VARIABLE, test).status().unwrap();
    assert!(status.success(), "the test failed in its network: {status}");
}

pub(crate) fn add_portal() {
    ip(&["address", "add", &format!("{PORTAL}/32"), "dev", "lo"]);
}

/// Connections to the address stay, and nothing arrives on them any more.
pub(crate) fn remove_portal() {
    ip(&["address", "del", &format!("{PORTAL}/32"), "dev", "lo"]);
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("`ip` (iproute2) is installed");
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
