//! What the benchmarks measure: run them with `cargo bench -p iscsi-benches`.

pub mod headers;
mod in_memory_login;
pub mod metered;
mod samples;

pub use in_memory_login::InMemoryLogin;
pub use samples::{data_in, data_in_stream, login_text};
