//! The task that owns a session's socket: requests in, PDUs out and in, results back.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use iscsi_login::ObservedDeviation;
use iscsi_pdu::{InitiatorTaskTag, LogoutResponseCode, TargetPdu};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::Transport;
use crate::Error;
use crate::isid_pool::IsidLease;
use crate::session::{Finished, LogoutCause, LogoutState, Protocol, SessionRequest};

/// Bytes queued for the socket beyond which no further PDU is made.
const OUTBOX_LIMIT: usize = 1 << 20;
/// Requests taken from the handles beyond those answered; the channel holds the rest.
const MAX_LOAD: usize = 256;
/// Requests that may wait between handles and driver.
const QUEUE_LENGTH: usize = 64;

/// A request with its time limit and the place for its result.
pub(crate) struct Request {
    pub(crate) asked: SessionRequest,
    pub(crate) what: &'static str,
    /// It counts from the call, so it covers the time in the queue.
    pub(crate) deadline: Instant,
    pub(crate) result: oneshot::Sender<Result<Finished, Error>>,
}

/// When a limit that begins now is over. Longer than a century is as good as never, and a clock can show it.
pub(crate) fn deadline_after(limit: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    Instant::now() + limit.min(CENTURY)
}

/// Who waits for a request, and until when.
struct Waiter {
    what: &'static str,
    deadline: Instant,
    result: oneshot::Sender<Result<Finished, Error>>,
}

/// What the task of a session shares with its handles.
#[derive(Default)]
pub(crate) struct Shared {
    /// Asks for the logout.
    pub(crate) logout: Notify,
    /// Why the session is over; set before the queue of requests closes.
    pub(crate) ended: OnceLock<Error>,
    /// What was tolerated so far.
    deviations: Mutex<Vec<ObservedDeviation>>,
}

impl Shared {
    /// What was tolerated so far.
    pub(crate) fn deviations(&self) -> Vec<ObservedDeviation> {
        self.deviations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What all handles of a session hold of its task together. When they are gone, the session logs out.
pub(crate) struct Link {
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.logout.notify_one();
    }
}

/// The limits of a session.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// For each request, from the call to its end.
    pub(crate) command: Duration,
    /// For the logout, from the moment it is wanted.
    pub(crate) logout: Duration,
}

/// Runs until the session is over; then every waiter has its answer and `Shared::ended` says why.
pub(crate) struct Driver {
    transport: Transport,
    /// Let go when the connection is closed, and not before (NAM-06).
    lease: IsidLease,
    protocol: Protocol,
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

impl Driver {
    /// A task for this connection, and what handles need to reach it.
    pub(crate) fn new(
        transport: Transport,
        lease: IsidLease,
        protocol: Protocol,
        limits: Limits,
    ) -> (Self, Link) {
        let (sender, requests) = mpsc::channel(QUEUE_LENGTH);
        let deviations = Mutex::new(protocol.deviations().to_vec());
        let published = protocol.deviations().len();
        let shared = Arc::new(Shared { deviations, ..Shared::default() });
        let link = Link { requests: sender, shared: Arc::clone(&shared) };
        let (waiters, deadlines, logout_deadline) = (HashMap::new(), BTreeSet::new(), None);
        let driver = Self {
            transport,
            lease,
            protocol,
            requests,
            shared,
            published,
            waiters,
            deadlines,
            limits,
            logout_deadline,
        };
        (driver, link)
    }

    /// The whole life of the session. When all handles are gone it logs out by itself.
    pub(crate) async fn run(mut self) {
        let error = Error::from(self.drive().await);
        let portal = self.transport.portal();
        if error == Error::LoggedOut {
            tracing::debug!(%portal, "session logged out");
        } else {
            tracing::debug!(%portal, %error, "session over");
        }
        let Self { transport, lease, mut requests, waiters, shared, .. } = self;
        let _ = shared.ended.set(error.clone());
        // Whoever learns of the end finds the ISID free.
        drop(transport);
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

    /// Sends what can be sent, then waits for whatever comes first.
    async fn step(&mut self) -> Result<(), End> {
        self.send()?;
        let is_open = self.protocol.logout_state() == LogoutState::Open;
        let takes_requests = is_open && self.protocol.load() < MAX_LOAD;
        let deadline = self.next_deadline(is_open);
        tokio::select! {
            request = self.requests.recv(), if takes_requests => match request {
                Some(request) => self.take(request),
                None => self.log_out(),
            },
            () = self.shared.logout.notified(), if is_open => self.log_out(),
            progress = self.transport.make_progress() => progress?,
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

    /// Fills the outbox from the protocol and pushes it into the socket.
    fn send(&mut self) -> Result<(), Error> {
        loop {
            while self.transport.unsent() < OUTBOX_LIMIT {
                let Some(pdu) = self.protocol.poll_transmit() else { break };
                self.transport.enqueue(pdu)?;
            }
            if self.transport.unsent() == 0 {
                return Ok(());
            }
            self.transport.flush()?;
            if self.transport.unsent() > 0 {
                return Ok(());
            }
        }
    }

    /// Hands everything that arrived to the protocol, and its results to their waiters.
    fn receive(&mut self) -> Result<(), End> {
        while let Some(raw) = self.transport.next_pdu()? {
            let pdu = TargetPdu::decode(raw).map_err(Error::from)?;
            self.protocol.receive(pdu)?;
            self.publish_deviations();
            while let Some((itt, finished)) = self.protocol.poll_finished() {
                self.answer(itt, finished);
            }
            if let LogoutState::Answered(cause, code) = self.protocol.logout_state() {
                return Err(End::LoggedOut(cause, code));
            }
        }
        Ok(())
    }

    /// Shows the handles what was tolerated since the last PDU.
    fn publish_deviations(&mut self) {
        let deviations = self.protocol.deviations();
        let Some(new) = deviations.get(self.published..).filter(|new| !new.is_empty()) else { return };
        for observed in new {
            tracing::info!(id = observed.deviation.id, detail = ?observed.detail, "deviation tolerated");
        }
        self.shared.deviations.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(new);
        self.published = deviations.len();
    }

    fn take(&mut self, request: Request) {
        let Request { asked, what, deadline, result } = request;
        let itt = self.protocol.submit(asked);
        self.deadlines.insert((deadline, itt.0));
        self.waiters.insert(itt, Waiter { what, deadline, result });
    }

    /// What was handed over before the logout goes before it.
    fn log_out(&mut self) {
        while self.protocol.load() < MAX_LOAD
            && let Ok(request) = self.requests.try_recv()
        {
            self.take(request);
        }
        self.protocol.log_out(LogoutCause::Initiator);
    }

    fn answer(&mut self, itt: InitiatorTaskTag, finished: Finished) {
        if let Some(waiter) = self.waiters.remove(&itt) {
            self.deadlines.remove(&(waiter.deadline, itt.0));
            // A caller that no longer waits has given up its result.
            let _ = waiter.result.send(Ok(finished));
        }
    }

    /// A request without an answer in time: at error recovery level 0 the session ends with it. So it does with a
    /// logout. Whoever waits learns of it with all others, when the connection is closed.
    fn expire(&self) -> Error {
        let now = Instant::now();
        let due =
            self.deadlines.first().filter(|first| first.0 <= now).map(|first| InitiatorTaskTag(first.1));
        let asked_for = matches!(
            self.protocol.logout_state(),
            LogoutState::Wanted(LogoutCause::Target) | LogoutState::Sent(LogoutCause::Target, _)
        );
        let Limits { command, logout } = self.limits;
        let Some(Waiter { what, .. }) = due.and_then(|itt| self.waiters.get(&itt)) else {
            let what = if asked_for { "the logout that the target asked for" } else { "logout" };
            return Error::Timeout { what, limit: logout };
        };
        if asked_for {
            Error::SessionEnded(format!(
                "it asked for a logout, and answered neither that nor {what} within {command:?}"
            ))
        } else {
            Error::Timeout { what, limit: command }
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
