//! The target of a world: the engine of the RAM disk at one end of the connection.

use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use iscsi_pdu::IscsiName;

use super::setup::{DISK, Setup};
use super::{Pipe, Received};
use crate::ram_disk::{ConnectionId, Engine, Transmit};

/// The target's side of a world.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) engine: Engine,
    pub(super) connection: ConnectionId,
    /// The PDU that is being written.
    outgoing: Bytes,
    /// Whether the target has closed its side, or the connection is gone.
    is_closed: bool,
}

impl Target {
    /// A target with one connection, with these random bytes for its login.
    pub(super) fn new(setup: &Setup, random: &[u8; Engine::RANDOM_BYTES]) -> Self {
        let mut engine = setup.engine();
        let connection = engine.connect(Duration::ZERO, setup.address(), random);
        Self { engine, connection, outgoing: Bytes::new(), is_closed: false }
    }

    /// Accepts another connection, to which everything from now on belongs. Returns the one before.
    pub(super) fn connect(
        &mut self,
        setup: &Setup,
        random: &[u8; Engine::RANDOM_BYTES],
        now: Duration,
    ) -> ConnectionId {
        let connection = self.engine.connect(now, setup.address(), random);
        (self.outgoing, self.is_closed) = (Bytes::new(), false);
        std::mem::replace(&mut self.connection, connection)
    }

    /// Takes what came through the pipe.
    pub(super) fn receive(&mut self, received: &Received, now: Duration) {
        match received {
            Received::Data(bytes) => self.engine.receive(self.connection, bytes, now),
            Received::Nothing => {}
            Received::EndOfStream | Received::Reset => {
                self.engine.disconnect(self.connection);
                (self.outgoing, self.is_closed) = (Bytes::new(), true);
            }
        }
    }

    /// Writes to the pipe, and closes it when the target closes the connection.
    pub(super) fn act(&mut self, pipe: &mut Pipe, now: Duration) {
        self.engine.take_ready();
        while self.write(pipe, now) {
            match self.engine.transmit(self.connection) {
                Transmit::Pdu(pdu) => {
                    let mut bytes = BytesMut::new();
                    pdu.append_to(&mut bytes);
                    self.outgoing = bytes.freeze();
                }
                Transmit::Idle => return,
                Transmit::ShutDown => return pipe.close(now),
                Transmit::Close => {
                    self.engine.disconnect(self.connection);
                    self.is_closed = true;
                    return pipe.close(now);
                }
            }
        }
    }

    /// Takes what is still on its way through the pipe, and finishes what it has begun.
    pub(super) fn drain(&mut self, pipe: &mut Pipe, now: Duration) {
        while pipe.ready(now) > 0 {
            let received = pipe.read(usize::MAX, now);
            self.receive(&received, now);
        }
        self.engine.advance(now);
    }

    /// Everything on the medium.
    pub(super) fn medium(&self, name: &IscsiName) -> Vec<u8> {
        let length = usize::try_from(DISK.blocks * u64::from(DISK.block_size)).unwrap_or(usize::MAX);
        self.engine.read_medium(name, 0, 0, length).unwrap_or_default()
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes the rest of the current PDU; true if there is none left, and the connection is open.
    fn write(&mut self, pipe: &mut Pipe, now: Duration) -> bool {
        while !self.is_closed && !self.outgoing.is_empty() {
            match pipe.write(&self.outgoing, now) {
                Ok(0) => return false,
                Ok(taken) => self.outgoing.advance(taken),
                // The end comes through the other pipe, too.
                Err(_) => self.outgoing.clear(),
            }
        }
        !self.is_closed
    }
}
