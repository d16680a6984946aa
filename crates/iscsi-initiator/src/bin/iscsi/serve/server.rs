//! The server: clients come and go until a signal, the end of the parent or of a session.

use std::sync::Arc;
use std::time::Duration;

use iscsi_initiator::nbd::Agreement;
use iscsi_initiator::{Error, Session};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::drain::Drain;
use super::endpoint::{ClientStream, Endpoint};
use super::export::{Export, OperationCounts};
use super::handshake::{HandshakeError, negotiate};
use super::parent::Parent;
use super::transmission::{self, Replies};
use crate::failure::Failure;
use crate::messages::{note, warn};
use crate::service_manager;
use crate::signals::StopSignals;

/// The most clients at a time. Others wait until one leaves.
const MOST_CLIENTS: usize = 256;
/// The pause after a client could not be accepted, for lack of files for example.
const PAUSE: Duration = Duration::from_millis(100);

/// The end of the server without a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Signal,
    Parent,
}

/// Calls `ready`, and serves the exports until the process is told to end. Then no more requests are accepted, those that were are answered, and
/// all data are flushed. A second signal ends that too.
///
/// # Errors
/// The error that ended a session, that of the last flush, or that of `ready`.
///
/// # Cancel safety
/// When the future is dropped, clients are disconnected, and nothing is flushed.
pub(crate) async fn run(
    endpoint: &Endpoint,
    exports: &[Export],
    sessions: &[Session],
    parent: Option<Parent>,
    ready: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    // Before anybody can know of the server, and end it.
    let mut signals = StopSignals::new().map_err(Failure::local("wait for signals"))?;
    ready()?;
    let (drain, shared): (_, Arc<[Export]>) = (Drain::new(), exports.into());
    let mut clients = JoinSet::new();
    let stopped = tokio::select! {
        biased;
        () = signals.next() => Ok(Stop::Signal),
        () = parent_ended(parent) => Ok(Stop::Parent),
        error = one_ended(sessions) => Err(error),
        never = accept(endpoint, &shared, &drain, &mut clients) => match never {},
    };
    service_manager::tell_stopping();
    drain.begin();
    let last = async {
        while clients.join_next().await.is_some() {}
        exports.iter().for_each(tell_counts);
        match stopped {
            Ok(stop) => {
                note(&format!("ending after {}", stop.words()));
                flush(exports).await
            }
            Err(error) => Err(error.into()),
        }
    };
    tokio::select! {
        biased;
        outcome = last => outcome,
        () = signals.next() => Err(Failure::Interrupted),
    }
}

impl Stop {
    const fn words(self) -> &'static str {
        match self {
            Self::Signal => "a signal",
            Self::Parent => "the process that started this one",
        }
    }
}

/// Accepts clients, each of which has a task of its own.
async fn accept(
    endpoint: &Endpoint,
    exports: &Arc<[Export]>,
    drain: &Drain,
    clients: &mut JoinSet<()>,
) -> std::convert::Infallible {
    loop {
        // Tasks that have ended are forgotten.
        while clients.try_join_next().is_some() {}
        if clients.len() >= MOST_CLIENTS {
            warn(&format!("there are {MOST_CLIENTS} clients; others wait until one leaves"));
            clients.join_next().await;
            continue;
        }
        let (exports, drain) = (Arc::clone(exports), drain.clone());
        match endpoint.accept().await {
            Ok(ClientStream::Unix(stream)) => drop(clients.spawn(serve(stream, exports, drain))),
            Ok(ClientStream::Tcp(stream)) => drop(clients.spawn(serve(stream, exports, drain))),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a client");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Negotiates with a client, and serves it.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, exports: Arc<[Export]>, drain: Drain) {
    let agreed = tokio::select! {
        biased;
        () = drain.begun() => return,
        agreed = negotiate(&mut stream, &exports) => agreed,
    };
    match agreed {
        Ok(Some(agreement)) => transmit(stream, &exports, agreement, drain).await,
        Ok(None) => tracing::debug!("a client has left before it chose an export"),
        Err(HandshakeError::Connection(error)) => tracing::debug!(%error, "a client is gone"),
        Err(error) => tracing::info!(%error, "a client is disconnected"),
    }
}

async fn transmit<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    exports: &[Export],
    agreement: Agreement,
    drain: Drain,
) {
    let Some(export) = exports.get(agreement.export) else { return };
    let replies = Replies { form: agreement.form, allocation: agreement.allocation };
    tracing::info!(export = export.name(), form = ?replies.form, "a client uses an export");
    match transmission::serve(stream, export.clone(), replies, drain).await {
        Ok(end) => tracing::info!(export = export.name(), ?end, "a client has left"),
        Err(error) => tracing::info!(export = export.name(), %error, "a client is disconnected"),
    }
}

async fn parent_ended(parent: Option<Parent>) {
    match parent {
        Some(parent) => parent.ended().await,
        None => std::future::pending().await,
    }
}

/// The error of the first session that ends.
async fn one_ended(sessions: &[Session]) -> Error {
    let mut ends = JoinSet::new();
    for session in sessions {
        let session = session.clone();
        ends.spawn(async move { session.ended().await });
    }
    match ends.join_next().await {
        Some(Ok(error)) => error,
        // No task panics, and there is a session.
        Some(Err(_)) | None => std::future::pending().await,
    }
}

/// Logs what an export was used for.
fn tell_counts(export: &Export) {
    let OperationCounts { reads, writes, flushes, others, failed } = export.counts();
    tracing::info!(export = export.name(), reads, writes, flushes, others, failed, "operations of an export");
}

/// Makes all data stable. Each export is tried; the first error counts.
async fn flush(exports: &[Export]) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for export in exports.iter().filter(|export| !export.is_read_only()) {
        if let Err(error) = export.device().flush().await {
            warn(&format!("export {:?} is not flushed: {error}", export.name()));
            outcome = outcome.and(Err(error.into()));
        }
    }
    outcome
}
