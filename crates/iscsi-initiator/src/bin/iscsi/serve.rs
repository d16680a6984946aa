//! Logical units served to other programs over NBD.

pub(crate) mod drain;
mod exchange;
pub(crate) mod export;
mod failure_log;
mod inbox;
pub(crate) mod memory;
mod operations;
mod outbox;
pub(crate) mod transmission;
mod worker;
