//! The task of a nexus: one connection after the other, each with a session, until no other one is wanted or possible.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use iscsi_pdu::Portal;

use super::Clock;
use super::connection::Connection;
use super::connection_task::ConnectionTask;
use super::link::Link;
use super::shared::{EndOfTask, Shared};
use super::stream::Stream;
use super::timer::Timer;
use super::waiting::WakeList;
use crate::error::Error;
use crate::isid_pool::IsidLease;
use crate::login::LoggedIn;
use crate::nexus::{Decision, Nexus, NexusEvent, Phase, Step};
use crate::session::{NextSession, SessionState};

/// Logs in again for a session that was lost.
pub(crate) trait Redial<S>: Send + Sync + 'static {
    /// Logs in with the ISID of the session, and with at least the authentication that its first login had: at this portal, or
    /// at the one of the first login.
    ///
    /// # Cancel safety
    /// A future that is dropped closes the connection, and with it the login.
    fn log_in(&self, portal: Option<Portal>) -> Attempt<'_, S>;
}

/// A login under way.
pub(crate) type Attempt<'a, S> = Pin<Box<dyn Future<Output = Result<Redialed<S>, Error>> + Send + 'a>>;

/// Another connection, and the result of its login.
pub(crate) struct Redialed<S> {
    pub(crate) connection: Connection<S>,
    pub(crate) logged_in: LoggedIn,
}

/// Starts the task of a nexus with the session of its first login, and returns the handles' link to it. Without `redial` the
/// first session is the only one.
pub(crate) fn start_session<S: Stream>(
    connection: Connection<S>,
    lease: IsidLease,
    session: SessionState,
    nexus: Nexus,
    redial: Option<Arc<dyn Redial<S>>>,
) -> Link {
    let (task, link) = NexusTask::new(connection, lease, session, nexus, redial);
    tokio::spawn(task.run());
    link
}

/// The task of a nexus. When it ends, [`State::ended`](super::shared::State::ended) has the reason, and every caller was woken.
pub(super) struct NexusTask<S> {
    pub(super) connection: ConnectionTask<S>,
    /// Returned only after the last connection is closed (NAM-06).
    pub(super) lease: IsidLease,
    pub(super) redial: Option<Arc<dyn Redial<S>>>,
    pub(super) shared: EndOfTask,
}

impl<S: Stream> NexusTask<S> {
    /// A task for this connection, and the link by which handles reach it.
    pub(super) fn new(
        connection: Connection<S>,
        lease: IsidLease,
        mut session: SessionState,
        nexus: Nexus,
        redial: Option<Arc<dyn Redial<S>>>,
    ) -> (Self, Link) {
        if redial.is_some() {
            session.make_lasting();
        }
        let shared = Arc::new(Shared::new(session, nexus, Clock::start()));
        let link = Link::new(Arc::clone(&shared));
        let connection = ConnectionTask::new(connection, Arc::clone(&shared));
        (Self { connection, lease, redial, shared: EndOfTask(shared) }, link)
    }

    /// Runs until no session is left. When all handles are dropped, it logs out.
    #[allow(
        clippy::manual_async_fn,
        reason = "an async fn holds its arguments twice, which thousands of sessions feel"
    )]
    pub(super) fn run(self) -> impl Future<Output = ()> + Send {
        async move {
            let Self { mut connection, lease, redial, shared } = self;
            let (reason, portal) = loop {
                let lost = poll_fn(|context| connection.poll(context)).await;
                let portal = connection.close();
                let Some(redial) = &redial else { break (lost, portal) };
                // Boxed, so that sessions that work do not carry its size.
                match Box::pin(recover(&shared.0, &**redial, lost, &portal)).await {
                    Ok(next) => connection = ConnectionTask::new(next, Arc::clone(&shared.0)),
                    Err(reason) => break (reason, portal),
                }
            };
            if reason == Error::LoggedOut {
                tracing::debug!(%portal, "session logged out");
            } else {
                tracing::debug!(%portal, error = %reason, "session over");
            }
            // Before a caller learns of the end, the ISID must be free.
            drop(lease);
            shared.0.end(reason);
        }
    }
}

/// Waits and logs in until there is another session, or no other one is wanted or possible.
///
/// # Errors
/// The reason why there is none: that of the first loss, unless a login failed for a reason of its own.
async fn recover<S: Stream>(
    shared: &Shared,
    redial: &dyn Redial<S>,
    lost: Error,
    portal: &Portal,
) -> Result<Connection<S>, Error> {
    if lost != Error::LoggedOut {
        tracing::info!(%portal, error = %lost, "session lost");
        shared.note_failure(&lost);
    }
    let mut recovery = Recovery { shared, redial, attempt: None, timer: Timer::default(), reason: lost };
    poll_fn(|context| recovery.poll(context)).await
}

/// The time between two connections.
struct Recovery<'a, S> {
    shared: &'a Shared,
    redial: &'a dyn Redial<S>,
    /// The login that is under way.
    attempt: Option<Attempt<'a, S>>,
    timer: Timer,
    /// The error of those who wait, should there be no other session.
    reason: Error,
}

impl<'a, S: Stream> Recovery<'a, S> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Connection<S>, Error>> {
        loop {
            if let Some(outcome) = self.poll_attempt(context) {
                match outcome {
                    Ok(redialed) => return Poll::Ready(Ok(self.begin_session(redialed))),
                    Err(error) => self.note_failure(error),
                }
            }
            match self.step(context) {
                Step::End => return Poll::Ready(Err(self.reason_of_end())),
                Step::LogIn => self.attempt = Some(self.begin_attempt()),
                Step::Abandon | Step::LogOut => self.attempt = None,
                Step::FailCommands => self.shared.fail_commands(),
                Step::Probe | Step::Replay => {}
                Step::Wait if self.timer.poll(context).is_ready() => {}
                Step::Wait => return Poll::Pending,
            }
        }
    }

    fn reason_of_end(&self) -> Error {
        let stop = self.shared.lock().nexus.stop_reason();
        stop.map_or_else(|| self.reason.clone(), Error::from)
    }

    fn begin_attempt(&self) -> Attempt<'a, S> {
        let portal = self.shared.lock().nexus.portal().cloned();
        if let Some(portal) = &portal {
            tracing::debug!(%portal, "another portal");
        }
        self.redial.log_in(portal)
    }

    fn poll_attempt(&mut self, context: &mut Context<'_>) -> Option<Result<Redialed<S>, Error>> {
        match self.attempt.as_mut()?.as_mut().poll(context) {
            Poll::Pending => None,
            Poll::Ready(outcome) => {
                self.attempt = None;
                Some(outcome)
            }
        }
    }

    /// What is to be done next. Whoever changes the nexus from now on wakes the task.
    fn step(&mut self, context: &Context<'_>) -> Step {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        state.note_seen(context.waker());
        let is_over = state.nexus.phase() == Phase::Over;
        let step = if is_over { Step::End } else { state.drive(now) };
        let deadline = state.nexus.next_deadline();
        let mut wakers = WakeList::default();
        state.collect_status_wakers(&mut wakers);
        drop(state);
        wakers.wake();
        if let Some(deadline) = deadline {
            self.timer.set(deadline, self.shared.clock);
        }
        step
    }

    /// Begins the session of a login.
    fn begin_session(&self, redialed: Redialed<S>) -> Connection<S> {
        let Redialed { connection, logged_in } = redialed;
        let (now, completed) = (self.shared.clock.now(), logged_in.completed);
        tracing::info!(portal = %logged_in.portal, "logged in again");
        let group = completed.target_portal_group_tag;
        let next = NextSession::new(&completed, logged_in.tolerance);
        self.shared.lock().log_in_again(next, group, now);
        connection
    }

    /// A final failure is the reason of the end; any other one is one attempt more.
    fn note_failure(&mut self, error: Error) {
        tracing::info!(%error, "login failed");
        let (now, decision) = (self.shared.clock.now(), Decision::after_login(&error));
        self.shared.note_failure(&error);
        if decision == Decision::GiveUp {
            self.reason = error;
        }
        self.shared.lock().nexus.take(NexusEvent::LoginFailed(decision), now);
    }
}
