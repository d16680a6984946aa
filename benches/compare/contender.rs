//! Contenders of the comparison, and the processes that run them.

use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::accounts::{FORWARD, INITIATOR, REVERSE};
use crate::arguments::{Amount, Runtime};
use crate::case::Authentication;
use crate::exchanges::Exchanges;
use crate::sample::ClientSample;

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// The library of this repository.
    Ours,
    /// libiscsi, by `libiscsi_login.c`.
    Libiscsi,
    /// Plain TCP segments.
    Bare,
}

impl Contender {
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::Libiscsi, Self::Bare];

    /// The name in tables and figures.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Libiscsi => "libiscsi",
            Self::Bare => "bare",
        }
    }

    /// All of them, each round beginning with another one: what a neighbour leaves behind is shared out.
    pub(crate) fn in_turn(round: u32) -> impl Iterator<Item = Self> {
        let first = usize::try_from(round).unwrap_or_default() % Self::ALL.len();
        Self::ALL.into_iter().cycle().skip(first).take(Self::ALL.len())
    }
}

/// The arguments of a client.
pub(crate) struct Errand<'a> {
    /// The program of `libiscsi_login.c`.
    pub(crate) libiscsi: &'a Path,
    pub(crate) portal: SocketAddr,
    pub(crate) target: &'a str,
    pub(crate) responder: SocketAddr,
    pub(crate) exchanges: &'a Exchanges,
    pub(crate) authentication: Authentication,
    pub(crate) runtime: Runtime,
    pub(crate) amount: Amount,
}

impl Errand<'_> {
    /// Sends a client out and waits for its sample.
    pub(crate) fn run(&self, contender: Contender) -> Result<ClientSample, Failure> {
        let output = self.command(contender)?.output()?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("{}: {}: {complaint}", contender.word(), output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn command(&self, contender: Contender) -> Result<Command, Failure> {
        Ok(match contender {
            Contender::Ours => self.ours()?,
            Contender::Libiscsi => self.libiscsi(),
            Contender::Bare => self.bare()?,
        })
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
        command.args(["--exchanges", &self.exchanges.to_string()]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_has_its_turn_in_every_round_and_each_begins_once() {
        let orders: Vec<Vec<Contender>> = (0..3).map(|round| Contender::in_turn(round).collect()).collect();
        for contender in Contender::ALL {
            assert!(orders.iter().all(|order| order.contains(&contender)));
            assert_eq!(orders.iter().filter(|order| order.first() == Some(&contender)).count(), 1);
        }
    }
}
