//! A simulated world in which an initiator and a target exchange bytes without sockets, clocks or tasks.
//!
//! Every part but the last is a plain value that can be cloned, so a simulation can try something in a copy and go on with the original.
//! Time is a [`Duration`](std::time::Duration) since the beginning, and always an argument. The same [`Seed`] gives the same
//! run.
//!
//! - [`World`]: the initiator's login and session, the engine of the [RAM disk](crate::ram_disk), and two pipes between them.
//! - [`Pipe`]: the bytes of one direction of a connection, with latency, bounded capacity, pieces, damage and cuts.
//! - [`Clock`]: the time, events at times, and limits that end a run in which nothing moves.
//! - [`Workload`]: operations on a small disk that use every kind of data transfer; each block says which one wrote it.
//! - [`Checker`]: the contents that each block may have after acknowledged, failed and pending writes.
//! - [`Rig`]: the task and the handles of a real session over the same pipes, with tokio's clock.

mod block_stamp;
mod checker;
mod clock;
mod event;
mod executions;
mod initiator;
mod lasting;
mod later;
mod pipe;
mod rig;
mod run;
mod seed;
mod setup;
mod stream;
mod target;
mod told;
mod workload;

pub use block_stamp::{BlockStamp, StampError};
pub use checker::{Checker, Contents, Reason, Source, Violation, WriteCache};
pub use clock::{Clock, Stuck};
pub use event::{Event, Reach, Replacement};
pub use initiator::Over;
pub use later::{Later, LaterSecrets};
pub use pipe::{BrokenPipe, Ending, Pipe, PipeSettings, Received};
pub use rig::Rig;
pub use run::{Direction, Fault, World};
pub use seed::Seed;
pub use setup::{DISK, Setup, Variant};
pub use stream::Counts;
pub use told::Told;
pub use workload::{Action, Extent, Operation, Workload};
