//! The task that owns a session's connection: it takes requests, moves bytes and returns outcomes.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use iscsi_pdu::{InitiatorTaskTag, Portal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::Clock;
use super::connection::Connection;
use super::link::{Link, Shared, Submission};
use super::stream::Stream;
use crate::error::Error;
use crate::isid_pool::IsidLease;
use crate::session::{Engine, LogoutCause, Outcome, SessionState};

/// The most requests in flight; further ones wait in the channel.
const MAX_IN_FLIGHT: usize = 256;

/// A caller that waits for the outcome of a request.
type Waiter = oneshot::Sender<Result<Outcome, Error>>;

/// Starts the task of a session, and returns the handles' link to it.
pub(crate) fn start_session<S: Stream>(
    connection: Connection<S>,
    lease: IsidLease,
    session: SessionState,
) -> Link {
    let (task, link) = ConnectionTask::new(connection, lease, session);
    tokio::spawn(task.run());
    link
}

/// The task of a session. When it ends, every waiter has its outcome, and `Shared::ended` has the reason.
pub(super) struct ConnectionTask<S> {
    stream: S,
    portal: Portal,
    engine: Engine,
    /// The engine's times.
    clock: Clock,
    /// Returned only after the connection is closed (NAM-06).
    lease: IsidLease,
    requests: mpsc::Receiver<Submission>,
    shared: Arc<Shared>,
    /// The number of deviations already shown to the handles.
    published: usize,
    waiters: HashMap<InitiatorTaskTag, Waiter>,
}

impl<S: Stream> ConnectionTask<S> {
    /// A task for this connection, and the link by which handles reach it.
    fn new(connection: Connection<S>, lease: IsidLease, session: SessionState) -> (Self, Link) {
        let Connection { stream, inbox, digests, portal } = connection;
        let clock = Clock::start();
        let (link, requests, shared) = Link::new(clock, session.deviations());
        let published = session.deviations().len();
        let engine = Engine::new(session, inbox, digests);
        let waiters = HashMap::new();
        let task = Self { stream, portal, engine, clock, lease, requests, shared, published, waiters };
        (task, link)
    }

    /// Runs the session until it ends. When all handles are dropped, it logs out.
    async fn run(mut self) {
        let error = self.drive().await;
        let portal = &self.portal;
        if error == Error::LoggedOut {
            tracing::debug!(%portal, "session logged out");
        } else {
            tracing::debug!(%portal, %error, "session over");
        }
        let Self { stream, mut engine, lease, mut requests, mut waiters, shared, .. } = self;
        let _ = shared.ended.set(error.clone());
        // Before a waiter learns of the end, the ISID must be free.
        drop(stream);
        drop(lease);
        requests.close();
        // LGO-08: every open request fails, once.
        while let Some((itt, outcome)) = engine.session.poll_outcome() {
            let over = outcome == Outcome::SessionOver;
            answer(&mut waiters, itt, if over { Err(error.clone()) } else { Ok(outcome) });
        }
        while let Ok(submission) = requests.try_recv() {
            let _ = submission.result.send(Err(error.clone()));
        }
    }

    /// Moves bytes until the session is over, and returns the reason.
    async fn drive(&mut self) -> Error {
        loop {
            // PDUs that came in one segment with the last Login Response are already in the inbox.
            self.engine.receive(self.now());
            self.publish_deviations();
            if let Some(error) = self.end() {
                return error;
            }
            self.answer_all();
            self.engine.send(|slices| self.stream.write_available(slices));
            if let Some(error) = self.end() {
                return error;
            }
            self.wait().await;
        }
    }

    fn end(&self) -> Option<Error> {
        self.engine.session.end().map(|end| Error::of_end(end, &self.portal))
    }

    /// Waits for the next event, and takes it.
    async fn wait(&mut self) {
        let is_open = self.engine.session.is_open();
        let takes_requests = is_open && self.engine.session.in_flight() < MAX_IN_FLIGHT;
        let deadline = self.engine.session.next_deadline().map(|deadline| self.clock.at(deadline));
        tokio::select! {
            submission = self.requests.recv(), if takes_requests => match submission {
                Some(submission) => self.take(submission),
                None => self.log_out(),
            },
            () = self.shared.logout.notified(), if is_open => self.log_out(),
            () = make_progress(&self.stream, &mut self.engine, self.clock) => {}
            () = wait_until(deadline) => self.engine.session.advance(self.now()),
        }
    }

    fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Gives the outcomes to their waiters.
    fn answer_all(&mut self) {
        while let Some((itt, outcome)) = self.engine.session.poll_outcome() {
            answer(&mut self.waiters, itt, Ok(outcome));
        }
    }

    /// Shows the handles the deviations that were tolerated since the last PDU.
    fn publish_deviations(&mut self) {
        let deviations = self.engine.session.deviations();
        let Some(new) = deviations.get(self.published..).filter(|new| !new.is_empty()) else { return };
        for observed in new {
            tracing::info!(id = observed.deviation.id, detail = ?observed.detail, "deviation tolerated");
        }
        self.shared.add_deviations(new);
        self.published = deviations.len();
    }

    fn take(&mut self, submission: Submission) {
        let Submission { request, deadline, result } = submission;
        let itt = self.engine.session.submit(request, deadline);
        self.waiters.insert(itt, result);
    }

    /// Starts the logout. Requests submitted before it are sent before it.
    fn log_out(&mut self) {
        while self.engine.session.in_flight() < MAX_IN_FLIGHT
            && let Ok(submission) = self.requests.try_recv()
        {
            self.take(submission);
        }
        let now = self.now();
        self.engine.session.log_out(LogoutCause::Initiator, now);
    }
}

/// Gives a waiter the result. A caller that no longer waits has abandoned it.
fn answer(
    waiters: &mut HashMap<InitiatorTaskTag, Waiter>,
    itt: InitiatorTaskTag,
    result: Result<Outcome, Error>,
) {
    if let Some(waiter) = waiters.remove(&itt) {
        let _ = waiter.send(result);
    }
}

/// Waits until the stream can be read, or written if PDUs are queued, then reads and writes.
///
/// # Cancel safety
/// A future that is dropped has lost nothing: received bytes are in the engine.
async fn make_progress<S: Stream>(stream: &S, engine: &mut Engine, clock: Clock) {
    poll_fn(|context| {
        let written = poll_write(stream, engine, context);
        let read = poll_read(stream, engine, clock, context);
        if written.is_ready() { written } else { read }
    })
    .await;
}

/// Ready when something was sent, or the connection is lost.
fn poll_write<S: Stream>(stream: &S, engine: &mut Engine, context: &mut Context<'_>) -> Poll<()> {
    if engine.unsent() == 0 {
        return Poll::Pending;
    }
    match ready!(stream.poll_writable(context)) {
        Ok(()) => engine.send(|slices| stream.write_available(slices)),
        Err(error) => engine.lost(&error),
    }
    Poll::Ready(())
}

/// Ready when something was read, or the connection is lost. Space is only allocated when the stream is readable.
fn poll_read<S: Stream>(
    stream: &S,
    engine: &mut Engine,
    clock: Clock,
    context: &mut Context<'_>,
) -> Poll<()> {
    loop {
        let read = match ready!(stream.poll_readable(context)) {
            Ok(()) => stream.read_available(engine.space()),
            Err(error) => Err(error),
        };
        match read {
            Ok(0) => engine.closed(clock.now()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => engine.lost(&error),
        }
        return Poll::Ready(());
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
