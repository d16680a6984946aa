//! The target over TCP: one task for each connection, and one for the time, around one engine.

use std::collections::BTreeMap;
use std::future::{pending, ready};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use iscsi_pdu::{EncodedPdu, IscsiName};
use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::engine::{ConnectionId, Engine, Transmit};
use super::{Config, Report};

const READ_SIZE: usize = 65_536;
/// Bytes and PDUs after which a batch is sent: data are made as the socket takes them.
const BATCH_BYTES: usize = 65_536;
const BATCH_PDUS: usize = 64;

/// Opens RAM-disk targets.
pub struct RamDisk;

impl RamDisk {
    /// Listens and serves until the returned value is dropped. Needs a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound, or a unit has no block, blocks of no bytes, a number beyond 16383 or more bytes
    /// than the machine can address.
    ///
    /// # Cancel safety
    /// It never waits: nothing is left behind.
    #[allow(clippy::unused_async, reason = "only a runtime can serve")]
    pub async fn serve(config: Config) -> io::Result<Running> {
        let listener = listen(&config)?;
        let address = listener.local_addr()?;
        let most_connections = config.most_connections;
        let engine =
            Engine::new(config).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let portal = Arc::new(Portal::new(engine));
        let serving = Arc::clone(&portal);
        let task = tokio::spawn(async move {
            tokio::select! {
                () = accept(listener, &serving, most_connections) => {}
                () = serving.keep_time() => {}
            }
        });
        Ok(Running { address, portal, task })
    }
}

/// Targets that are being served. Dropping it closes the portal and all its connections.
pub struct Running {
    address: SocketAddr,
    portal: Arc<Portal>,
    task: JoinHandle<()>,
}

impl Running {
    /// The address of the portal.
    #[must_use]
    pub const fn portal(&self) -> SocketAddr {
        self.address
    }

    /// The report so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let state = self.portal.state();
        Report { panics: state.panics, ..state.engine.report().clone() }
    }

    /// Closes the connections of all normal sessions without a logout, and returns their number.
    #[must_use]
    pub fn cut_sessions(&self) -> usize {
        self.portal.with(Engine::end_sessions)
    }

    /// Bytes of a unit's medium, cut off at its end; `None` if there is no such target or unit.
    #[must_use]
    pub fn read_medium(&self, target: &IscsiName, unit: u16, offset: u64, length: usize) -> Option<Vec<u8>> {
        self.portal.state().engine.read_medium(target, unit, offset, length)
    }

    /// Looks at the engine, or changes it, between two requests.
    pub fn with_engine<T>(&self, call: impl FnOnce(&mut Engine) -> T) -> T {
        self.portal.with(call)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The engine, and what wakes the tasks around it.
struct Portal {
    state: Mutex<State>,
    origin: Instant,
    /// Rung when the engine's deadline comes earlier than the time that is waited for.
    earlier: Notify,
}

struct State {
    engine: Engine,
    /// Rings when a connection has something to send or to close.
    bells: BTreeMap<ConnectionId, Arc<Notify>>,
    /// The time that is waited for.
    alarm: Option<Duration>,
    panics: u32,
}

impl Portal {
    fn new(engine: Engine) -> Self {
        let state = State { engine, bells: BTreeMap::new(), alarm: None, panics: 0 };
        Self { state: Mutex::new(state), origin: Instant::now(), earlier: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Calls the engine, and wakes the tasks of connections that have something to do then.
    fn with<T>(&self, call: impl FnOnce(&mut Engine) -> T) -> T {
        let mut state = self.state();
        let result = call(&mut state.engine);
        for id in state.engine.take_ready() {
            state.bells.get(&id).inspect(|bell| bell.notify_one());
        }
        let deadline = state.engine.deadline();
        if deadline.is_some_and(|deadline| state.alarm.is_none_or(|alarm| deadline < alarm)) {
            self.earlier.notify_one();
        }
        result
    }

    /// Calls the engine at its deadlines.
    async fn keep_time(&self) {
        loop {
            let deadline = {
                let mut state = self.state();
                state.alarm = state.engine.deadline();
                state.alarm
            };
            let alarm = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(self.origin + deadline).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = alarm => self.with(|engine| engine.advance(self.now())),
                () = self.earlier.notified() => {}
            }
        }
    }
}

/// Binds like `TcpListener::bind`, but with a larger backlog.
fn listen(config: &Config) -> io::Result<TcpListener> {
    let socket = if config.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(config.address)?;
    socket.listen(config.backlog)
}

async fn accept(listener: TcpListener, portal: &Arc<Portal>, most_connections: usize) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < most_connections => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(portal)));
                }
                // Out of file descriptors, for one: wait for some to come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(ended) = connections.join_next() => {
                portal.state().panics += u32::from(ended.is_err());
            }
        }
    }
}

/// Serves one connection; a failed socket ends it like one that the initiator closed.
async fn serve(stream: TcpStream, portal: Arc<Portal>) {
    if let Ok(mut connection) = Connection::open(stream, portal) {
        let _ = connection.run().await;
    }
}

/// One connection, which its engine forgets when it is dropped.
struct Connection {
    stream: TcpStream,
    portal: Arc<Portal>,
    id: ConnectionId,
    bell: Arc<Notify>,
}

impl Connection {
    fn open(stream: TcpStream, portal: Arc<Portal>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        let mut random = [0; Engine::RANDOM_BYTES];
        SysRng.try_fill_bytes(&mut random).map_err(io::Error::other)?;
        let now = portal.now();
        let id = portal.with(|engine| engine.connect(now, local, &random));
        let bell = Arc::new(Notify::new());
        portal.state().bells.insert(id, Arc::clone(&bell));
        Ok(Self { stream, portal, id, bell })
    }

    async fn run(&mut self) -> io::Result<()> {
        let mut input = BytesMut::new();
        let mut needed = 0;
        loop {
            match self.send_all().await? {
                Transmit::Close => return Ok(()),
                Transmit::ShutDown => self.stream.shutdown().await?,
                Transmit::Idle | Transmit::Pdu(_) => {}
            }
            if input.is_empty() {
                // Nothing is kept for what may never come: thousands of idle connections have no buffer.
                input = BytesMut::new();
            }
            tokio::select! {
                readable = self.stream.readable() => readable?,
                () = self.bell.notified() => continue,
            }
            input.reserve(needed.max(READ_SIZE));
            // Polled once: unlike `try_read_buf`, it takes note of a read that empties the socket, which saves the next one.
            let received = tokio::select! {
                biased;
                received = self.stream.read_buf(&mut input) => received?,
                () = ready(()) => continue,
            };
            if received == 0 {
                return Ok(());
            }
            let now = self.portal.now();
            needed = self.portal.with(|engine| engine.receive_from(self.id, &mut input, now));
        }
    }

    /// Sends everything that there is to send, and returns what is to be done then. No request is read meanwhile: an
    /// initiator that does not read is not served.
    async fn send_all(&mut self) -> io::Result<Transmit> {
        loop {
            let (batch, next) = self.next_batch();
            let mut is_rung = false;
            let mut sending = pin!(write_all(&mut self.stream, &batch));
            loop {
                tokio::select! {
                    biased;
                    sent = &mut sending => break sent?,
                    () = self.bell.notified() => is_rung = true,
                }
                if self.portal.state().engine.has_ended(self.id) {
                    return Ok(Transmit::Close);
                }
            }
            if let Some(next) = next.filter(|_| !is_rung) {
                return Ok(next);
            }
        }
    }

    /// PDUs to send, and what is to be done then if they are all.
    fn next_batch(&self) -> (Vec<EncodedPdu>, Option<Transmit>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        self.portal.with(|engine| {
            loop {
                match engine.transmit(self.id) {
                    Transmit::Pdu(pdu) => {
                        bytes += pdu.length();
                        batch.push(pdu);
                    }
                    next => return (batch, Some(next)),
                }
                if bytes >= BATCH_BYTES || batch.len() >= BATCH_PDUS {
                    return (batch, None);
                }
            }
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.portal.with(|engine| engine.disconnect(self.id));
        self.portal.state().bells.remove(&self.id);
    }
}

/// Sends a batch by as few calls of the operating system as possible.
async fn write_all(stream: &mut TcpStream, batch: &[EncodedPdu]) -> io::Result<()> {
    let parts = batch.iter().flat_map(EncodedPdu::parts).filter(|part| !part.is_empty());
    let mut slices: Vec<_> = parts.map(IoSlice::new).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        let sent = stream.write_vectored(rest).await?;
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut rest, sent);
    }
    Ok(())
}
