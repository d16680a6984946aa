//! The link between the handles of a session and its task.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use iscsi_login::ObservedDeviation;
use tokio::sync::{Notify, mpsc, oneshot};

use super::Clock;
use crate::error::Error;
use crate::session::{Outcome, Request};

/// The most requests that wait between handles and task.
const QUEUE_LENGTH: usize = 64;

/// A request with its time limit and the place for its result.
pub(super) struct Submission {
    pub(super) request: Request,
    /// The deadline, which counts from the call and so covers the time in the queue.
    pub(super) deadline: Duration,
    pub(super) result: oneshot::Sender<Result<Outcome, Error>>,
}

/// The longest limit, which every clock can represent: a century.
const LONGEST_LIMIT: Duration = Duration::from_hours(100 * 365 * 24);

/// State that the task of a session shares with its handles.
#[derive(Default)]
pub(super) struct Shared {
    /// Requests the logout.
    pub(super) logout: Notify,
    /// The reason why the session has ended; set before the queue of requests closes.
    pub(super) ended: OnceLock<Error>,
    /// Deviations that were tolerated so far.
    deviations: Mutex<Vec<ObservedDeviation>>,
}

impl Shared {
    /// Shows the handles deviations that were tolerated since the last call.
    pub(super) fn add_deviations(&self, new: &[ObservedDeviation]) {
        self.deviations.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(new);
    }

    fn end_reason(&self) -> Error {
        self.ended.get().cloned().unwrap_or_else(|| Error::SessionEnded("its task has stopped".to_owned()))
    }
}

/// The handles' end of a session's task. When it is dropped, the session logs out.
pub(crate) struct Link {
    pub(super) requests: mpsc::Sender<Submission>,
    pub(super) shared: Arc<Shared>,
    /// The session's times.
    clock: Clock,
}

impl Link {
    /// A link, and the task's ends of it.
    pub(super) fn new(
        clock: Clock,
        deviations: &[ObservedDeviation],
    ) -> (Self, mpsc::Receiver<Submission>, Arc<Shared>) {
        let (requests, receiver) = mpsc::channel(QUEUE_LENGTH);
        let shared = Arc::new(Shared::default());
        shared.add_deviations(deviations);
        (Self { requests, shared: Arc::clone(&shared), clock }, receiver, shared)
    }

    /// Submits a request; waits while the queue is full. That wait is limited too: every request ahead has an earlier
    /// deadline, and the first one that is missed ends the session.
    ///
    /// # Cancel safety
    /// A future that is dropped has not submitted the request.
    pub(crate) async fn request(&self, request: Request, limit: Duration) -> Result<Reply, Error> {
        let (result, receiver) = oneshot::channel();
        let deadline = self.deadline_after(limit);
        let sent = self.requests.send(Submission { request, deadline, result }).await;
        sent.map_err(|_| self.shared.end_reason())?;
        Ok(Reply { receiver, shared: Arc::clone(&self.shared) })
    }

    /// The deadline of a limit that begins now.
    pub(super) fn deadline_after(&self, limit: Duration) -> Duration {
        self.clock.now() + limit.min(LONGEST_LIMIT)
    }

    /// Requests the logout.
    pub(crate) fn log_out(&self) {
        self.shared.logout.notify_one();
    }

    /// Waits until the session has ended, and returns the reason.
    ///
    /// # Cancel safety
    /// A future that is dropped has changed nothing.
    pub(crate) async fn ended(&self) -> Error {
        self.requests.closed().await;
        self.shared.end_reason()
    }

    /// The reason why the session has ended, if it is.
    pub(crate) fn end_reason(&self) -> Option<Error> {
        self.requests.is_closed().then(|| self.shared.end_reason())
    }

    /// Deviations that were tolerated so far.
    pub(crate) fn deviations(&self) -> Vec<ObservedDeviation> {
        self.shared.deviations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.log_out();
    }
}

/// The pending outcome of a submitted request.
pub(crate) struct Reply {
    receiver: oneshot::Receiver<Result<Outcome, Error>>,
    shared: Arc<Shared>,
}

impl Reply {
    /// Waits for the outcome.
    ///
    /// # Cancel safety
    /// A future that is dropped abandons the outcome.
    pub(crate) async fn outcome(self) -> Result<Outcome, Error> {
        self.receiver.await.unwrap_or_else(|_| Err(self.shared.end_reason()))
    }
}
