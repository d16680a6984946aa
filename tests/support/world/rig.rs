//! The task and the handles of a real session over simulated pipes.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use iscsi_initiator::engine::{
    Exchange, Inbox, IsidLease, LoggedIn, LoginSettings, Next, Relogin, lasting_session_over, session_over,
};
use iscsi_initiator::{Error, IscsiName, Isid, IsidPool, Portal, Session};
use tokio::task::JoinHandle;

use super::initiator::draw;
use super::run::{LIMIT, random};
use super::setup::{Setup, Variant, unit};
use super::stream::{Connection, Counts, PipeStream};
use super::target::Target;
use super::{Checker, Direction, Ending, Fault, Pipe, PipeSettings, Received, Seed};
use crate::ram_disk::{ConnectionId, Engine, LogicalUnit, Sense};

/// A session that runs as in a program, with a target at the other end of its pipes, which a task of the rig serves. It
/// needs a runtime of tokio with one thread, a paused clock, and nothing else that keeps time. The clock then goes on
/// when no task can, so a task that was not woken fails at the limit of its command, which takes no real time.
///
/// Dropping the rig abandons the connection.
pub struct Rig {
    connection: Arc<Connection>,
    target_name: IscsiName,
    isids: IsidPool,
    isid: Isid,
    variant: Variant,
    serving: JoinHandle<()>,
    /// Whether the target can be reached.
    is_reachable: Arc<AtomicBool>,
}

/// The time until another connection is open.
const CONNECTING: Duration = Duration::from_millis(10);
/// The length from which read data go straight to their destination: short, because segments are.
pub(super) const LANDING_LENGTH: usize = 100;

impl Rig {
    /// Logs in, which takes no time, and starts the session. Random bytes and what the pipes draw come from the seed.
    ///
    /// # Panics
    /// The login fails, or there is no runtime.
    #[must_use]
    pub fn start(setup: &Arc<Setup>, pipes: &PipeSettings, seed: &Seed) -> (Self, Session) {
        let mut target = Target::new(setup, &random::<{ Engine::RANDOM_BYTES }>(&mut seed.part("target")));
        let lease = lease(&setup.config.isids, &setup.target);
        let isid = lease.isid();
        let settings = LoginSettings { isid, ..setup.login_settings() };
        let (logged_in, inbox) = log_in(settings, &setup.portal, &mut target, seed);
        let to_target = Pipe::new(pipes.clone(), seed.part("to the target"));
        let to_initiator = Pipe::new(pipes.clone(), seed.part("to the initiator"));
        let connection = Connection::new(target, to_target, to_initiator);
        let stream = PipeStream(Arc::clone(&connection));
        let is_reachable = Arc::new(AtomicBool::new(true));
        let inbox = inbox.landing_from(LANDING_LENGTH);
        let session = if setup.variant.recovery.is_some() {
            let next = Logins {
                setup: Arc::clone(setup),
                pipes: pipes.clone(),
                seed: Mutex::new(seed.part("later connections")),
                isid,
                connection: Arc::clone(&connection),
                is_reachable: Arc::clone(&is_reachable),
            };
            let next = Arc::new(next);
            let log_in = move || -> Relogin<PipeStream> { Box::pin(Arc::clone(&next).log_in()) };
            lasting_session_over(stream, inbox, lease, &settings, logged_in, log_in)
        } else {
            session_over(stream, inbox, lease, &settings, logged_in)
        };
        let serving = tokio::spawn(serve(Arc::clone(&connection)));
        let (target_name, isids) = (setup.target.clone(), setup.config.isids.clone());
        let variant = setup.variant;
        (Self { connection, target_name, isids, isid, variant, serving, is_reachable }, session)
    }

    /// The time since the login.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.connection.now()
    }

    /// Whether the target can be reached for another connection, which it can at first.
    pub fn set_reachable(&self, is_reachable: bool) {
        self.is_reachable.store(is_reachable, Ordering::Relaxed);
    }

    /// The target takes and sends nothing until [`Self::release`].
    pub fn hold(&self) {
        self.connection.state().is_held = true;
    }

    /// The target goes on.
    pub fn release(&self) {
        self.connection.state().is_held = false;
        self.connection.bell.notify_one();
    }

    /// Puts a unit of zeros with so many blocks more in the place of the unit, and has the target say that its size has changed.
    pub fn enlarge(&self, blocks: u64) {
        self.with_target(|engine, _| {
            let unit = unit(&self.variant);
            let larger = LogicalUnit { blocks: unit.blocks + blocks, ..unit };
            engine.replace_unit(&self.target_name, larger).expect("a unit");
            engine.raise_attention(&self.target_name, 0, Sense::CAPACITY_CHANGED);
        });
    }

    /// Lets the target act on all that has arrived, before any other task runs.
    pub fn serve_now(&self) {
        let _ = self.connection.turn();
    }

    /// Cuts the connection in front of the byte at this offset behind the login.
    pub fn cut_after(&self, direction: Direction, offset: u64, ending: Ending) {
        self.connection.cut_after(direction, offset, ending);
    }

    /// Looks at the target, or changes it.
    pub fn with_target<T>(&self, call: impl FnOnce(&mut Engine, ConnectionId) -> T) -> T {
        let mut state = self.connection.state();
        let id = state.target.connection;
        let result = call(&mut state.target.engine, id);
        drop(state);
        self.connection.bell.notify_one();
        result
    }

    /// The number of bytes behind the login that have crossed.
    #[must_use]
    pub fn crossed(&self, direction: Direction) -> u64 {
        self.connection.state().pipe(direction).crossed()
    }

    /// Numbers of calls of the session's task.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.connection.state().counts
    }

    /// True once the session's task has closed its end of the connection.
    #[must_use]
    pub fn initiator_has_closed(&self) -> bool {
        self.connection.state().is_closed
    }

    /// True once the target has closed its end of the connection.
    #[must_use]
    pub fn target_has_closed(&self) -> bool {
        self.connection.state().target.is_closed()
    }

    /// True if the next session to the target would get the ISID of this one.
    ///
    /// # Panics
    /// No ISID is left.
    #[must_use]
    pub fn isid_is_free(&self) -> bool {
        lease(&self.isids, &self.target_name).isid() == self.isid
    }

    /// Everything on the medium.
    #[must_use]
    pub fn medium(&self) -> Vec<u8> {
        self.connection.state().target.medium(&self.target_name)
    }

    /// Checks everything that has to hold after the end of the session: every operation has ended, the medium has possible
    /// contents, and the target has nothing to complain about.
    ///
    /// # Errors
    /// The first fault that was found.
    pub fn finish(&self, checker: &mut Checker) -> Result<(), Fault> {
        let now = self.now() + LIMIT;
        let mut state = self.connection.state();
        let state = &mut *state;
        state.target.drain(&mut state.to_target, now);
        checker.all_ended()?;
        checker.final_medium(&state.target.medium(&self.target_name))?;
        match state.target.engine.report().violations.first() {
            Some(rule) => Err(Fault::Protocol(rule.clone())),
            None => Ok(()),
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The later logins of a rig.
struct Logins {
    setup: Arc<Setup>,
    pipes: PipeSettings,
    seed: Mutex<Seed>,
    isid: Isid,
    connection: Arc<Connection>,
    is_reachable: Arc<AtomicBool>,
}

impl Logins {
    /// Logs in after the time that it takes to open a connection.
    async fn log_in(self: Arc<Self>) -> Result<(PipeStream, Inbox, LoggedIn), Error> {
        tokio::time::sleep(CONNECTING).await;
        let settings = LoginSettings { isid: self.isid, ..self.setup.login_settings() };
        if !self.is_reachable.load(Ordering::Relaxed) {
            let mut exchange = Exchange::new(settings, &self.setup.portal, Duration::ZERO);
            exchange.unreachable(&io::ErrorKind::ConnectionRefused.into())?;
        }
        let mut seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
        let [to_target, to_initiator] =
            [(); 2].map(|()| Pipe::new(self.pipes.clone(), Seed::new(seed.integer(0..=u64::MAX))));
        let random = random::<{ Engine::RANDOM_BYTES }>(&mut seed);
        self.connection
            .renew(to_target, to_initiator, |target, now| target.connect(&self.setup, &random, now));
        let target = &mut self.connection.state().target;
        let (logged_in, inbox) = log_in(settings, &self.setup.portal, target, &seed);
        Ok((PipeStream(Arc::clone(&self.connection)), inbox.landing_from(LANDING_LENGTH), logged_in))
    }
}

fn lease(isids: &IsidPool, target: &IscsiName) -> IsidLease {
    isids.lease(Some(target)).expect("an ISID")
}

/// Moves the PDUs of a login between initiator and target.
fn log_in<'a>(
    settings: LoginSettings<'a>,
    portal: &'a Portal,
    target: &mut Target,
    seed: &Seed,
) -> (LoggedIn, Inbox) {
    const NOW: Duration = Duration::ZERO;
    let mut exchange = Exchange::new(settings, portal, NOW);
    exchange.begin(draw(&mut seed.part("initiator")), NOW).expect("valid settings");
    let mut answers = Pipe::new(PipeSettings::default(), seed.part("login"));
    let mut next = Ok(exchange.connected(NOW));
    loop {
        next = match next.expect("a login that succeeds") {
            Next::Complete(complete) => return *complete,
            Next::Write => {
                let request = Bytes::copy_from_slice(exchange.outgoing());
                let length = request.len();
                target.receive(&Received::Data(request), NOW);
                target.act(&mut answers, NOW);
                exchange.sent(length, NOW)
            }
            Next::Read | Next::Connect | Next::Begin => {
                let Received::Data(answer) = answers.read(usize::MAX, NOW) else {
                    panic!("the target does not answer a login");
                };
                exchange.space().extend_from_slice(&answer);
                exchange.received(NOW)
            }
        };
    }
}

/// Lets the target act whenever something has arrived, or its time has come.
async fn serve(connection: Arc<Connection>) {
    loop {
        let next = connection.turn();
        let alarm = async {
            match next {
                Some(next) => tokio::time::sleep_until(connection.at(next)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = alarm => {}
            () = connection.bell.notified() => {}
        }
    }
}
