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

/// Both ends of a TCP connection.
#[cfg(test)]
async fn both_ends() -> (tokio::net::TcpStream, tokio::net::TcpStream) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let ours = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (ours, listener.accept().await.unwrap().0)
}
