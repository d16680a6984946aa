//! The task that owns a session's socket: requests in, PDUs out and in, results back.

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

/// Bytes queued for the socket beyond which no further PDU is made.
const OUTBOX_LIMIT: usize = 1 << 20;
/// Requests taken from the handles beyond those answered; the channel holds the rest.
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
    /// For the logout, from the moment it is wanted.
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

/// Runs until the session is over; then every waiter has its answer and `Shared::ended` says why.
pub(super) struct ConnectionTask {
    connection: Connection,
    /// Let go when the connection is closed, and not before (NAM-06).
    lease: IsidLease,
    session: SessionState,
    requests: mpsc::Receiver<Request>,
    shared: Arc<Shared>,
    /// Deviations that the handles know of.
    published: usize,
    waiters: HashMap<InitiatorTaskTag, Waiter>,
    deadlines: BTreeSet<(Instant, u32)>,
    limits: Limits,
    /// When a logout that began has to be over, whoever wanted it.
    logout_deadline: Option<Instant>,
}

/// Why the loop ends.
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

    /// The whole life of the session. When all handles are gone it logs out by itself.
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
        // Whoever learns of the end finds the ISID free.
        drop(connection);
        drop(lease);
        requests.close();
        // LGO-08: whatever is still open fails, once.
        for waiter in waiters.into_values() {
            let _ = waiter.result.send(Err(error.clone()));
        }
        while let Ok(request) = requests.try_recv() {
            let _ = request.result.send(Err(error.clone()));
        }
    }

    async fn drive(&mut self) -> End {
        // What came in one segment with the last Login Response waits in the inbox already.
        let mut outcome = self.receive();
        loop {
            match outcome {
                Ok(()) => outcome = self.step().await,
                Err(end) => return end,
            }
        }
    }

    /// Sends as much as the target lets it, then waits for whatever comes first.
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

    /// The first moment at which something takes too long. A logout is limited from the moment it is wanted.
    fn next_deadline(&mut self, is_open: bool) -> Option<Instant> {
        if !is_open && self.logout_deadline.is_none() {
            self.logout_deadline = Some(deadline_after(self.limits.logout));
        }
        let first = self.deadlines.first().map(|deadline| deadline.0);
        first.into_iter().chain(self.logout_deadline).min()
    }

    /// Fills the outbox from the session and pushes it into the socket.
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

    /// Hands everything that arrived to the session, and its results to their waiters.
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
        let Request { request, operation, deadline, result } = request;
        let itt = self.session.submit(request);
        self.deadlines.insert((deadline, itt.0));
        self.waiters.insert(itt, Waiter { operation, deadline, result });
    }

    /// What was handed over before the logout goes before it.
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
            // A caller that no longer waits has given up its result.
            let _ = waiter.result.send(Ok(outcome));
        }
    }

    /// A request without an answer in time: at error recovery level 0 the session ends with it. So it does with a
    /// logout. Whoever waits learns of it with all others, when the connection is closed.
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
            let operation = if asked_for { "the logout that the target asked for" } else { "logout" };
            return Error::Timeout { operation, limit: logout };
        };
        if asked_for {
            Error::SessionEnded(format!(
                "it asked for a logout, and answered neither that nor {operation} within {command:?}"
            ))
        } else {
            Error::Timeout { operation, limit: command }
        }
    }
}

/// Sleeps until the deadline, for ever without one.
async fn wait_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
