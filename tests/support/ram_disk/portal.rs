//! A listening socket with its targets and connections.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use iscsi_login::target;
use iscsi_pdu::{IscsiName, Lun};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::connection::Connection;
use super::disk::Disk;
use super::fault::Fault;
use super::managed::credentials_of;
use super::session_registry::SessionRegistry;
use super::{Config, Credentials, LogicalUnit, Report};

/// Opens RAM-disk targets.
pub struct RamDisk;

impl RamDisk {
    /// Listens and serves until the returned value is dropped. Needs a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound, or a unit has no block, blocks of no bytes, a number beyond 16383 or more bytes
    /// than the machine can address.
    #[allow(clippy::unused_async, reason = "only a runtime can serve")]
    pub async fn serve(config: Config) -> io::Result<Running> {
        let listener = listen(&config)?;
        let address = listener.local_addr()?;
        let portal = Arc::new(Portal::new(config)?);
        let task = tokio::spawn(accept(listener, Arc::clone(&portal)));
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
        self.portal.report().clone()
    }

    /// Closes the connections of all normal sessions without a logout, and returns their number.
    #[must_use]
    pub fn cut_sessions(&self) -> usize {
        self.portal.sessions.end_all()
    }

    /// Bytes of a unit's medium, cut off at its end; `None` if there is no such target or unit.
    #[must_use]
    pub fn read_medium(&self, target: &IscsiName, unit: u16, offset: u64, length: usize) -> Option<Vec<u8>> {
        let lun = Lun::from_number(unit)?;
        let target = self.portal.targets.iter().find(|served| served.name == *target)?;
        Some(target.unit(lun)?.read(offset, length).into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One target with its disks.
pub(crate) struct ServedTarget {
    pub(super) name: IscsiName,
    credentials: Credentials,
    units: Vec<(Lun, Disk)>,
}

impl ServedTarget {
    fn new(target: super::Target) -> io::Result<Self> {
        let units = target.units.into_iter().map(open_unit).collect::<io::Result<_>>()?;
        Ok(Self { name: target.name, credentials: target.credentials, units })
    }

    /// The credentials for a login of this initiator, if they are managed and looked up at login.
    fn managed(&self, initiator: &str) -> Result<Option<Credentials>, Fault> {
        match &self.credentials {
            Credentials::Managed(managed) => credentials_of(managed, initiator).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn unit(&self, lun: Lun) -> Option<&Disk> {
        self.units.iter().find(|unit| unit.0 == lun).map(|unit| &unit.1)
    }

    pub(super) fn luns(&self) -> impl Iterator<Item = Lun> {
        self.units.iter().map(|unit| unit.0)
    }
}

fn open_unit(unit: LogicalUnit) -> io::Result<(Lun, Disk)> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
    let lun = Lun::from_number(unit.number).ok_or_else(|| invalid("unit number beyond 16383"))?;
    let disk = Disk::new(unit.blocks, unit.block_size).ok_or_else(|| invalid("impossible size of a unit"))?;
    Ok((lun, disk))
}

/// The state shared by all connections.
pub(crate) struct Portal {
    pub(super) config: Config,
    pub(super) targets: Vec<ServedTarget>,
    next_tsih: AtomicU16,
    pub(super) sessions: SessionRegistry,
    report: Mutex<Report>,
}

impl Portal {
    pub(crate) fn new(mut config: Config) -> io::Result<Self> {
        let targets = std::mem::take(&mut config.targets);
        let targets = targets.into_iter().map(ServedTarget::new).collect::<io::Result<_>>()?;
        Ok(Self {
            config,
            targets,
            next_tsih: AtomicU16::new(1),
            sessions: SessionRegistry::default(),
            report: Mutex::default(),
        })
    }

    pub(super) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The managed credentials for each of `targets`, looked up by the name of the initiator.
    pub(super) fn managed(&self, initiator: &str) -> Result<Vec<Option<Credentials>>, Fault> {
        self.targets.iter().map(|target| target.managed(initiator)).collect()
    }

    /// The accounts in the form that a login takes, in the order of `targets`.
    pub(super) fn accounts<'a>(&'a self, managed: &'a [Option<Credentials>]) -> Vec<target::Account<'a>> {
        let account = |(served, managed): (&'a ServedTarget, &'a Option<Credentials>)| target::Account {
            name: &served.name,
            authentication: managed.as_ref().unwrap_or(&served.credentials).as_authentication(),
        };
        self.targets.iter().zip(managed).map(account).collect()
    }

    /// A session identifier, never 0.
    pub(super) fn next_tsih(&self) -> u16 {
        self.next_tsih.fetch_add(1, Ordering::Relaxed).max(1)
    }

    /// Notes how a connection ended.
    pub(crate) fn note(&self, fault: &Fault) {
        match fault {
            Fault::Refused(refusal) => self.report().note_refusal(refusal.status),
            Fault::ProtocolViolation(_) | Fault::Malformed(_) => {
                self.report().note_violation(fault.to_string());
            }
            Fault::Io(_) | Fault::LoginTimeout | Fault::NoRandomBytes(_) => {}
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

async fn accept(listener: TcpListener, portal: Arc<Portal>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < portal.config.most_connections => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&portal)));
                }
                // Out of file descriptors, for one: wait for some to come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(ended) = connections.join_next() => {
                let mut report = portal.report();
                report.connections_closed += 1;
                report.panics += u32::from(ended.is_err());
            }
        }
    }
}

async fn serve(stream: TcpStream, portal: Arc<Portal>) {
    portal.report().connections += 1;
    if let Err(fault) = run(stream, &portal).await {
        portal.note(&fault);
    }
}

async fn run(stream: TcpStream, portal: &Arc<Portal>) -> Result<(), Fault> {
    Connection::log_in(stream, Arc::clone(portal)).await?.serve().await
}
