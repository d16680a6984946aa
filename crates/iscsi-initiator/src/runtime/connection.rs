//! A connection at the beginning of full feature phase.

use std::time::Duration;

use iscsi_pdu::{Digests, Portal};

use super::stream::Stream;
use crate::login::LoggedIn;
use crate::wire::Inbox;

/// The stream of a connection with the bytes that came behind the last Login Response. Dropping it closes the stream.
pub(crate) struct Connection<S> {
    pub(super) stream: S,
    pub(super) inbox: Inbox,
    /// The digests in force for what is sent.
    pub(super) digests: Digests,
    /// The portal that the connection leads to.
    pub(super) portal: Portal,
}

impl<S> Connection<S> {
    /// The connection of a login that is complete.
    pub(crate) fn new(stream: S, inbox: Inbox, logged_in: &LoggedIn) -> Self {
        let digests = logged_in.completed.parameters.digests;
        Self { stream, inbox, digests, portal: logged_in.portal.clone() }
    }
}

impl<S: Stream> Connection<S> {
    /// Has the system give the connection up when what was sent is not acknowledged for so long.
    pub(crate) fn limit_silence(&self, limit: Option<Duration>) {
        if let Some(limit) = limit {
            self.stream.limit_silence(limit);
        }
    }
}
