//! What the benchmarks measure: run them with `cargo bench -p iscsi-benches`.

mod in_memory_login;
mod samples;

pub use in_memory_login::InMemoryLogin;
pub use samples::{data_in, data_in_stream, login_text};
