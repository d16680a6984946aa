//! Logical units served to other programs over NBD.

pub(crate) mod drain;
pub(crate) mod endpoint;
mod exchange;
pub(crate) mod export;
mod failure_log;
mod handshake;
mod inbox;
pub(crate) mod memory;
mod operations;
mod outbox;
pub(crate) mod parent;
pub(crate) mod send_buffer;
pub(crate) mod server;
pub(crate) mod transmission;
pub(crate) mod unix_socket;
mod worker;
