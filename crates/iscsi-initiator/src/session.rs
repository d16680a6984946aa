//! The rules of a session in full feature phase, as pure values: no socket, no clock, no runtime.
//!
//! [`SessionState`] takes requests and received PDUs, and returns PDUs to send and outcomes of requests. [`Engine`] adds
//! the bytes of its connection. A session has one connection at error recovery level 0; the sequence numbers of the
//! connection are kept apart from those of the session. What goes wrong is a [`Failure`], a value, and one table says
//! what follows from it.

mod backlog;
mod command_window;
mod data_in;
mod data_out;
mod deadlines;
mod engine;
mod failure;
mod logout;
mod ping;
mod receive;
mod request;
mod requests;
mod state;
mod status_numbers;
mod task;
mod text_exchange;

pub use deadlines::Limits;
pub use engine::Engine;
pub(crate) use engine::Wire;
pub use failure::{End, Failure, ProtocolError, Silence};
pub use logout::LogoutCause;
pub use request::{Outcome, Request};
pub(crate) use requests::slot_of;
pub use state::SessionState;

#[cfg(test)]
pub(crate) use engine::tests::good_response;

#[cfg(test)]
mod tests;
