//! A connection at the beginning of full feature phase.

use iscsi_pdu::{Digests, Portal};

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
