//! The task that owns a session's connection: it takes requests, exchanges PDUs and returns outcomes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use iscsi_pdu::{InitiatorTaskTag, LogoutResponseCode, TargetPdu};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::connection::Connection;
use super::link::{Link, Request, Shared, deadline_after};
use crate::error::Error;
use crate::isid_pool::IsidLease;
use crate::session::{LogoutCause, LogoutState, Outcome, SessionState};

/// The number of bytes queued for the socket beyond which no further PDU is encoded.
const OUTBOX_LIMIT: usize = 1 << 20;
/// The most requests in flight; further ones wait in the channel.
const MAX_IN_FLIGHT: usize = 256;

/// A caller that waits for the outcome of a request.
struct Waiter {
    operation: &'static str,
    deadline: Instant,
    result: oneshot::Sender<Result<Outcome, Error>>,
}

/// The limits of a session.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// For each request, from the call to its end.
    pub(crate) command: Duration,
    /// For the logout, from the moment it is requested.
    pub(crate) logout: Duration,
}

/// Starts the task of a session, and returns the handles' link to it.
pub(crate) fn start_session(
    connection: Connection,
    lease: IsidLease,
    session: SessionState,
    limits: Limits,
) -> Link {
    let (task, link) = ConnectionTask::new(connection, lease, session, limits);
    tokio::spawn(task.run());
    link
}

/// The task of a session. When it ends, every waiter has its outcome, and `Shared::ended` has the reason.
pub(super) struct ConnectionTask {
    connection: Connection,
    /// Returned only after the connection is closed (NAM-06).
    lease: IsidLease,
    session: SessionState,
    requests: mpsc::Receiver<Request>,
    shared: Arc<Shared>,
    /// The number of deviations already shown to the handles.
    published: usize,
    waiters: HashMap<InitiatorTaskTag, Waiter>,
    deadlines: BTreeSet<(Instant, u32)>,
    limits: Limits,
    /// The deadline of a logout that began, whichever side requested it.
    logout_deadline: Option<Instant>,
}

/// The reason why the loop ends.
enum End {
    LoggedOut(LogoutCause, LogoutResponseCode),
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<End> for Error {
    fn from(end: End) -> Self {
        match end {
            End::LoggedOut(LogoutCause::Initiator, LogoutResponseCode::CLOSED) => Self::LoggedOut,
            End::LoggedOut(LogoutCause::Target, LogoutResponseCode::CLOSED) => Self::LogoutRequested,
            End::LoggedOut(_, code) => Self::Logout(code),
            End::Failed(error) => error,
        }
    }
}

impl ConnectionTask {
    /// A task for this connection, and the link by which handles reach it.
    fn new(connection: Connection, lease: IsidLease, session: SessionState, limits: Limits) -> (Self, Link) {
        let (link, requests, shared) = Link::new(session.deviations());
        let published = session.deviations().len();
        let (waiters, deadlines, logout_deadline) = (HashMap::new(), BTreeSet::new(), None);
        let task = Self {
            connection,
            lease,
            session,
            requests,
            shared,
            published,
            waiters,
            deadlines,
            limits,
            logout_deadline,
        };
        (task, link)
    }

    /// Runs the session until it ends. When all handles are dropped, it logs out.
    async fn run(mut self) {
        let error = Error::from(self.drive().await);
        let portal = self.connection.portal();
        if error == Error::LoggedOut {
            tracing::debug!(%portal, "session logged out");
        } else {
            tracing::debug!(%portal, %error, "session over");
        }
        let Self { connection, lease, mut requests, waiters, shared, .. } = self;
        let _ = shared.ended.set(error.clone());
        // Before a waiter learns of the end, the ISID must be free.
        drop(connection);
        drop(lease);
        requests.close();
        // LGO-08: every open request fails, once.
        for waiter in waiters.into_values() {
            let _ = waiter.result.send(Err(error.clone()));
        }
        while let Ok(request) = requests.try_recv() {
            let _ = request.result.send(Err(error.clone()));
        }
    }

    async fn drive(&mut self) -> End {
        // PDUs that came in one segment with the last Login Response are already in the inbox.
        let mut outcome = self.receive();
        loop {
            match outcome {
                Ok(()) => outcome = self.step().await,
                Err(end) => return end,
            }
        }
    }

    /// Sends as much as the target's window permits, then waits for the next event.
    async fn step(&mut self) -> Result<(), End> {
        self.send()?;
        let is_open = self.session.logout_state() == LogoutState::Open;
        let takes_requests = is_open && self.session.in_flight() < MAX_IN_FLIGHT;
        let deadline = self.next_deadline(is_open);
        tokio::select! {
            request = self.requests.recv(), if takes_requests => match request {
                Some(request) => self.take(request),
                None => self.log_out(),
            },
            () = self.shared.logout.notified(), if is_open => self.log_out(),
            progress = self.connection.make_progress() => progress?,
            () = wait_until(deadline) => return Err(self.expire().into()),
        }
        self.receive()
    }

    /// The next deadline of a request or of the logout. The limit of a logout counts from its request.
    fn next_deadline(&mut self, is_open: bool) -> Option<Instant> {
        if !is_open && self.logout_deadline.is_none() {
            self.logout_deadline = Some(deadline_after(self.limits.logout));
        }
        let first = self.deadlines.first().map(|deadline| deadline.0);
        first.into_iter().chain(self.logout_deadline).min()
    }

    /// Fills the outbox from the session and writes it to the socket.
    fn send(&mut self) -> Result<(), Error> {
        loop {
            while self.connection.unsent() < OUTBOX_LIMIT {
                let Some(pdu) = self.session.poll_transmit() else { break };
                self.connection.enqueue(pdu)?;
            }
            if self.connection.unsent() == 0 {
                return Ok(());
            }
            self.connection.flush()?;
            if self.connection.unsent() > 0 {
                return Ok(());
            }
        }
    }

    /// Passes received PDUs to the session, and its outcomes to their waiters.
    fn receive(&mut self) -> Result<(), End> {
        while let Some(raw) = self.connection.next_pdu()? {
            let pdu = TargetPdu::decode(raw).map_err(Error::from)?;
            self.session.receive(pdu).map_err(Error::from)?;
            self.publish_deviations();
            while let Some((itt, outcome)) = self.session.poll_outcome() {
                self.answer(itt, outcome);
            }
            if let LogoutState::Answered(cause, code) = self.session.logout_state() {
                return Err(End::LoggedOut(cause, code));
            }
        }
        Ok(())
    }

    /// Shows the handles the deviations that were tolerated since the last PDU.
    fn publish_deviations(&mut self) {
        let deviations = self.session.deviations();
        let Some(new) = deviations.get(self.published..).filter(|new| !new.is_empty()) else { return };
        for observed in new {
            tracing::info!(id = observed.deviation.id, detail = ?observed.detail, "deviation tolerated");
        }
        self.shared.add_deviations(new);
        self.published = deviations.len();
    }

    fn take(&mut self, request: Request) {
        let Request { content, operation, deadline, result } = request;
        let itt = self.session.submit(content);
        self.deadlines.insert((deadline, itt.0));
        self.waiters.insert(itt, Waiter { operation, deadline, result });
    }

    /// Starts the logout. Requests submitted before it are sent before it.
    fn log_out(&mut self) {
        while self.session.in_flight() < MAX_IN_FLIGHT
            && let Ok(request) = self.requests.try_recv()
        {
            self.take(request);
        }
        self.session.log_out(LogoutCause::Initiator);
    }

    fn answer(&mut self, itt: InitiatorTaskTag, outcome: Outcome) {
        if let Some(waiter) = self.waiters.remove(&itt) {
            self.deadlines.remove(&(waiter.deadline, itt.0));
            // A caller that no longer waits has abandoned its outcome.
            let _ = waiter.result.send(Ok(outcome));
        }
    }

    /// The error of a request or logout that timed out. At error recovery level 0 the session ends with it, and all
    /// waiters get the error when the connection is closed.
    fn expire(&self) -> Error {
        let now = Instant::now();
        let due =
            self.deadlines.first().filter(|first| first.0 <= now).map(|first| InitiatorTaskTag(first.1));
        let asked_for = matches!(
            self.session.logout_state(),
            LogoutState::Wanted(LogoutCause::Target) | LogoutState::Sent(LogoutCause::Target, _)
        );
        let Limits { command, logout } = self.limits;
        let Some(Waiter { operation, .. }) = due.and_then(|itt| self.waiters.get(&itt)) else {
            let operation = if asked_for { "the logout that the target requested" } else { "logout" };
            return Error::Timeout { operation, limit: logout };
        };
        if asked_for {
            Error::SessionEnded(format!(
                "it requested a logout, and answered neither that nor {operation} within {command:?}"
            ))
        } else {
            Error::Timeout { operation, limit: command }
        }
    }
}

/// Sleeps until the deadline, or for ever without one.
async fn wait_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
