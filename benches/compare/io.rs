//! Reads and writes beside libiscsi, `qemu-img bench` and a plain exchange of as many bytes.

mod answers;
mod arguments;
mod bare;
mod case;
mod goals;
mod measurement;
mod ours;
mod output;
mod qemu;
mod stage;
mod table;
mod traffic;

pub(crate) use arguments::{Client, IoPlan, Pipe};
pub(crate) use bare::{exchange, respond};
pub(crate) use ours::run as run_ours;
pub(crate) use output::run;
pub(crate) use stage::serve;
