//! The rules of a session in full feature phase, as pure values: no socket, no clock, no runtime.
//!
//! [`SessionState`] takes requests and received PDUs and gives PDUs to send and requests that ended. One connection at
//! error recovery level 0; numbers that belong to a connection and those of the session already stand apart.

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
