//! The bytes of one connection, both ways, without the socket.

mod inbox;
mod outbox;

pub use inbox::Inbox;
pub(crate) use outbox::Outbox;
