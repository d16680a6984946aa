//! The socket of a scripted target.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::log::Log;
use super::player::Player;
use super::wire::WireError;
use super::{Received, Script};
use crate::ram_disk::fault::Fault;

/// A scripted target on a free port of 127.0.0.1. Dropping it closes everything.
pub struct ScriptedTarget {
    address: SocketAddr,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

impl ScriptedTarget {
    /// Plays the same script on every connection.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn serve(script: Script) -> io::Result<Self> {
        Self::serve_each(vec![script]).await
    }

    /// Plays each script on one connection, in order, and the last one on all further connections.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn serve_each(scripts: Vec<Script>) -> io::Result<Self> {
        Self::serve_with_address(|_| scripts).await
    }

    /// Serves scripts that need the address of the scripted target, for redirections back to it.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn serve_with_address(scripts: impl FnOnce(SocketAddr) -> Vec<Script>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let log = Arc::new(Log::default());
        let task = tokio::spawn(accept(listener, scripts(address), Arc::clone(&log)));
        Ok(Self { address, log, task })
    }

    /// The address of the portal.
    #[must_use]
    pub const fn portal(&self) -> SocketAddr {
        self.address
    }

    /// The number of connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.log.connections.borrow().0
    }

    /// Every PDU received so far, of all connections, in order of arrival; at most the first 100,000.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.log.received().clone()
    }

    /// Why scripts ended early: the initiator broke a rule towards the honest part of a script, or the script has a step
    /// out of place. That an initiator left is none.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.log.faults().clone()
    }

    /// Waits until no connection is open, at least one having been accepted. What [`Self::received`] gives is then all
    /// there will be of them.
    pub async fn all_closed(&self) {
        let mut connections = self.log.connections.subscribe();
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = connections.wait_for(|&(accepted, over)| accepted > 0 && accepted == over).await;
    }
}

impl Drop for ScriptedTarget {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, scripts: Vec<Script>, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = log.connections.borrow().0;
        log.connections.send_modify(|count| count.0 += 1);
        let script = scripts.get(number).or(scripts.last()).cloned().unwrap_or_default();
        let log = Arc::clone(&log);
        connections.spawn(async move {
            let end = match Player::new(stream, number, &log) {
                Ok(mut player) => player.play(script).await,
                Err(error) => Err(error.into()),
            };
            if let Err(WireError::Fault(
                fault @ (Fault::ProtocolViolation(_) | Fault::Malformed(_) | Fault::Refused(_)),
            )) = end
            {
                log.faults().push(fault.to_string());
            }
            log.connections.send_modify(|count| count.1 += 1);
        });
    }
}
