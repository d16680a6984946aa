//! Sockets and timers: the only place that talks to the network.

mod driver;
mod login;
mod outbox;
mod own_challenge;
pub(crate) mod random;
mod transport;

pub(crate) use driver::{Driver, Limits, Link, Request, Shared, deadline_after};
pub(crate) use login::{Attempt, LoginOutcome, attempt_login};
pub(crate) use transport::Transport;
