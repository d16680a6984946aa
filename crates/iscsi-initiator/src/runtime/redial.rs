//! The logins of a session after its first one.

use std::pin::Pin;

use super::connection::Connection;
use crate::error::Error;
use crate::login::LoggedIn;

/// Logs in again for a session that was lost.
pub(crate) trait Redial<S>: Send + Sync + 'static {
    /// Logs in with the ISID of the session, and with at least the authentication that its first login had.
    ///
    /// # Cancel safety
    /// A future that is dropped closes the connection, and with it the login.
    fn log_in(&self) -> Attempt<'_, S>;
}

/// A login under way.
pub(crate) type Attempt<'a, S> = Pin<Box<dyn Future<Output = Result<Redialed<S>, Error>> + Send + 'a>>;

/// Another connection, and the result of its login.
pub(crate) struct Redialed<S> {
    pub(crate) connection: Connection<S>,
    pub(crate) logged_in: LoggedIn,
}
