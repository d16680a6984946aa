//! Tests of the RAM-disk target: of its engine alone, with single PDUs over TCP, and with libiscsi.

mod aborts;
mod backpressure;
mod bidirectional;
mod block_commands;
pub(crate) mod by_hand;
mod bytes_in_pieces;
mod copies;
mod endings;
mod host;
mod hostile_input;
mod libiscsi;
mod login;
mod numbering;
mod parameters;
mod power;
mod reservations;
mod scsi;
mod send_targets;
mod task_management;
mod tasks;
mod writes;
