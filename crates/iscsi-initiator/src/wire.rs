//! The bytes of one connection, both ways, without the socket.

mod inbox;
mod outbox;

pub(crate) use inbox::Inbox;
pub(crate) use outbox::Outbox;
