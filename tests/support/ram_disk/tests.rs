//! The RAM-disk target judged by PDUs made by hand, and by libiscsi.

pub(crate) mod by_hand;
mod hostile_input;
mod libiscsi;
mod login;
mod numbering;
mod scsi;
mod send_targets;
mod writes;
