//! The task that plays a script on one connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use iscsi_pdu::{InitiatorPdu, LoginRequest, RawPdu, ScsiCommand, TaskManagementRequest, TextRequest};
use tokio::net::TcpStream;

use super::Script;
use super::flood;
use super::full_feature::{Moment, Reply};
use super::log::Log;
use super::script::Step;
use super::served::Served;
use super::wire::{Wire, WireError};
use crate::ram_disk::fault::Fault;

/// One connection: bare at first, with a session on it after a login.
pub(super) enum Player {
    Bare(Wire),
    LoggedIn(Box<Served>),
    Closed,
}

impl Player {
    pub(super) fn new(stream: TcpStream, number: usize, log: &Arc<Log>) -> io::Result<Self> {
        let mut wire = Wire::new(stream)?;
        let log = Arc::clone(log);
        wire.set_witness(Box::new(move |raw| log.keep(number, raw)));
        Ok(Self::Bare(wire))
    }

    /// Takes all steps, and then listens until the initiator closes.
    pub(super) async fn play(&mut self, script: Script) -> Result<(), WireError> {
        let mut last_command = None;
        for step in script.steps {
            self.take_step(step, &mut last_command).await?;
        }
        while let Ok(wire) = self.wire()
            && wire.receive().await?.is_some()
        {}
        Ok(())
    }

    async fn take_step(
        &mut self,
        step: Step,
        last_command: &mut Option<ScsiCommand>,
    ) -> Result<(), WireError> {
        match step {
            Step::Take => drop(receive(self.wire()?).await?),
            Step::AnswerLogin(answer) => {
                let wire = self.wire()?;
                let request = LoginRequest::decode(receive(wire).await?)?;
                wire.send(answer(&request).encode()).await?;
            }
            Step::LogIn(engine, change) => {
                let Self::Bare(wire) = std::mem::replace(self, Self::Closed) else {
                    return Err(out_of_place());
                };
                *self = Self::LoggedIn(Box::new(Served::log_in(wire, engine, &*change).await?));
            }
            Step::AnswerCommand(operation, answer) => {
                let connection = self.connection()?;
                let command = serve_until(connection, operation).await?;
                let moment = connection.take_in(&command)?;
                let reply = answer(&command, &moment);
                connection.reply(&reply).await?;
                *last_command = Some(command);
            }
            Step::AnswerAgain(answer) => {
                let command = last_command.as_ref().ok_or_else(out_of_place)?;
                let connection = self.connection()?;
                let reply = answer(command, &connection.moment()?);
                connection.reply(&reply).await?;
            }
            Step::AnswerText(answer) => {
                let connection = self.connection()?;
                let request = serve_until_text(connection).await?;
                let moment = connection.take_in_text(&request)?;
                let reply = answer(&request, &moment);
                connection.reply(&reply).await?;
            }
            Step::AnswerManagement(answer) => {
                let connection = self.connection()?;
                let request = serve_until_management(connection).await?;
                let moment = connection.take_in_management(&request)?;
                let reply = answer(&request, &moment);
                connection.reply(&reply).await?;
            }
            Step::Announce(make) => {
                let connection = self.connection()?;
                let announcement = make(&connection.moment()?);
                connection.reply(&announcement).await?;
            }
            Step::Serve => {
                let connection = self.connection()?;
                let mut goes_on = true;
                while goes_on {
                    let raw = connection.receive().await?;
                    goes_on = connection.handle(raw).await?;
                }
            }
            Step::ServeBut(answer) => serve_but(self.connection()?, &*answer).await?,
            Step::Flood(make) => {
                flood::beside_service(self.connection()?, last_command.as_ref(), &make).await?;
            }
            Step::FloodUnread(make) => {
                flood::unread(self.connection()?, last_command.as_ref(), &make).await?;
            }
            Step::Send(bytes) => self.wire()?.send_bytes(&bytes).await?,
            Step::Trickle(bytes, pause) => trickle(self.wire()?, &bytes, pause).await?,
            Step::Pause(time) => tokio::time::sleep(time).await,
            Step::Close => *self = Self::Closed,
        }
        Ok(())
    }

    fn wire(&mut self) -> Result<&mut Wire, WireError> {
        match self {
            Self::Bare(wire) => Ok(wire),
            Self::LoggedIn(connection) => Ok(&mut connection.wire),
            Self::Closed => Err(out_of_place()),
        }
    }

    fn connection(&mut self) -> Result<&mut Served, WireError> {
        match self {
            Self::LoggedIn(connection) => Ok(connection),
            Self::Bare(_) | Self::Closed => Err(out_of_place()),
        }
    }
}

async fn receive(wire: &mut Wire) -> Result<RawPdu, WireError> {
    wire.receive().await?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof).into())
}

/// Serves like a conforming target until a command with this operation code arrives.
async fn serve_until(connection: &mut Served, operation: u8) -> Result<ScsiCommand, WireError> {
    loop {
        let raw = connection.receive().await?;
        match InitiatorPdu::decode(raw.clone())? {
            InitiatorPdu::ScsiCommand(command) if command.cdb.first() == Some(&operation) => {
                return Ok(command);
            }
            _ => drop(connection.handle(raw).await?),
        }
    }
}

/// Serves like a conforming target, except for the commands that have an answer in the script.
async fn serve_but(
    connection: &mut Served,
    answer: &(dyn Fn(&ScsiCommand, &Moment) -> Option<Reply> + Send + Sync),
) -> Result<(), WireError> {
    let mut goes_on = true;
    while goes_on {
        let raw = connection.receive().await?;
        let own = match InitiatorPdu::decode(raw.clone())? {
            InitiatorPdu::ScsiCommand(command) => {
                answer(&command, &connection.moment_after(&command)?).map(|reply| (command, reply))
            }
            _ => None,
        };
        match own {
            Some((command, reply)) => {
                connection.take_in(&command)?;
                connection.reply(&reply).await?;
            }
            None => goes_on = connection.handle(raw).await?,
        }
    }
    Ok(())
}

/// Serves like a conforming target until a Text Request arrives.
async fn serve_until_text(connection: &mut Served) -> Result<TextRequest, WireError> {
    loop {
        let raw = connection.receive().await?;
        match InitiatorPdu::decode(raw.clone())? {
            InitiatorPdu::TextRequest(request) => return Ok(request),
            _ => drop(connection.handle(raw).await?),
        }
    }
}

/// Serves like a conforming target until a Task Management Function Request arrives.
async fn serve_until_management(connection: &mut Served) -> Result<TaskManagementRequest, WireError> {
    loop {
        let raw = connection.receive().await?;
        match InitiatorPdu::decode(raw.clone())? {
            InitiatorPdu::TaskManagementRequest(request) => return Ok(request),
            _ => drop(connection.handle(raw).await?),
        }
    }
}

async fn trickle(wire: &mut Wire, bytes: &[u8], pause: Duration) -> Result<(), WireError> {
    for byte in bytes {
        wire.send_bytes(&[*byte]).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// A script that cannot be played as it is written.
fn out_of_place() -> WireError {
    Fault::violation("a step of the script has no place here").into()
}
