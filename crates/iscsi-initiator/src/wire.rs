//! The bytes of one connection, both ways, without the socket.

mod inbox;
mod login_inbox;
mod outbox;

pub use inbox::Inbox;
pub(crate) use inbox::Received;
pub(crate) use login_inbox::LoginInbox;
pub(crate) use outbox::{Outbox, Outgoing};
