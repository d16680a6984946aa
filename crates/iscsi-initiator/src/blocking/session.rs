//! The session with blocking calls.

use std::sync::Arc;
use std::time::Duration;

use iscsi_login::ObservedDeviation;
use iscsi_pdu::Lun;

use crate::error::Error;
use crate::handle::{self, LunList, SessionDetails};
use crate::nexus::SessionStatus;
use crate::runtime::Background;
use crate::scsi::{Command, Completion, RawCommand};

/// The longest wait of a drop for the logout, which a working target grants at once.
const LONGEST_LOGOUT: Duration = Duration::from_secs(3);

/// A [`Session`](crate::Session) with blocking calls. Clones share it, and may be used on several threads at a time.
///
/// When the last clone is dropped, with all devices and streams on it, the session is logged out. The drop waits for that, for three
/// seconds at most; within an asynchronous runtime it does not wait.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

/// What clones of a session share.
struct Shared {
    session: handle::Session,
    runtime: Arc<Background>,
}

impl Session {
    pub(super) fn new(session: handle::Session, runtime: Arc<Background>) -> Self {
        Self { shared: Arc::new(Shared { session, runtime }) }
    }

    /// Returns the results of the login.
    #[must_use]
    pub fn details(&self) -> &SessionDetails {
        self.shared.session.details()
    }

    /// Returns the harmless deviations of the target from RFC 7143 that were tolerated so far, as
    /// [`Session::deviations`](crate::Session::deviations) does.
    #[must_use]
    pub fn deviations(&self) -> Vec<ObservedDeviation> {
        self.shared.session.deviations()
    }

    /// Returns whether the session works at present, or what is done about it.
    #[must_use]
    pub fn state(&self) -> SessionStatus {
        self.shared.session.state()
    }

    /// Returns the reason why the session has ended, or `None` while it is open.
    #[must_use]
    pub fn end_reason(&self) -> Option<Error> {
        self.shared.session.end_reason()
    }

    /// Lists the logical units of the target, as [`Session::list_luns`](crate::Session::list_luns) does.
    ///
    /// # Errors
    /// As the asynchronous call, and [`Error::InvalidArgument`] within an asynchronous runtime.
    pub fn list_luns(&self) -> Result<LunList, Error> {
        self.block_on(self.shared.session.list_luns())
    }

    /// Asks whether a logical unit is ready, as [`Session::test_unit_ready`](crate::Session::test_unit_ready) does.
    ///
    /// # Errors
    /// As the asynchronous call, and [`Error::InvalidArgument`] within an asynchronous runtime.
    pub fn test_unit_ready(&self, lun: Lun) -> Result<(), Error> {
        self.block_on(self.shared.session.test_unit_ready(lun))
    }

    /// Sends a command and waits for its completion, as [`Session::execute`](crate::Session::execute) does.
    ///
    /// # Errors
    /// As the asynchronous call, and [`Error::InvalidArgument`] within an asynchronous runtime.
    pub fn execute(&self, lun: Lun, command: RawCommand) -> Result<Completion, Error> {
        self.block_on(self.shared.session.execute(lun, command))
    }

    /// Sends a command and waits for its answer, as [`Session::send`](crate::Session::send) does.
    ///
    /// # Errors
    /// As the asynchronous call, and [`Error::InvalidArgument`] within an asynchronous runtime.
    pub fn send<C: Command>(&self, lun: Lun, command: &C) -> Result<C::Answer, Error> {
        self.block_on(self.shared.session.send(lun, command))
    }

    /// Aborts all commands of the session, as [`Session::abort_all`](crate::Session::abort_all) does. Calls on other threads
    /// that wait for them fail with [`Error::Aborted`].
    ///
    /// # Errors
    /// As the asynchronous call, and [`Error::InvalidArgument`] within an asynchronous runtime.
    pub fn abort_all(&self) -> Result<(), Error> {
        self.block_on(self.shared.session.abort_all())
    }

    /// Logs out and closes the connection, for all clones, as [`Session::logout`](crate::Session::logout) does. Commands of other
    /// threads that do not end before fail.
    ///
    /// # Errors
    /// As the asynchronous call. Within an asynchronous runtime [`Error::InvalidArgument`]: the session is dropped.
    pub fn logout(self) -> Result<(), Error> {
        self.block_on(self.shared.session.clone().logout())
    }

    /// Waits for the end of a future of the session, on the thread of the caller.
    pub(super) fn block_on<T, E: From<Error>>(
        &self,
        future: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.shared.runtime.block_on(future)
    }

    /// The asynchronous session, which its devices use.
    pub(super) fn asynchronous(&self) -> &handle::Session {
        &self.shared.session
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.runtime.finish(LONGEST_LOGOUT, self.session.clone().logout());
    }
}
