//! The rules of a session in full feature phase, as pure values: no socket, no clock, no runtime.
//!
//! [`SessionState`] takes requests and received PDUs, and returns PDUs to send and outcomes of requests. [`Engine`] adds
//! the bytes of its connection. A session has one connection at error recovery level 0; the sequence numbers of the
//! connection are kept apart from those of the session. What goes wrong is a [`Failure`], a value
//! that ends the session; what follows from that is decided by the nexus.

mod backlog;
mod command_window;
mod data_in;
mod data_out;
mod deadlines;
mod direction;
mod engine;
mod escalation;
mod events;
mod failure;
mod immediate_requests;
mod kept_requests;
mod logout;
mod ping_answers;
mod pings;
mod receive;
mod reject;
mod request;
mod requests;
mod state;
mod status_numbers;
mod stray_tags;
mod task;
mod task_management;
mod text_exchange;
mod transmission;
mod unflushed_writes;
mod unit_queues;
mod write_order;

pub use deadlines::Limits;
pub use engine::Engine;
pub(crate) use engine::Wire;
pub use events::Event;
pub use failure::{End, Failure, ProtocolError, Silence};
pub use kept_requests::{Fencing, NextSession, Replayed};
pub use logout::LogoutCause;
pub use request::{Abort, AbortCause, Ended, Extent, OldTask, Outcome, Request};
pub(crate) use requests::slot_of;
pub use state::SessionState;
pub use task_management::{ManagementResponse, TaskManagement};

#[cfg(test)]
pub(crate) use engine::tests::good_response;

#[cfg(test)]
mod tests;
