//! Inputs and measurements shared by the benchmarks, which `cargo bench -p iscsi-benches` runs.

pub mod headers;
mod in_memory_login;
#[cfg(feature = "io-counts")]
pub mod io;
pub mod metered;
mod samples;
#[cfg(feature = "io-counts")]
pub mod server;
mod watch;

pub use in_memory_login::{InMemoryLogin, Proofs};
pub use samples::{data_in, data_in_stream, login_text};
pub use watch::{Part, Unwatched, Watch};
