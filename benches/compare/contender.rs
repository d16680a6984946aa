//! Contenders of the comparison, and the processes that run them.

use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::accounts::{FORWARD, INITIATOR, REVERSE};
use crate::arguments::{Amount, Runtime};
use crate::case::Authentication;
use crate::sample::ClientSample;
use crate::transcript::Transcript;

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contender {
    /// The library of this repository.
    Ours,
    /// libiscsi, by `libiscsi_login.c` and `libiscsi_io.c`.
    Libiscsi,
    /// `qemu-img bench`, which uses libiscsi; only for reads and writes.
    Qemu,
    /// Plain TCP segments.
    Bare,
    /// The recorded requests of the library, sent to the target again; only for logins.
    Replay,
}

impl Contender {
    /// The contenders of logins.
    pub(crate) const OF_LOGINS: [Self; 3] = [Self::Ours, Self::Libiscsi, Self::Bare];

    /// The contenders of logins that can be replayed.
    pub(crate) const WITH_REPLAY: [Self; 4] = [Self::Ours, Self::Libiscsi, Self::Bare, Self::Replay];

    /// The contenders of reads and writes.
    pub(crate) const OF_IO: [Self; 4] = [Self::Ours, Self::Libiscsi, Self::Qemu, Self::Bare];

    /// The name in tables and figures.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Libiscsi => "libiscsi",
            Self::Qemu => "qemu-img",
            Self::Bare => "bare",
            Self::Replay => "replay",
        }
    }
}

/// Sends a client out and waits for its sample.
pub(crate) fn run_client(contender: Contender, mut command: Command) -> Result<ClientSample, Failure> {
    let output = command.output()?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("{}: {}: {complaint}", contender.word(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The arguments of a client.
pub(crate) struct Errand<'a> {
    /// The program of `libiscsi_login.c`.
    pub(crate) libiscsi: &'a Path,
    pub(crate) portal: SocketAddr,
    pub(crate) target: &'a str,
    pub(crate) responder: SocketAddr,
    pub(crate) transcript: &'a Transcript,
    pub(crate) authentication: Authentication,
    pub(crate) runtime: Runtime,
    pub(crate) amount: Amount,
}

impl Errand<'_> {
    /// Sends a client out and waits for its sample.
    pub(crate) fn run(&self, contender: Contender) -> Result<ClientSample, Failure> {
        run_client(contender, self.command(contender)?)
    }

    fn command(&self, contender: Contender) -> Result<Command, Failure> {
        match contender {
            Contender::Ours => self.ours(),
            Contender::Libiscsi => Ok(self.libiscsi()),
            Contender::Bare => self.bare(),
            Contender::Replay => self.replay(),
            Contender::Qemu => Err("qemu-img has no contest of logins".into()),
        }
    }

    fn ours(&self) -> Result<Command, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["log-in", "--portal", &self.portal.to_string(), "--target", self.target]);
        command.args(["--authentication", self.authentication.word()]);
        self.add_amount(&mut command);
        Ok(command)
    }

    fn bare(&self) -> Result<Command, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["exchange", "--portal", &self.responder.to_string()]);
        command.args(["--exchanges", &self.transcript.sizes().to_string()]);
        self.add_amount(&mut command);
        Ok(command)
    }

    fn replay(&self) -> Result<Command, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["replay", "--portal", &self.portal.to_string()]);
        command.args(["--transcript", &self.transcript.to_string()]);
        self.add_amount(&mut command);
        Ok(command)
    }

    fn add_amount(&self, command: &mut Command) {
        let Amount { concurrency, unmeasured, logins } = self.amount;
        command.args(["--runtime", self.runtime.word(), "--concurrency", &concurrency.to_string()]);
        command.args(["--unmeasured", &unmeasured.to_string(), "--logins", &logins.to_string()]);
    }

    /// Secrets go by the environment: everybody can read arguments.
    fn libiscsi(&self) -> Command {
        let Amount { concurrency, unmeasured, logins } = self.amount;
        let mut command = Command::new(self.libiscsi);
        command.args([&self.portal.to_string(), self.target, INITIATOR]);
        command.args([u64::from(concurrency), unmeasured, logins].map(|number| number.to_string()));
        if self.authentication.is_forward() {
            command.env("FORWARD_NAME", FORWARD.name).env("FORWARD_SECRET", FORWARD.secret);
        }
        if self.authentication.is_reverse() {
            command.env("REVERSE_NAME", REVERSE.name).env("REVERSE_SECRET", REVERSE.secret);
        }
        command
    }
}
