//! Tests of the RAM-disk target with single PDUs and with libiscsi.

pub(crate) mod by_hand;
mod hostile_input;
mod libiscsi;
mod login;
mod numbering;
mod scsi;
mod send_targets;
mod writes;
