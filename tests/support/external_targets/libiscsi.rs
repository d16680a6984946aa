//! The tools of libiscsi: a second initiator, with which the external targets are tested.

use std::time::Duration;

use super::program::{Outcome, Program, run};

/// Longer than any login here. `iscsi-ls` never ends with istgt, see `tests/README.md`.
const LIMIT: Duration = Duration::from_secs(30);

/// The credentials of a login.
#[derive(Clone, Copy, Default)]
pub(super) struct Credentials<'a> {
    pub(super) initiator: Option<(&'a str, &'a str)>,
    pub(super) target: Option<(&'a str, &'a str)>,
}

impl Credentials<'_> {
    fn apply(self, url: &str) -> String {
        let rest = url.strip_prefix("iscsi://").expect("an iSCSI URL");
        let login = self.initiator.map(|(user, secret)| format!("{user}%{secret}@")).unwrap_or_default();
        let mutual =
            self.target.map(|(user, secret)| format!("?target_user={user}&target_password={secret}"));
        format!("iscsi://{login}{rest}{}", mutual.unwrap_or_default())
    }
}

/// Logs in, asks for INQUIRY data, logs out.
pub(super) fn inquire(url: &str, credentials: Credentials<'_>) -> Outcome {
    tool("iscsi-inq", url, credentials)
}

/// Logs in, asks for the capacity, logs out.
pub(super) fn read_capacity(url: &str) -> Outcome {
    tool("iscsi-readcapacity16", url, Credentials::default())
}

/// Lists the targets of the portal in an URL.
pub(super) fn discover(url: &str, credentials: Credentials<'_>) -> Outcome {
    tool("iscsi-ls", url, credentials)
}

fn tool(name: &'static str, url: &str, credentials: Credentials<'_>) -> Outcome {
    let program = Program { name, package: "libiscsi-bin" };
    run(program.command().arg(credentials.apply(url)), LIMIT).expect("the tool ends in time")
}
