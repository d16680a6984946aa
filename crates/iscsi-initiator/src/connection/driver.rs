//! The task that owns a session's socket: requests in, PDUs out and in, results back.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use iscsi_pdu::{InitiatorTaskTag, TargetPdu};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::Transport;
use crate::Error;
use crate::isid_pool::IsidLease;
use crate::session::{Finished, Protocol, SessionRequest};
use crate::session_handle::Deviations;

/// Octets queued for the socket beyond which no further PDU is made.
const OUTBOX_LIMIT: usize = 1 << 20;
/// Requests taken from the handles beyond those answered; the channel holds the rest.
const MAX_LOAD: usize = 256;

/// A request with its time limit and the place for its result.
pub(crate) struct Request {
    pub(crate) asked: SessionRequest,
    pub(crate) what: &'static str,
    pub(crate) limit: Duration,
    pub(crate) result: oneshot::Sender<Result<Finished, Error>>,
}

/// Who waits for a request, and until when.
struct Waiter {
    what: &'static str,
    limit: Duration,
    deadline: Instant,
    result: oneshot::Sender<Result<Finished, Error>>,
}

/// Runs until the session is over; then every waiter has its answer and `ended` says why.
pub(crate) struct Driver {
    transport: Transport,
    /// Let go when the connection is closed, and not before (NAM-06).
    lease: IsidLease,
    protocol: Protocol,
    requests: mpsc::Receiver<Request>,
    waiters: HashMap<InitiatorTaskTag, Waiter>,
    deadlines: BTreeSet<(Instant, u32)>,
    shared: Shared,
    /// Deviations that the handles know of.
    published: usize,
    logout_limit: Duration,
}

/// What the task of a session tells all its handles.
pub(crate) struct Shared {
    /// Why the session is over.
    pub(crate) ended: Arc<OnceLock<Error>>,
    /// What was tolerated.
    pub(crate) deviations: Deviations,
}

/// Why the loop ends.
enum End {
    LoggedOut,
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Driver {
    pub(crate) fn new(
        transport: Transport,
        lease: IsidLease,
        protocol: Protocol,
        requests: mpsc::Receiver<Request>,
        shared: Shared,
        logout_limit: Duration,
    ) -> Self {
        let (waiters, deadlines) = (HashMap::new(), BTreeSet::new());
        let published = protocol.deviations().len();
        Self { transport, lease, protocol, requests, waiters, deadlines, shared, published, logout_limit }
    }

    /// The whole life of the session. When all handles are gone it logs out by itself.
    pub(crate) async fn run(mut self) {
        let end = self.drive().await;
        let portal = self.transport.portal();
        let error = match end {
            End::LoggedOut => {
                let reason = self.protocol.logged_out();
                tracing::debug!(%portal, %reason, "logged out");
                reason
            }
            End::Failed(error) => {
                tracing::debug!(%portal, %error, "session over");
                error
            }
        };
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
        let takes_requests = self.protocol.is_open() && self.protocol.load() < MAX_LOAD;
        let deadline = self.deadlines.first().map(|deadline| deadline.0);
        tokio::select! {
            request = self.requests.recv(), if takes_requests => self.take(request),
            progress = self.transport.make_progress() => progress?,
            () = wait_until(deadline) => return Err(self.expire().into()),
        }
        self.receive()
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
                let logged_out = matches!(finished, Finished::Logout(_));
                self.answer(itt, finished);
                if logged_out {
                    return Err(End::LoggedOut);
                }
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

    fn take(&mut self, request: Option<Request>) {
        let Some(Request { asked, what, limit, result }) = request else {
            // The last handle is gone: nobody waits for this logout, but the target gets it.
            return self.log_out_unasked();
        };
        let deadline = Instant::now() + limit;
        let itt = self.protocol.submit(asked);
        self.deadlines.insert((deadline, itt.0));
        self.waiters.insert(itt, Waiter { what, limit, deadline, result });
    }

    fn log_out_unasked(&mut self) {
        let (result, _) = oneshot::channel();
        let (what, limit) = ("logout", self.logout_limit);
        self.take(Some(Request { asked: SessionRequest::Logout, what, limit, result }));
    }

    fn answer(&mut self, itt: InitiatorTaskTag, finished: Finished) {
        if let Some(waiter) = self.waiters.remove(&itt) {
            self.deadlines.remove(&(waiter.deadline, itt.0));
            // A caller that no longer waits has given up its result.
            let _ = waiter.result.send(Ok(finished));
        }
    }

    /// A request without an answer in time: at error recovery level 0 the session ends with it.
    fn expire(&mut self) -> Error {
        let waiter =
            self.deadlines.pop_first().and_then(|(_, itt)| self.waiters.remove(&InitiatorTaskTag(itt)));
        let Some(Waiter { what, limit, result, .. }) = waiter else {
            return Error::Timeout { what: "a command", limit: self.logout_limit };
        };
        let error = Error::Timeout { what, limit };
        let _ = result.send(Err(error.clone()));
        error
    }
}

/// Sleeps until the deadline, for ever without one.
async fn wait_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
