//! The initiator and the RAM-disk target in a simulated world, in which every cut and many courses are tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails a test"
)]

mod damage;
mod driver;
mod every_byte;
mod recovery;
mod recovery_seeds;
mod seeds;
mod traps;

/// True if the long tests were asked for.
fn is_long() -> bool {
    std::env::var_os("ISCSI_TESTS_LONG").is_some()
}
