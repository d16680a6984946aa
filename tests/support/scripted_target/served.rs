//! One connection of a scripted target with a conforming target behind it, between whose PDUs the script has its say.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iscsi_pdu::{
    LoginRequest, LoginResponse, LoginStatus, RawPdu, ScsiCommand, SerialNumber, TaskManagementRequest,
    TextRequest,
};
use rand::TryRng as _;
use rand::rngs::SysRng;

use super::full_feature::{Moment, Reply};
use super::wire::{Wire, WireError};
use crate::ram_disk::fault::Fault;
use crate::ram_disk::{ConnectionId, Engine};

/// Makes another response of the one that a conforming target would send to a request.
pub(super) type ChangeResponse = dyn Fn(&LoginRequest, LoginResponse) -> LoginResponse + Send + Sync;

/// An engine that the connections of a script share. Commands take no time in it, so that its clock may stand still.
pub(super) type SharedEngine = Arc<Mutex<Engine>>;

/// A connection that the engine knows.
pub(super) struct Served {
    pub(super) wire: Wire,
    engine: SharedEngine,
    id: ConnectionId,
}

impl Served {
    /// Takes the initiator through a whole login, with responses passed through a change.
    pub(super) async fn log_in(
        wire: Wire,
        engine: SharedEngine,
        change: &ChangeResponse,
    ) -> Result<Self, WireError> {
        let local = wire.stream().local_addr()?;
        let mut random = [0; Engine::RANDOM_BYTES];
        SysRng.try_fill_bytes(&mut random).map_err(std::io::Error::other)?;
        let id = lock(&engine).connect(Duration::ZERO, local, &random);
        let mut served = Self { wire, engine, id };
        while served.engine().session(id).is_none() {
            let raw = served.receive().await?;
            let request = LoginRequest::decode(raw.clone())?;
            served.engine().receive_pdu(id, raw, Duration::ZERO);
            served.answer_login(&request, change).await?;
        }
        let parameters = served.engine().session(id).map(|session| session.parameters);
        if let Some(parameters) = parameters {
            served.wire.set_full_feature(parameters.digests, parameters.max_recv_data_segment_length);
        }
        Ok(served)
    }

    async fn answer_login(
        &mut self,
        request: &LoginRequest,
        change: &ChangeResponse,
    ) -> Result<(), WireError> {
        let outgoing = self.engine().next_pdu(self.id);
        if let Some(outgoing) = outgoing {
            let response = LoginResponse::decode(outgoing.pdu)?;
            let is_refusal = response.status != LoginStatus::SUCCESS;
            let response = if is_refusal { response } else { change(request, response) };
            self.wire.send_with(response.encode(), outgoing.digests).await?;
        }
        self.check()
    }

    /// The next PDU of the initiator.
    pub(super) async fn receive(&mut self) -> Result<RawPdu, WireError> {
        let received = self.wire.receive().await?;
        received.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
    }

    /// Executes one request like a conforming target; says whether there may be more.
    pub(super) async fn handle(&mut self, raw: RawPdu) -> Result<bool, WireError> {
        let id = self.id;
        self.engine().receive_pdu(id, raw, Duration::ZERO);
        loop {
            let outgoing = self.engine().next_pdu(id);
            let Some(outgoing) = outgoing else { break };
            self.wire.send_with(outgoing.pdu, outgoing.digests).await?;
        }
        self.check()?;
        Ok(!self.engine().is_closing(id))
    }

    /// Takes a command in without executing it.
    pub(super) fn take_in(&mut self, command: &ScsiCommand) -> Result<Moment, WireError> {
        self.admit(command.immediate, command.cmd_sn, command.exp_stat_sn)
    }

    /// Takes a Text Request in without answering it.
    pub(super) fn take_in_text(&mut self, request: &TextRequest) -> Result<Moment, WireError> {
        self.admit(request.immediate, request.cmd_sn, request.exp_stat_sn)
    }

    /// Takes a Task Management Function Request in without executing it.
    pub(super) fn take_in_management(
        &mut self,
        request: &TaskManagementRequest,
    ) -> Result<Moment, WireError> {
        self.admit(request.immediate, request.cmd_sn, request.exp_stat_sn)
    }

    fn admit(
        &mut self,
        immediate: bool,
        cmd_sn: SerialNumber,
        exp_stat_sn: SerialNumber,
    ) -> Result<Moment, WireError> {
        if let Some((session, shared)) = self.engine().session_mut(self.id) {
            session.admit(shared, immediate, cmd_sn, exp_stat_sn)?;
            session.window.advance();
        }
        self.moment()
    }

    pub(super) fn moment(&self) -> Result<Moment, WireError> {
        let engine = self.engine();
        let session = engine.session(self.id).ok_or_else(|| Fault::violation("the session is over"))?;
        Ok(Moment {
            numbers: session.numbers(),
            digests: session.parameters.digests,
            max_data_segment: session.parameters.max_send_data_segment_length,
        })
    }

    /// The moment after this command will have been taken in, possibly by the conforming target.
    pub(super) fn moment_after(&self, command: &ScsiCommand) -> Result<Moment, WireError> {
        let mut moment = self.moment()?;
        let numbers = &mut moment.numbers;
        let taken = u32::from(!command.immediate);
        (numbers.exp_cmd_sn, numbers.max_cmd_sn) =
            (numbers.exp_cmd_sn.plus(taken), numbers.max_cmd_sn.plus(taken));
        Ok(moment)
    }

    pub(super) async fn reply(&mut self, reply: &Reply) -> Result<(), WireError> {
        if let Some((session, _)) = self.engine().session_mut(self.id) {
            for _ in 0..reply.statuses {
                let _ = session.status_numbers();
            }
        }
        Ok(self.wire.send_bytes(&reply.bytes).await?)
    }

    /// The fault by which the engine ended the connection, as an error.
    fn check(&self) -> Result<(), WireError> {
        match self.engine().fault(self.id) {
            Some(fault) => Err(fault.clone().into()),
            None => Ok(()),
        }
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        lock(&self.engine)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let id = self.id;
        self.engine().disconnect(id);
    }
}

fn lock(engine: &Mutex<Engine>) -> MutexGuard<'_, Engine> {
    engine.lock().unwrap_or_else(PoisonError::into_inner)
}
