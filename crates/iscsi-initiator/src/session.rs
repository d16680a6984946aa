//! The rules of a session in full feature phase, as pure values: no socket, no clock, no runtime.
//!
//! [`SessionState`] takes requests and received PDUs, and returns PDUs to send and outcomes of requests. A session has one
//! connection at error recovery level 0; the sequence numbers of the connection are kept apart from those of the
//! session.

mod command_window;
mod data_in;
mod data_out;
mod failure;
mod receive;
mod request;
mod state;
mod status_numbers;
mod task;
mod text_exchange;

pub(crate) use failure::Failure;
pub use failure::ProtocolError;
pub(crate) use request::{ScsiRequest, SessionRequest};
pub(crate) use state::{LogoutCause, LogoutState, Outcome, SessionState};

#[cfg(test)]
mod tests;
