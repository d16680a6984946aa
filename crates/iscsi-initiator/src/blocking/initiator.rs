//! The initiator with blocking calls.

use std::io;
use std::sync::Arc;

use iscsi_login::DiscoveredTargets;
use iscsi_pdu::{IscsiName, Portal};

use super::Session;
use crate::config::Config;
use crate::error::Error;
use crate::handle::{self, Discovery};
use crate::login::AuthenticationRequest;
use crate::runtime::Background;

/// An [`Initiator`](crate::Initiator) with blocking calls, which has a runtime on a thread of its own. Cheap to clone; all clones
/// share the runtime. Sessions keep it, so the initiator may be dropped before them.
#[derive(Clone)]
pub struct Initiator {
    initiator: handle::Initiator,
    runtime: Arc<Background>,
}

impl Initiator {
    /// Starts a runtime for an initiator.
    ///
    /// # Errors
    /// That of the operating system, if it cannot start a thread or has no file descriptor left.
    pub fn new(initiator: handle::Initiator) -> io::Result<Self> {
        Ok(Self { initiator, runtime: Arc::new(Background::start()?) })
    }

    /// Returns the settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.initiator.config()
    }

    /// Asks a portal for its targets, as [`Initiator::discover`](crate::Initiator::discover) does.
    ///
    /// # Errors
    /// As the asynchronous call, and [`Error::InvalidArgument`] within an asynchronous runtime.
    pub fn discover(
        &self,
        portal: &Portal,
        authentication: &AuthenticationRequest,
    ) -> Result<DiscoveredTargets, Error> {
        self.runtime.block_on(self.initiator.discover(portal, authentication))
    }

    /// Asks a portal for its targets, and returns the details of the discovery session too.
    ///
    /// # Errors
    /// As [`discover`](Self::discover).
    pub fn discover_with_details(
        &self,
        portal: &Portal,
        authentication: &AuthenticationRequest,
    ) -> Result<Discovery, Error> {
        self.runtime.block_on(self.initiator.discover_with_details(portal, authentication))
    }

    /// Logs in to a target, as [`Initiator::login`](crate::Initiator::login) does.
    ///
    /// # Errors
    /// As the asynchronous call, and [`Error::InvalidArgument`] within an asynchronous runtime.
    pub fn login(
        &self,
        target: &IscsiName,
        portal: &Portal,
        authentication: &AuthenticationRequest,
    ) -> Result<Session, Error> {
        let session = self.runtime.block_on(self.initiator.login(target, portal, authentication))?;
        Ok(Session::new(session, Arc::clone(&self.runtime)))
    }
}
