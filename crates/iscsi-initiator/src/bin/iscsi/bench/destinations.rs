//! Destinations: the targets of a benchmark, and the initiators and credentials to log in with.

use std::sync::Arc;

use iscsi_initiator::{AuthenticationRequest, Error, Initiator, Session, TargetUrl};

use crate::arguments::{Policies, SessionOptions};
use crate::failure::Failure;
use crate::store::FrozenStore;
use crate::{credentials, session, store};

/// A target, and the initiator and credentials to log in with.
struct Destination {
    initiator: Initiator,
    url: TargetUrl,
    request: AuthenticationRequest,
}

/// Targets that are logged in to in turn.
#[derive(Clone)]
pub(crate) struct Destinations(Arc<[Destination]>);

impl Destinations {
    /// Prepares the logins. Secrets are read once: the store is not measured.
    pub(crate) fn prepare(
        urls: Vec<TargetUrl>,
        options: &SessionOptions,
        policies: Policies,
    ) -> Result<Self, Failure> {
        let mut targets = Vec::new();
        for mut url in urls {
            let request = credentials::request(options, std::mem::take(&mut url.credentials))?;
            targets.push((url, request));
        }
        // The request that needs the most from the store decides whether the store has to be readable.
        let Some(request) =
            targets.iter().map(|(_, request)| request).max_by_key(|request| request.takes_from_store())
        else {
            return Ok(Self(Arc::new([])));
        };
        let store = Arc::new(FrozenStore::of(&*store::for_login(&options.store, request)?));
        // One pool for all: several URLs may name the same target.
        let mut isids = None;
        let destinations = targets.into_iter().map(|(url, request)| {
            let mut config = session::config(options, policies, url.header_digest)?;
            config.isids = isids.get_or_insert(config.isids.round_robin()).clone();
            let initiator = Initiator::new(config, store.clone());
            Ok(Destination { initiator, url, request })
        });
        Ok(Self(destinations.collect::<Result<_, Failure>>()?))
    }

    /// Logs in to the target whose turn it is, and leaves the session to the caller.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connection is closed.
    pub(crate) async fn log_in(&self, number: u64) -> Result<Session, Error> {
        let turn = usize::try_from(number).unwrap_or_default().checked_rem(self.0.len()).unwrap_or_default();
        let Some(Destination { initiator, url, request }) = self.0.get(turn) else {
            return Err(Error::InvalidArgument("there is no target".to_owned()));
        };
        initiator.login(&url.target, &url.portal, request).await
    }
}
